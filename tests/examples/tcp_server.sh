#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tcp_server: what is sent comes back, through many connections at once. (scripts/run.sh has more.)
source "$(dirname "$0")/lib.bash"
need python3

run() {
    start tcp_server
    client echo "$address" 32 1000000
    check_idle
    stop
    grep -q ': 32 connections, 32000000 bytes in, 32000000 bytes out' "$dir/log" ||
        fail "it counted otherwise"
}

for_each_backend run
