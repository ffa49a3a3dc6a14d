#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the kqueue selector itself costs: instructions within libmio (without those of the kernel,
# which here is a model, and of libc) and calls of kevent(), for each operation.
#
#   kqueue_cost.sh [--json FILE] [BUILD_FOLDER]
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/bench
json=
while [[ $# -gt 0 ]]; do
    case $1 in
    --json)
        json=$2
        shift
        ;;
    -*)
        echo "usage: $0 [--json FILE] [BUILD_FOLDER]" >&2
        exit 2
        ;;
    *) build=$1 ;;
    esac
    shift
done
times=20

mkdir -p "$build"
build=$(cd "$build" && pwd)
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
    -DMIO_BUILD_TESTS=OFF -DMIO_BUILD_EXAMPLES=OFF >"$build/configure.log"
cmake --build "$build" --target bench_kqueue_cost >"$build/build.log" 2>&1 || {
    cat "$build/build.log"
    exit 1
}
program=$build/bench/kqueue_cost

# The instructions of lines of libmio's files, of one operation.
instructions() {
    local profile=$build/callgrind.kqueue.$1
    valgrind --tool=callgrind --callgrind-out-file="$profile" --toggle-collect=measured \
        "$program" "$1" "$times" >/dev/null 2>&1
    # It shortens the names of files below where it is run.
    (cd / && callgrind_annotate --threshold=100 --auto=no "$profile") |
        awk -v root="$root/" -v times="$times" '
            $1 ~ /^[0-9,]+$/ && (index($0, root "src/") || index($0, root "include/mio/")) {
                gsub(",", "", $1)
                sum += $1
            }
            END { printf "%.0f", sum / times }'
    rm -f "$profile"
}

counted=()
printf '%-20s %14s %14s\n' operation instructions "kevent calls"
for case in $("$program" list); do
    calls=$("$program" "$case" "$times")
    count=null
    if command -v valgrind >/dev/null; then
        count=$(instructions "$case")
    fi
    printf '%-20s %14s %14s\n' "$case" "$count" "$calls"
    counted+=("{\"operation\": \"$case\", \"instructions\": $count, \"kevent_calls\": $calls}")
done
if [[ -n $json ]]; then
    (IFS=$'\n' && printf '[%s]\n' "${counted[*]}") | sed 's/}$/},/; $s/,$//; s/}]$/}]/' >"$json"
fi
