#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Configures and builds, in one line unless it fails.
#
#   build.sh release [OPTION...]    the library and the examples, optimised, in build/release
#   build.sh PRESET [OPTION...]     whatever CMakePresets.json says of it, in build/PRESET
#
# OPTIONs are cmake's. What is needed is looked for first: CMake 3.18 (3.20 for presets), make and a
# C compiler with the headers of its libc. It is built by ninja where there is one: with a thousand
# small sources, make's own processes cost a fifth of the time. JOBS, BUILD (the folder) and TARGETS
# bound it.
set -euo pipefail

cd "$(dirname "$0")/.."
preset=${1:?release or a preset}
shift
build=${BUILD:-build/$preset}
log=$build.log
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}

refuse() {
    echo "$1" >&2
    exit 1
}

check_tools() {
    local missing=() compiler=${CC:-cc}
    command -v cmake >/dev/null || missing+=(cmake)
    command -v make >/dev/null || missing+=(make)
    # shellcheck disable=SC2086 # it may be a command with options
    if ! command -v ${compiler%% *} >/dev/null; then
        missing+=("a C compiler (Debian's packages gcc and libc6-dev)")
    elif ! echo '#include <stdio.h>' | $compiler -E - >/dev/null 2>&1; then
        missing+=("the headers of libc (Debian's package libc6-dev)")
    fi
    if [[ ${#missing[@]} -gt 0 ]]; then
        local all
        all=$(printf ', %s' "${missing[@]}")
        refuse "missing here: ${all:2}"
    fi
}

# check_cmake MINOR : whether it is 3.MINOR at least
check_cmake() {
    local version
    version=$(cmake --version | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    awk -v least="$1" '{ exit !($1 > 3 || ($1 == 3 && $2 >= least)) }' <<<"$version" ||
        refuse "needs CMake 3.$1 for this, and has ${version/ /.}"
}

configure() {
    # A folder keeps the generator that it has; a preset names another.
    if [[ -e $build/CMakeCache.txt ]]; then
        set -- -G "$(sed -n 's/^CMAKE_GENERATOR:[A-Z]*=//p' "$build/CMakeCache.txt")" "$@"
    elif command -v ninja >/dev/null; then
        set -- -G Ninja "$@"
    fi
    if [[ $preset == release ]]; then
        cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DMIO_BUILD_TESTS=OFF "$@"
    else
        cmake --preset "$preset" -B "$build" "$@"
    fi
}

# shellcheck disable=SC2086 # TARGETS are words
build_all() {
    configure "$@" && cmake --build "$build" -j "$jobs" ${TARGETS:+--target $TARGETS}
}

check_tools
if [[ $preset == release ]]; then check_cmake 18; else check_cmake 20; fi
mkdir -p build
started=$SECONDS
if ! build_all "$@" >"$log" 2>&1; then
    grep -vE '^\[ *[0-9]+(%|/[0-9]+)\]' "$log" >&2 || true
    refuse "$build was not built; all of it is in $log"
fi
echo "built $build in $((SECONDS - started)) s"
