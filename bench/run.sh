#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every benchmark: run.sh [--quick] [--publish]
# The results go to build/bench/results, those of a quick run, which are rougher, to
# build/bench/quick; and with --publish to bench/results, which docs/performance.md tells of.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
results=$(dirname "$here")/build/bench/results
quick=()
for option in "$@"; do
    case $option in
    --quick)
        quick=(--quick)
        results=$(dirname "$here")/build/bench/quick
        ;;
    --publish) results=$here/results ;;
    *)
        echo "usage: $0 [--quick] [--publish]" >&2
        exit 2
        ;;
    esac
done
if [[ ${#quick[@]} -gt 0 && $results == "$here/results" ]]; then
    echo "a quick run is too rough to be published" >&2
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
