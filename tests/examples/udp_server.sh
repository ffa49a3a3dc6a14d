#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# udp_server: what is sent comes back, of any size.
source "$(dirname "$0")/lib.bash"
need python3

run() {
    start udp_server 127.0.0.1:0
    client udp "$address" 2000
    check_idle
    stop
    grep -q ': 2003 datagrams, .* 0 not sent back' "$dir/log" || fail "it counted otherwise"
}

for_each_backend run
