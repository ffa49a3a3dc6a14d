#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The recipes of packaging/: their list of files is what an installation has, and filled in they leave
# nothing open, all state the library's version, and are well formed, as far as there is a tool for it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $1"
    exit 1
}

# Both kinds of library are in the list.
if [[ -f $MIO_STATIC && -f $MIO_SHARED ]]; then
    DESTDIR=$work/system "$CMAKE" --install "$MIO_BINARY" --prefix /usr/local >"$work/install.log"
    bash "$MIO_SOURCE/scripts/recipes.sh" --files "$work/system/usr/local" >"$work/files"
    diff "$MIO_SOURCE/packaging/files.txt" "$work/files" ||
        fail "this is installed: bash scripts/recipes.sh --write PREFIX, of such an installation"
fi

command -v python3 >/dev/null || {
    echo "skipped: needs python3"
    exit 77
}
bash "$MIO_SOURCE/scripts/recipes.sh" "$work/recipes" "$MIO_SOURCE/LICENSE"
cd "$work/recipes"
if grep -rnE '@[A-Z0-9]+@' .; then
    fail "left open"
fi
for recipe in freebsd/Makefile freebsd/distinfo pkgsrc/Makefile pkgsrc/distinfo openbsd/Makefile \
    openbsd/distinfo homebrew/libmio.rb vcpkg/vcpkg.json conan/config.yml conan/all/conandata.yml \
    meson/libmio.wrap; do
    grep -qE "(^|[^0-9.])${MIO_VERSION//./\\.}($|[^0-9.]|\.tar)" $recipe || fail "$recipe is of another version"
done

python3 - <<'END'
import ast, configparser, json
for name in "conan/all/conanfile.py", "conan/all/test_package/conanfile.py":
    ast.parse(open(name).read(), name)
port = json.load(open("vcpkg/vcpkg.json"))
assert list(port)[:2] == ["name", "version"] and port["name"] == "libmio"
assert all(set(one) == {"name", "host"} for one in port["dependencies"])
wrap = configparser.ConfigParser(interpolation=None)
wrap.read("meson/libmio.wrap")
assert len(wrap["wrap-file"]["source_hash"]) == 64 and "provide" in wrap
END
tried="Python, JSON"
if command -v ruby >/dev/null; then
    ruby -c homebrew/libmio.rb >"$work/ruby.log" || fail "homebrew/libmio.rb"
    tried+=", Ruby"
fi
echo "$(find . -type f | wc -l) files, well formed: $tried"
