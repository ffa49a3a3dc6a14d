#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# chat: fifty clients hear each other, and who does not listen is shown out.
source "$(dirname "$0")/lib.bash"
need python3

run() {
    start chat 127.0.0.1:0
    client chat "$address" 50 20
    client chat_slow "$address"
    check_idle
    stop
    grep -q ': 54 clients, .* 2 shown out' "$dir/log" || fail "it counted otherwise"
}

for_each_backend run
