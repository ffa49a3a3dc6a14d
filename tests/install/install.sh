#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the built library, static and shared, and builds programs against it, as its users do: with
# find_package and with pkg-config, in C and in C++, after the installation has been moved.
set -Eeuo pipefail

consumer=$MIO_SOURCE/tests/install/consumer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/moved

install_and_move() {
    "$CMAKE" --install "$MIO_BINARY" --prefix "$work/first" >"$work/install.log"
    mv "$work/first" "$prefix"
    test -f "$prefix/include/mio.h"
    test -f "$prefix/include/mio.hpp"
}

with_find_package() {
    local options=(-DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS")
    if [[ -n $CXX ]]; then
        options+=(-DWITH_CXX=ON -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$CFLAGS")
    fi
    "$CMAKE" -S "$consumer" -B "$work/build" "${options[@]}" >"$work/configure.log"
    "$CMAKE" --build "$work/build" >"$work/build.log"
    "$work/build/consumer_c"
    if [[ -n $CXX ]]; then
        "$work/build/consumer_cxx"
    fi
}

# There are no components, so whoever asks for one has something else in mind.
refuses_components() {
    mkdir "$work/components"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.18)' 'project(components LANGUAGES C)' \
        'find_package(libmio REQUIRED COMPONENTS bogus)' >"$work/components/CMakeLists.txt"
    if "$CMAKE" -S "$work/components" -B "$work/components/build" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER="$CC" >"$work/components.log" 2>&1; then
        echo "the component bogus was found" >>"$work/components.log"
        return 1
    fi
}

# In a system's own place pkg-config has nothing to add, which takes the place's plain name.
in_a_system() {
    DESTDIR=$work/system "$CMAKE" --install "$MIO_BINARY" --prefix /usr >"$work/system.log"
    local pc
    pc=$(find "$work/system" -name libmio.pc)
    grep -x 'prefix=/usr' "$pc" >>"$work/system.log"
    if command -v pkg-config >/dev/null; then
        PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --cflags libmio >"$work/system_cflags.log"
        [[ $(tr -d ' \n' <"$work/system_cflags.log") == "${MIO_CFLAGS// /}" ]]
        PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --libs libmio >"$work/system_libs.log"
        [[ $(<"$work/system_libs.log") != *-L* ]]
    fi
}

# compile NAME COMPILER... : with what pkg-config says, and runs it
compile_and_run() {
    local name=$1
    shift
    # shellcheck disable=SC2086 # flags are words
    "$@" $CFLAGS -o "$work/$name"
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir libmio) "$work/$name"
}

with_pkg_config() {
    if ! command -v pkg-config >/dev/null; then
        echo "pkg-config is not installed: libmio.pc was not tried"
        return
    fi
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name libmio.pc)")
    export PKG_CONFIG_PATH
    local cflags libs static
    read -ra cflags <<<"$(pkg-config --cflags libmio)"
    read -ra libs <<<"$(pkg-config --libs libmio)"
    read -ra static <<<"$(pkg-config --static --libs libmio)"
    compile_and_run with_pc "$CC" "${cflags[@]}" "$consumer/consumer.c" "${libs[@]}"
    if [[ -n $CXX ]]; then
        compile_and_run with_pc_cxx "$CXX" -std=c++11 "${cflags[@]}" "$consumer/consumer.cc" "${libs[@]}"
    fi
    if [[ -f $MIO_STATIC ]] && echo 'int main(void) { return 0; }' |
        "$CC" -static -x c - -o "$work/is_static" 2>"$work/static.log"; then
        compile_and_run with_pc_static "$CC" -static "${cflags[@]}" "$consumer/consumer.c" "${static[@]}"
    fi
}

# both_kinds : each kind has a target of its own, beside libmio::mio.
both_kinds() {
    [[ -f $MIO_STATIC && -f $MIO_SHARED ]] || return 0
    find "$prefix" -name 'libmio.a' | grep -q .
    find "$prefix" -name 'libmio.so.0' | grep -q .
    local kind
    for kind in static shared; do
        "$CMAKE" -S "$consumer" -B "$work/build_$kind" -DCMAKE_PREFIX_PATH="$prefix" \
            -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS" -DLIBMIO=libmio::mio_$kind \
            >"$work/$kind.log"
        "$CMAKE" --build "$work/build_$kind" >"$work/$kind.log"
        "$work/build_$kind/consumer_c"
    done
    readelf -d "$work/build_shared/consumer_c" >"$work/readelf.log"
    grep -q 'NEEDED.*libmio\.so\.0' "$work/readelf.log"
    readelf -d "$work/build_static/consumer_c" >"$work/readelf.log"
    [[ $(<"$work/readelf.log") != *NEEDED*libmio* ]]
}

# has_manual : the page of the library, and one for each function, which may only refer to another.
has_manual() {
    local manual name page
    manual=$(dirname "$(find "$prefix" -name man3)")
    test -s "$manual/man7/mio.7"
    for name in mio_poll_wait mio_tcp_stream_read mio_events_each; do
        page=$(sed -n 's/^\.so //p' "$manual/man3/$name.3")
        grep -q "^\.Nm $name" "$manual/$page"
    done
}

# uninstalls : what was installed is gone, with the folders that were libmio's own.
uninstalls() {
    "$CMAKE" --install "$MIO_BINARY" --prefix "$work/gone" >"$work/gone.log"
    bash "$MIO_SOURCE/scripts/uninstall.sh" "$MIO_BINARY" >"$work/uninstall.log"
    find "$work/gone" -not -type d >>"$work/uninstall.log"
    find "$work/gone" -name '*mio*' >>"$work/uninstall.log"
    [[ $(wc -l <"$work/uninstall.log") -eq 1 ]]
}

show_logs() {
    local log
    echo "FAILED: $BASH_COMMAND"
    for log in "$work"/*.log; do
        echo "--- $(basename "$log")"
        tail -n 20 "$log"
    done
}

trap show_logs ERR
install_and_move
with_find_package
refuses_components
in_a_system
with_pkg_config
both_kinds
has_manual
uninstalls
