#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every benchmark: run.sh [--quick]
# The results go to bench/results; those of a quick run, which are rougher, to build/bench/quick.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
results=$here/results
quick=()
if [[ ${1:-} == --quick ]]; then
    quick=(--quick)
    results=$(dirname "$here")/build/bench/quick
elif [[ $# -gt 0 ]]; then
    echo "usage: $0 [--quick]" >&2
    exit 2
fi
mkdir -p "$results"

echo "== libmio beside others"
bash "$here/compare.sh" --results "$results" "${quick[@]}"
echo
echo "== what libmio adds to a bare loop"
if [[ ${#quick[@]} -gt 0 ]]; then
    bash "$here/wait_cost.sh" --no-time --json "$results/wait_cost.json"
else
    bash "$here/wait_cost.sh" --json "$results/wait_cost.json"
fi
echo
echo "== what libmio's calls with addresses take"
bash "$here/call_cost.sh" --json "$results/call_cost.json"
echo
echo "== how large a program becomes"
bash "$here/size.sh"
echo
echo "== the kqueue selector, over the model of tests/kqueue"
bash "$here/kqueue_cost.sh" --json "$results/kqueue_cost.json"
