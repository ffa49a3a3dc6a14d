#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libmio beside other libraries, all in one run: see docs/performance.md.
#
#   compare.sh [--quick] [--only WORKLOAD] [--results FOLDER] [BUILD_FOLDER]
#
# Writes results.json, tables.md, goals.txt and SVG plots to FOLDER (build/bench/results). Builds in
# BUILD_FOLDER (build/bench), -O2 -DNDEBUG and static.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
build=$root/build/bench
results=$root/build/bench/results
percent=100
only=()
# What callgrind counts: workload, parameter, times.
counted_cases=("dispatch 1 200" "dispatch 100 20" "wake_busy 1 200" "wake_wait 1 200"
    "churn 1 200" "churn 64 10")
while [[ $# -gt 0 ]]; do
    case $1 in
    --quick)
        percent=15
        counted_cases=("dispatch 1 200" "wake_wait 1 200")
        ;;
    --only)
        only=(--only "$2")
        shift
        ;;
    --results)
        results=$2
        shift
        ;;
    -*)
        echo "usage: $0 [--quick] [--only WORKLOAD] [--results FOLDER] [BUILD_FOLDER]" >&2
        exit 2
        ;;
    *) build=$1 ;;
    esac
    shift
done
tables=$build/tables
mkdir -p "$tables" "$results"
program=$build/bench/compare

# The newest version of the crate, where cargo can have it; else the one that Debian packs.
crates=/usr/share/cargo/registry
debian=(--offline --config 'source.crates-io.replace-with="debian"'
    --config "source.debian.directory=\"$crates\"")

cargo_build() {
    rm -rf "$build/rust/Cargo.lock"
    (cd "$build/rust" && CARGO_NET_RETRY=0 timeout 300 cargo build --quiet --release "$@") \
        >"$build/rust.log" 2>&1
}

build_rust_mio() {
    rust=
    rust_version=
    if ! command -v cargo >/dev/null; then
        echo "without mio, the Rust crate: there is no cargo"
        return
    fi
    mkdir -p "$build/rust"
    cp -R "$here/peers/rust_mio/." "$build/rust"
    if cargo_build; then
        echo "mio, the Rust crate, is the newest of crates.io"
    elif compgen -G "$crates/mio-*" >/dev/null && cargo_build "${debian[@]}"; then
        echo "mio, the Rust crate, is Debian's: crates.io was not to be had"
    else
        echo "without mio, the Rust crate: neither crates.io nor $crates has one that builds, see $build/rust.log"
        return
    fi
    rust=$build/rust/target/release/libbench_rust_mio.a
    rust_version=$(sed -n '/^name = "mio"$/{n;s/^version = "\(.*\)"$/\1/p}' "$build/rust/Cargo.lock")
}

build_all() {
    build_rust_mio
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
        -DMIO_BUILD_TESTS=OFF -DMIO_BUILD_EXAMPLES=OFF \
        -DBENCH_RUST_MIO="$rust" -DBENCH_RUST_MIO_VERSION="$rust_version" >"$build/configure.log"
    cat "$build/bench/without.txt"
    cmake --build "$build" --target bench_compare >"$build/build.log" 2>&1 || {
        cat "$build/build.log"
        exit 1
    }
}

# instructions WORKLOAD PEER PARAMETER TIMES : in user space, of one operation
instructions() {
    local total
    total=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=measured \
        "$program" count "$1" "$2" "$3" "$4" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p') || true
    if [[ -n $total && $total -gt 0 ]]; then
        printf '%s\t%s\t%s\t%d\n' "$1" "$2" "$3" $((total / $4))
    fi
}

count_instructions() {
    local peer case workload parameter times
    : >"$tables/instructions.tsv"
    if ! command -v valgrind >/dev/null; then
        echo "no instructions are counted: there is no valgrind"
        return
    fi
    printf 'instructions       '
    for peer in $("$program" list | cut -f1); do
        for case in "${counted_cases[@]}"; do
            read -r workload parameter times <<<"$case"
            instructions "$workload" "$peer" "$parameter" "$times" >>"$tables/instructions.tsv"
        done
        printf .
    done
    echo
}

# The code of each library, as it comes: text of all its objects.
library_sizes() {
    local name file text
    : >"$tables/sizes.tsv"
    for name in mio ev event_core uv ivykis; do
        for file in "$build/lib$name.a" /usr/lib/*/lib"$name".a /usr/lib/*/lib"${name}_a.a"; do
            if [[ -f $file ]]; then
                text=$(size -t "$file" 2>/dev/null | awk 'END { print $1 }')
                printf '%s\t%s\n' "lib$name" "$text" >>"$tables/sizes.tsv"
                break
            fi
        done
    done
}

# What the results are of.
describe() {
    local load=$1
    {
        printf 'date\t%s\n' "$(date -u +%Y-%m-%d)"
        printf 'kernel\t%s\n' "$(uname -r)"
        printf 'cpu\t%s, %d cores\n' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" \
            "$(nproc)"
        printf 'compiler\t%s\n' "$(cc --version | head -1)"
        printf 'libc\t%s\n' "$(getconf GNU_LIBC_VERSION 2>/dev/null || echo unknown)"
        printf 'load at the start\t%s\n' "$load"
        printf 'load at the end\t%s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
        printf 'rounds\t%s %%\n' "$percent"
    } >"$tables/machine.tsv"
    "$program" list >"$tables/peers.tsv"
}

main() {
    local start=$SECONDS load
    build_all
    load=$(cut -d' ' -f1-3 /proc/loadavg)
    echo "load: $load"
    "$program" run --rounds "$percent" "${only[@]}" "$tables/results.tsv"
    count_instructions
    library_sizes
    describe "$load"
    bash "$here/report.sh" "$tables" "$results"
    echo "$((SECONDS - start)) seconds; see $results"
}

main
