#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the library and its tests for other C libraries and CPUs, with warnings as errors, and runs
# the tests there: ports.sh [musl|musl-static|i386|aarch64|riscv64|armhf|s390x]..., all by default.
# musl runs as it is, and i386 where the kernel runs 32-bit programs; the others under qemu-user.
# What the kernel (or the emulator in its place) cannot do is found out by a test, and what needs it,
# by tests/ports/exceptions.txt, is skipped. Builds and logs are in build/ports/PORT, or below
# $MIO_PORTS_DIR.
set -euo pipefail

cd "$(dirname "$0")/.."
builds=${MIO_PORTS_DIR:-build/ports}
jobs=$(nproc)
all_flavours="freebsd netbsd openbsd dragonfly macos"

# The flavours of the kqueue model that a port builds and runs; none where libc is linked statically,
# since the model, which wraps calls when linked, would then get libc's own calls too.
ports=(musl musl-static i386 aarch64 riscv64 armhf s390x)
declare -A flavours
flavours[musl]=$all_flavours
flavours[musl-static]="none"
flavours[i386]=$all_flavours
flavours[aarch64]="freebsd macos"
flavours[riscv64]="netbsd"
flavours[armhf]="freebsd macos"
flavours[s390x]="freebsd macos"

# Suites, by label, that are no matter of a port (the examples are built, and their clients take
# long; faults are made in calls by the names that glibc has for them on x86-64; the fuzzers
# are not built); and those whose scripts start programs themselves, without the emulator.
no_matter_of_ports="model example fault soak fuzz house"
started_by_scripts="package"

# --- small tools ---

# one_of WORD... : a regular expression
one_of() {
    local IFS='|'
    echo "($*)"
}

# log FILE COMMAND... : its output goes there, and is shown when it fails
log() {
    local file=$1
    shift
    if ! "$@" >"$file" 2>&1 </dev/null; then
        grep -v '^\[ *[0-9]*%\]' "$file" | tail -n 60
        return 1
    fi
}

flavours_left_out() {
    local flavour
    for flavour in $all_flavours; do
        if [[ " ${flavours[$port]} " != *" $flavour "* ]]; then
            echo "$flavour"
        fi
    done
}

is_emulated() {
    grep -q '^MIO_PORT_QEMU:INTERNAL=.' "$build/CMakeCache.txt"
}

# Whether the programs hold their C library. Then no model can stand between, and no plugin be
# loaded.
is_static() {
    [[ ${flavours[$port]} == none ]]
}

# --- building ---

# Every target but those of flavours that are left out, of all programs of a suite, the benchmarks,
# faults and fuzzers.
targets() {
    local not_built
    mapfile -t not_built < <(flavours_left_out)
    cmake --build "$build" --target help | sed -n 's/^\.\.\. \([A-Za-z0-9_-]*\)$/\1/p' |
        grep -vxE 'clean|depend|test|(edit|rebuild)_cache|list_install_components|install.*|(bench|fault|fuzz).*|.*_programs' |
        { grep -vE "[-_]$(one_of none "${not_built[@]}")\$" || true; }
}

build_all() {
    local names
    mapfile -t names < <(targets)
    cmake --build "$build" -j "$jobs" --target "${names[@]}"
}

# --- what to run ---

# "TEST: reason" for what the kernel lacks, as the test runner takes it in TEST_LEFT_OUT
left_out() {
    local lacking
    lacking=$(ctest --test-dir "$build" -R '^ports\.kernel$' --verbose |
        sed -n 's/^.*: cannot \([a-z_]*\)$/\1/p')
    awk -v lacking=" ${lacking//$'\n'/ } " '
        /^#/ || /^$/ { next }
        /^[a-z_]+: / {
            inside = index(lacking, " " substr($1, 1, length($1) - 1) " ")
            reason = substr($0, index($0, ": "))
            next
        }
        inside { print $0 reason }' tests/ports/exceptions.txt
}

# Sets `chosen`, ctest's options.
choose_tests() {
    local labels patterns=('none') flavour
    read -ra labels <<<"$no_matter_of_ports"
    if is_emulated; then
        read -ra labels <<<"$no_matter_of_ports $started_by_scripts"
    fi
    for flavour in $(flavours_left_out); do
        # Without groups: CMake knows ten of them in an expression, and ignores one that has more.
        patterns+=("[a-z]*-$flavour\\..*" ".*\\.[a-z]*-$flavour")
    done
    if is_static; then
        patterns+=("ports\\.[cn].*" "portsmodel.*" "plugin\\..*" "subproject")
    fi
    if is_emulated; then
        patterns+=("docs\\.programs")
    fi
    chosen=(-LE "^$(one_of "${labels[@]}")\$" -E "^$(one_of "${patterns[@]}")\$")
}

# --- telling ---

# How many tests there were, why some were skipped, and which failed.
tell() {
    echo "$port:"
    awk -f scripts/tests.awk "$build/Testing/Temporary/LastTest.log"
    sed -n '/tests passed, /p' "$1"
    sed -n '/^The following tests FAILED:$/,/^Errors while/p' "$1" | grep -E '^\s+[0-9]+ - ' || true
    if ! grep -q '^100% tests passed' "$1"; then
        echo "    the whole output: $1"
    fi
}

# --- a port ---

test_port() {
    local port=$1 build=$builds/$1 chosen=() outcome=0
    mkdir -p "$build"
    bash scripts/install-deps.sh "$port" >"$build/install.log" 2>&1 || {
        cat "$build/install.log"
        return 1
    }
    log "$build/configure.log" cmake --preset default -B "$build" \
        --toolchain "$PWD/cmake/toolchains/$port.cmake" || return 1
    if [[ $port == i386 ]] && is_emulated; then
        flavours[i386]="none" # linked statically, as the toolchain says
    fi
    log "$build/build.log" build_all || return 1
    choose_tests
    if is_static && [[ $port == i386 ]]; then
        export TEST_BLOCKS_UNCOUNTED="glibc, which is in the program, keeps blocks of its threads"
    fi
    MIO_IS_PORT=yes TEST_LEFT_OUT=$(left_out) ctest --test-dir "$build" "${chosen[@]}" -j "$jobs" --no-tests=error --output-on-failure \
        >"$build/test.log" 2>&1 </dev/null || outcome=$?
    tell "$build/test.log"
    return "$outcome"
}

main() {
    local port failed=()
    if [[ $# -eq 0 ]]; then
        set -- "${ports[@]}"
    fi
    for port in "$@"; do
        if [[ -z ${flavours[$port]:-} ]]; then
            echo "usage: $0 [${ports[*]}]..." >&2
            exit 2
        fi
    done
    for port in "$@"; do
        test_port "$port" || failed+=("$port")
    done
    if [[ ${#failed[@]} -gt 0 ]]; then
        echo "FAILED: ${failed[*]}"
        exit 1
    fi
}

main "$@"
