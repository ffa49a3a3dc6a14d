#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs cppcheck and gcc's -fanalyzer, on Linux: over the library and the examples as Linux compiles
# them, and over the library as every other system whose interface can be compiled there, the
# flavours of the kqueue model and POSIX without more. Any finding is a failure. The versions are
# Debian 12's, cppcheck 2.10 and gcc 12; what cppcheck is not to report is in
# .cppcheck-suppressions, and gcc is to report everything.
set -euo pipefail

cd "$(dirname "$0")/.."
for tool in cppcheck gcc; do
    if ! command -v "$tool" >/dev/null; then
        echo "needs $tool" >&2
        exit 1
    fi
done
mapfile -t library < <(find src -name '*.c' | sort)
mapfile -t examples < <(find examples -name '*.c' | sort)

# A name, and the flags that CMake gives it. Linux is named too: a platform that is not defined
# makes cppcheck try all that are compared with it.
model="-Itests/kqueue/include -DMIO_PLATFORM=MIO_PLATFORM_"
systems=(
    "linux -DMIO_PLATFORM=MIO_PLATFORM_LINUX"
    "posix -DMIO_PLATFORM=MIO_PLATFORM_OTHER"
    "illumos -Itests/ports_model/include -DMIO_PLATFORM=MIO_PLATFORM_ILLUMOS"
    "freebsd ${model}FREEBSD -DKQMODEL_FREEBSD"
    "netbsd ${model}NETBSD -DKQMODEL_NETBSD"
    "openbsd ${model}OPENBSD -DKQMODEL_OPENBSD"
    "dragonfly ${model}DRAGONFLY -DKQMODEL_DRAGONFLY"
    "macos ${model}APPLE -DKQMODEL_MACOS")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# cppcheck has neither the compiler's macros nor its headers, and without them takes other branches
# of an #if than the compiler does.
gcc -dM -E -x c /dev/null >"$scratch/predefined.h"
mapfile -t headers < <(gcc -E -v -x c /dev/null 2>&1 >/dev/null |
    sed -n '/^#include </,/^End/s/^ /-I/p')
cppcheck_flags=(
    --quiet --error-exitcode=1 --std=c11 --library=posix
    "--enable=warning,performance,portability,style"
    --suppressions-list=.cppcheck-suppressions
    "--include=$scratch/predefined.h" -Iinclude "${headers[@]}")

# Without optimisation the analyzer sees the variables and lines of the source, and gives up at fewer
# places, as nothing is inlined. With the usual effort it stops in the middle of a quarter of the
# files, with this one of two.
gcc_flags=(
    -std=gnu11 -O0 -fanalyzer -Werror --param=analyzer-bb-explosion-factor=20
    -Iinclude -S -o /dev/null)

# One line a job: the system's name, and a command. The long ones come first. cppcheck gets all
# files at once, as it follows calls from one into another.
list_jobs() {
    local system name flags file files
    for system in "${systems[@]}"; do
        read -r name flags <<<"$system"
        files=("${library[@]}")
        if [[ $name == linux ]]; then
            files+=("${examples[@]}")
        fi
        echo "$name cppcheck ${cppcheck_flags[*]} $flags ${files[*]}"
    done
    for file in "${examples[@]}"; do
        echo "linux gcc ${gcc_flags[*]} $file"
    done
    for file in "${library[@]}"; do
        for system in "${systems[@]}"; do
            read -r name flags <<<"$system"
            echo "$name gcc ${gcc_flags[*]} $flags $file"
        done
    done
}

# All jobs are run, and what one has found is printed in one piece.
list_jobs | xargs -P "$(nproc)" -L 1 bash -c '
    if ! found=$("${@:2}" 2>&1); then
        printf "%s on %s:\n%s\n" "$2" "$1" "$found"
        exit 1
    fi' job
echo "cppcheck and gcc -fanalyzer: ${#library[@]} files of the library for ${#systems[@]} systems" \
    "(${systems[*]%% *}), ${#examples[@]} examples"
