#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What libmio adds to a bare epoll_wait loop, in instructions (exact, by valgrind) and in time.
#
#   wait_cost.sh [--json FILE] [--no-time] [BUILD_FOLDER]
#
# Builds the library as a user gets it, -O2 -DNDEBUG and static, in BUILD_FOLDER (build/bench).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/bench
json=
with_time=true
while [[ $# -gt 0 ]]; do
    case $1 in
    --json)
        json=$2
        shift
        ;;
    --no-time) with_time=false ;;
    -*)
        echo "usage: $0 [--json FILE] [--no-time] [BUILD_FOLDER]" >&2
        exit 2
        ;;
    *) build=$1 ;;
    esac
    shift
done

if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing: no instructions are counted" >&2
fi
mkdir -p "$build"
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
    -DMIO_BUILD_TESTS=OFF -DMIO_BUILD_EXAMPLES=OFF >"$build/configure.log"
cmake --build "$build" --target bench_wait_cost >"$build/build.log" 2>&1 || {
    cat "$build/build.log"
    exit 1
}
program=$build/bench/wait_cost
rounds=10

# instructions SIDE CASE : of one round, in user space
instructions() {
    local total
    total=$(valgrind --tool=callgrind --callgrind-out-file="$build/callgrind.$1.$2" \
        --toggle-collect=measured "$program" count "$1" "$2" "$rounds" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
    echo $((total / rounds))
}

names=("wait, 1 ready" "wait, 64 ready" "wait, 1000 ready" "with a waker, 1 ready"
    "wake 100 times, wait once" "wake and wait")
counted=()
if command -v valgrind >/dev/null; then
    printf '%-26s %10s %10s %8s   instructions a round, in user space\n' case bare libmio more
    for i in "${!names[@]}"; do
        bare=$(instructions bare "$i")
        mio=$(instructions mio "$i")
        more[i]=$((mio - bare))
        printf '%-26s %10d %10d %8d\n' "${names[i]}" "$bare" "$mio" "${more[i]}"
        counted+=("{\"case\": \"${names[i]}\", \"bare\": $bare, \"mio\": $mio}")
    done
    awk -v one="${more[0]}" -v many="${more[2]}" 'BEGIN {
        event = (many - one) / 999
        printf "libmio takes %.1f more a wait (goal: 40) and %.2f more an event (goal: 2)\n\n",
            one - event, event }'
fi
times=[]
if $with_time; then
    "$program" time "$build/times.json"
    times=$(<"$build/times.json")
fi
if [[ -n $json ]]; then
    printf '{"instructions": [%s],\n"times": %s}\n' "$(IFS=,; echo "${counted[*]}")" "$times" >"$json"
fi
