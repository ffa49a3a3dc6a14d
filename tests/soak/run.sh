#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The soak: examples under clients that stall, reset, half-close and flood, and a table of what was
# seen. SOAK_SECONDS is how long it takes in all (3600).
#
#   run.sh [EXAMPLE...]     http_server, proxy, proxy-unix (to a Unix socket), chat; on each selector
source "$(dirname "$0")/../examples/lib.bash"
need python3

soak=$(dirname "$here")/soak
seconds=${SOAK_SECONDS:-3600}
examples=("$@")
[[ $# -gt 0 ]] || examples=(http_server proxy proxy-unix chat)
# A selector that is asked for is the only one.
export EXAMPLES_BACKENDS=${MIO_BACKEND:-${EXAMPLES_BACKENDS:-}}

count() {
    runs=$((runs + ${#examples[@]}))
}

run() {
    local example status
    for example in "${examples[@]}"; do
        status=0
        python3 "$soak/soak.py" "$example" $((seconds / runs)) "$dir/table" || status=$?
        [[ $status -ne 77 ]] || exit 77
        [[ $status -eq 0 ]] || fail "$example on $MIO_BACKEND"
    done
}

runs=0
for_each_backend count >/dev/null
for_each_backend run
python3 "$soak/soak.py" --headline
cat "$dir/table"
