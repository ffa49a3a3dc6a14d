#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Follows the recipes that scripts/recipes.sh has filled in: check.sh RECIPES ARCHIVE.
#
# What their systems' own tools would do is done by a few lines each, beside this script. The options
# that a port gives to CMake are read by bmake, the archive is built with them, and what is installed
# is compared with the port's packing list. A tool that is not here is named, and its recipes left out.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
recipes=$1
archive=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$work/source/$(basename "$archive" .tar.gz)
mkdir "$work/source"
tar -C "$work/source" -xf "$archive"

fail() {
    echo "FAILED: $1"
    tail -n 30 "$work/log"
    exit 1
}

# run COMMAND... : in silence, unless it fails
run() {
    "$@" >"$work/log" 2>&1 || fail "$*"
}

# has RECIPE COMMAND : whether there is the command that the recipe takes
has() {
    command -v "$2" >/dev/null || {
        echo "$1: not tried, needs $2"
        return 1
    }
}

# listed LIST : the files of a packing list
listed() {
    grep -vE '^@comment|/$' "$1" | sed -e 's/^@[a-z-]* //' -e 's/%%CMAKE_BUILD_TYPE%%/release/' \
        -e "s/\${MODCMAKE_BUILD_SUFFIX}/-release.cmake/" -e '/^share\/man/s/\.gz$//' | sort
}

# port NAME LIST : what a port installs is what it lists, and its archive is this one
port() {
    local name=$1 list=$recipes/$1/$2 options
    # Where a tree of ports has them.
    mkdir -p "$work/tree/devel"
    cp -R "$here/mk" "$here/devel" "$work/tree/"
    cp -R "$recipes/$name" "$work/tree/devel/libmio"
    # shellcheck disable=SC2016 # it is for bmake
    bmake -m "$work/tree/mk" -C "$work/tree/devel/libmio" -V '${PORT_OPTIONS}' >"$work/options" 2>"$work/log" ||
        fail "$name/Makefile"
    read -ra options <"$work/options"
    [[ ${options[*]} == *-DMIO_BUILD_TESTS=OFF* ]] || fail "$name gives CMake the options ${options[*]}"
    rm -rf "$work/tree"
    rm -rf "$work/system"
    # As one file, which is faster.
    run cmake -S "$source" -B "$work/build" -DCMAKE_INSTALL_PREFIX=/usr/local -DCMAKE_BUILD_TYPE=Release \
        -DMIO_AS_ONE=ON "${options[@]}"
    run cmake --build "$work/build"
    run env DESTDIR="$work/system" cmake --install "$work/build"
    (cd "$work/system/usr/local" && find . ! -type d) | sed 's|^\./||' | sort >"$work/installed"
    if [[ $name == openbsd ]]; then
        # There the port's version takes the place of all three names.
        sed -i -e '/^lib\/libmio\.so\.[0-9]*\./d' -e '/^lib\/libmio\.so$/d' \
            -e "s/\.so\.[0-9]*\$/.so.\${LIBmio_VERSION}/" "$work/installed"
        sort -o "$work/installed" "$work/installed"
        local folder
        grep '/$' "$list" | while IFS= read -r folder; do
            [[ -d $work/system/usr/local/$folder ]] || fail "$name lists $folder"
        done
    fi
    listed "$list" | diff - "$work/installed" >"$work/log" || fail "$name lists and installs other files"
    grep -q "^S[Ii][Zz][Ee] .* = $(wc -c <"$archive" | tr -d ' ')\( bytes\)\?\$" "$recipes/$name/distinfo" ||
        fail "$name/distinfo"
    echo "$name: $(wc -l <"$work/installed") files, installed with its options and listed"
}

ports() {
    has "FreeBSD, pkgsrc, OpenBSD" bmake || return 0
    port freebsd pkg-plist
    port pkgsrc PLIST
    port openbsd pkg/PLIST
}

homebrew() {
    has Homebrew ruby || return 0
    mkdir "$work/brew" "$work/brew-test"
    (cd "$source" && run ruby -r "$here/formula.rb" -e 'Formula.follow(*ARGV)' "$recipes/homebrew/libmio.rb" \
        "$archive" "$work/brew" "$work/brew-test")
    echo "Homebrew: installed and tested by its formula"
}

vcpkg() {
    local linkage
    for linkage in static dynamic; do
        run cmake -DRECIPE="$recipes/vcpkg" -DARCHIVE_FILE="$archive" -DLINKAGE=$linkage \
            -DWORK="$work/vcpkg-$linkage" -P "$here/vcpkg.cmake"
    done
    echo "vcpkg: installed and used by its port, static and dynamic"
}

conan() {
    has Conan python3 || return 0
    run python3 "$here/conan_stub.py" "$recipes/conan/all" "$archive" "$work/conan"
    echo "Conan: installed and tested by its recipe"
}

meson() {
    has Meson meson || return 0
    has Meson ninja || return 0
    local project=$work/meson
    mkdir -p "$project/subprojects/packagecache"
    cp "$recipes/meson/libmio.wrap" "$project/subprojects/"
    cp "$archive" "$project/subprojects/packagecache/"
    cp "$source/tests/install/consumer/consumer.c" "$project/"
    cat >"$project/meson.build" <<'END'
project('consumer', 'c')
libmio = import('cmake').subproject('libmio')
executable('consumer', 'consumer.c', dependencies: libmio.dependency('libmio'))
END
    run command meson setup "$project/build" "$project"
    run ninja -C "$project/build"
    run "$project/build/consumer"
    echo "Meson: unpacked by its wrap, built and used"
}

ports
homebrew
vcpkg
conan
meson
