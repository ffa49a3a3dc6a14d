#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# custom_source: ends by itself with all messages received, and by a signal before that.
source "$(dirname "$0")/lib.bash"

# Whether as many messages came as were sent, and how many those are: at least $1. A tick that is
# late comes with the next, so there may be more than were asked for.
check_figures() {
    awk -v least="$1" '/messages sent/ { good = $4 == $7 && $4 >= least } END { exit !good }' \
        "$dir/log" || fail "not all came"
    grep -q "^$MIO_BACKEND: " "$dir/log" || fail "it had another selector"
}

run() {
    timeout 60 "$EXAMPLES_DIR/custom_source" 20 | tee "$dir/log"
    check_figures 20

    start_saying "sending " custom_source 1000000
    kill -INT "$server"
    wait "$server" || fail "stopping it failed"
    server=
    check_figures 0
}

for_each_backend run
