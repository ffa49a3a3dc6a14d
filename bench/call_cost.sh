#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What libmio's calls with addresses take beside libc's, in instructions (exact, by valgrind).
#
#   call_cost.sh [--json FILE] [BUILD_FOLDER]
#
# Builds the library as a user gets it, -O2 -DNDEBUG and static, in BUILD_FOLDER (build/bench).
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

if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing: no instructions are counted" >&2
    exit 0
fi
mkdir -p "$build"
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
    -DMIO_BUILD_TESTS=OFF -DMIO_BUILD_EXAMPLES=OFF >"$build/configure.log"
cmake --build "$build" --target bench_call_cost >"$build/build.log" 2>&1 || {
    cat "$build/build.log"
    exit 1
}
program=$build/bench/call_cost
rounds=10
goal=60 # more than libc's, a call

# instructions SIDE CASE : of one round, in user space
instructions() {
    local total
    total=$(valgrind --tool=callgrind --callgrind-out-file="$build/callgrind.$1.$2" \
        --toggle-collect='measured*' "$program" "$1" "$2" "$rounds" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
    echo $((total / rounds))
}

mapfile -t names < <("$program" list)
counted=()
printf '%-28s %10s %10s %8s   instructions in user space; goal of a single call: %d more\n' \
    call libc libmio more "$goal"
for i in "${!names[@]}"; do
    libc=$(instructions libc "$i")
    mio=$(instructions mio "$i")
    verdict=
    if [[ ${names[i]} != *32* ]]; then
        verdict=$([[ $((mio - libc)) -le $goal ]] && echo met || echo missed)
    fi
    printf '%-28s %10d %10d %8d   %s\n' "${names[i]}" "$libc" "$mio" $((mio - libc)) "$verdict"
    counted+=("{\"call\": \"${names[i]}\", \"libc\": $libc, \"mio\": $mio}")
done
if [[ -n $json ]]; then
    printf '{"instructions": [%s]}\n' "$(IFS=,; echo "${counted[*]}")" >"$json"
fi
