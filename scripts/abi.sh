#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The interface as a linker and a debugger see it: functions with their types, and the layout of the
# structs that the headers declare, on x86-64 Linux. abi/libmio.xml is what it was when it was last
# agreed to. Needs libabigail's abidw and abidiff.
#
#   abi.sh           writes that file (make abi)
#   abi.sh --check   compares the library as it is with it; 77 where that cannot be done
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
dump=$root/abi/libmio.xml

# build : the shared library in $work, always in the same way: what is optimised has other debugging
# information.
build() {
    local options=(-DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS_DEBUG=-O0 -g" -DBUILD_SHARED_LIBS=ON
        -DMIO_BUILD_BOTH=OFF -DMIO_BUILD_TESTS=OFF -DMIO_BUILD_EXAMPLES=OFF -DMIO_INSTALL=OFF)
    if ! { cmake -S "$root" -B "$work" "${options[@]}" && cmake --build "$work" --target libmio; } \
        >"$work/log" 2>&1; then
        cat "$work/log"
        exit 1
    fi
}

# write FILE : what that library is. Where a line stands, and from where the compiler was called, is
# no matter of the interface.
write() {
    abidw --headers-dir "$root/include" --drop-private-types --exported-interfaces-only \
        --no-show-locs --no-comp-dir-path --no-corpus-path --no-elf-needed --no-parameter-names \
        --type-id-style hash "$work/libmio.so" >"$work/dump"
    # REUSE-IgnoreStart
    sed -e "s| path='[^']*src/| path='src/|" \
        -e '1a <!-- SPDX-License-Identifier: MIT -->' \
        -e '1a <!-- written by scripts/abi.sh -->' "$work/dump" >"$1"
    # REUSE-IgnoreEnd
}

check() {
    write "$work/now.xml"
    # It says with 0 that a file is none of its kind.
    if ! abidiff --suppressions "$root/abi/opaque.suppr" "$dump" "$work/now.xml" 2>"$work/log" ||
        [[ -s $work/log ]]; then
        cat "$work/log"
        echo "the interface has changed: say so in CHANGELOG.md, and run: make abi"
        exit 1
    fi
}

case ${1:-} in
"" | --check) ;;
*)
    echo "usage: $0 [--check]" >&2
    exit 2
    ;;
esac
if ! command -v abidw >/dev/null || ! command -v abidiff >/dev/null; then
    echo "skipped: needs abidw and abidiff (Debian's package abigail-tools)"
    exit 77
fi
if [[ $(uname -sm) != "Linux x86_64" ]]; then
    echo "skipped: the dump is of x86-64 Linux"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build
if [[ $# -eq 0 ]]; then
    write "$dump"
    echo "${dump#"$root/"}: $(grep -c '<function-decl' "$dump") functions"
else
    check
fi
