#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# custom_source: ends by itself with all messages received, and by a signal before that.
source "$(dirname "$0")/lib.bash"

run() {
    timeout 20 "$EXAMPLES_DIR/custom_source" 20 | tee "$dir/log"
    grep -q "^$MIO_BACKEND: .*20 messages sent, 20 received" "$dir/log" || fail "not all came"
    timeout -s INT 0.3 "$EXAMPLES_DIR/custom_source" 1000000 >"$dir/log" || [[ $? -eq 124 ]] ||
        fail "stopping it failed"
    # One message may be on its way when the signal comes.
    awk '/messages sent/ { lost = $4 - $7; found = 1 } END { exit !(found && lost >= 0 && lost <= 1) }' \
        "$dir/log" || fail "a message was lost"
}

for_each_backend run
