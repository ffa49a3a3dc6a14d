#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the built library and builds programs against it, as its users do: with find_package and
# with pkg-config, in C and in C++, after the installation has been moved.
set -euo pipefail

consumer=$MIO_SOURCE/tests/install/consumer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/moved

install_and_move() {
    "$CMAKE" --install "$MIO_BINARY" --prefix "$work/first" >"$work/install.log"
    mv "$work/first" "$prefix"
    test -f "$prefix/include/mio.h"
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
        'find_package(mio REQUIRED COMPONENTS bogus)' >"$work/components/CMakeLists.txt"
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
    pc=$(find "$work/system" -name mio.pc)
    grep -x 'prefix=/usr' "$pc" >>"$work/system.log"
}

with_pkg_config() {
    if ! command -v pkg-config >/dev/null; then
        echo "pkg-config is not installed: mio.pc was not tried"
        return
    fi
    local pc
    pc=$(find "$prefix" -name mio.pc)
    PKG_CONFIG_PATH=$(dirname "$pc")
    export PKG_CONFIG_PATH
    local cflags libs libdir
    read -ra cflags <<<"$(pkg-config --cflags mio)"
    read -ra libs <<<"$(pkg-config --libs mio)"
    libdir=$(pkg-config --variable=libdir mio)
    # shellcheck disable=SC2086 # flags are words
    "$CC" $CFLAGS "${cflags[@]}" "$consumer/consumer.c" "${libs[@]}" -o "$work/with_pc"
    LD_LIBRARY_PATH=$libdir "$work/with_pc"
    if [[ -n $CXX ]]; then
        # shellcheck disable=SC2086
        "$CXX" -std=c++11 $CFLAGS "${cflags[@]}" "$consumer/consumer.cc" "${libs[@]}" -o "$work/with_pc_cxx"
        LD_LIBRARY_PATH=$libdir "$work/with_pc_cxx"
    fi
}

show_logs() {
    local log
    for log in "$work"/*.log; do
        echo "--- $(basename "$log")"
        cat "$log"
    done
}

trap show_logs ERR
install_and_move
with_find_package
refuses_components
in_a_system
with_pkg_config
