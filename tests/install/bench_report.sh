#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `make bench` reports where only some of the other libraries are installed, and where a plot
# cannot be drawn: the goals come all the same.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
report=$MIO_SOURCE/bench/report.sh

fail() {
    echo "FAILED: $1"
    cat "$work/out"
    exit 1
}

# tables PEER... : what compare.sh would have measured
tables() {
    local workload parameter peer
    rm -rf "$work/tables" "$work/results"
    mkdir "$work/tables" "$work/results"
    for peer in "$@"; do
        printf '%s\t1.0\ta peer\n' "$peer"
    done >"$work/tables/peers.tsv"
    printf 'kernel\tsome\n' >"$work/tables/machine.tsv"
    : >"$work/tables/instructions.tsv"
    : >"$work/tables/sizes.tsv"
    for workload in dispatch dispatch_threads idle churn_looked echo wake_busy wake_wait wake_storm \
        memory_descriptor timers_moved; do
        for parameter in 1 100; do
            for peer in "$@"; do
                printf '%s\tevent\tcpu\t%s\t%s\t900\t800\t1000\t1.1\t1.0\t1.0\t5\n' \
                    "$workload" "$parameter" "$peer"
            done
        done
    done >"$work/tables/results.tsv"
}

report() {
    bash "$report" "$work/tables" "$work/results" >"$work/out" 2>&1 || fail "it ended with $?"
    grep -q 'goals met' "$work/out" || fail "no goals"
}

tables epoll libmio
report
if command -v gnuplot >/dev/null; then
    ! grep 'no plot' "$work/out" || fail "a plot is missing"
    [[ $(find "$work/results" -name '*.svg' -size +0 | wc -l) -eq 8 ]] || fail "not eight plots"
fi

tables epoll libmio mio libev libevent libuv ivykis libmio_poll epoll_recv
mkdir "$work/bin"
printf '#!/bin/sh\necho "out of ink" >&2\nexit 1\n' >"$work/bin/gnuplot"
chmod +x "$work/bin/gnuplot"
PATH=$work/bin:$PATH report
grep -q 'no plot dispatch: gnuplot says out of ink' "$work/out" || fail "the failure is not told"
