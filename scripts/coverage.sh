#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Which lines and branches of the library the test suite takes: a table, and what is missing in
# tests/coverage/exceptions.txt or stands there needlessly, which fails. With `--report` nothing is
# built and run, and the counts of the last run are told again.
#
# What a test of the library itself cannot show is left out: the model checker's protocols, the
# other machines, fuzzing, what other builds are like, and what the sources look like (inline functions
# are calls here, so the folders need each other in other ways). NDEBUG leaves out a check and takes a
# shorter way through a wait, so the contract and the faults run a second time without it.
set -euo pipefail

cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8
jobs=$(nproc)

# count PRESET CTEST-OPTION... : builds, and runs tests from counts of 0 on
count() {
    local preset=$1 log=build/$1.log
    shift
    mkdir -p build
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset" -j "$jobs"; } >"$log" 2>&1; then
        tail -n 50 "$log"
        return 1
    fi
    find "build/$preset" -name '*.gcda' -delete
    if ! ctest --preset "$preset" -j "$jobs" "$@" >"$log" 2>&1 </dev/null; then
        sed -n '/The following tests FAILED/,$p' "$log"
        echo "all of it: $log"
        return 1
    fi
    sed -n '/tests passed/p' "$log"
}

status=0
if [[ ${1:-} != --report ]]; then
    bash scripts/install-deps.sh test
    count coverage -LE '^(model|ports|fuzz|soak|house|package|docs)$' || status=1
    count coverage-ndebug -L '^(contract|fault)$' || status=1
fi
python3 scripts/coverage.py . build/coverage build/coverage-ndebug || status=1
exit "$status"
