#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How the servers take connections when that fails: each error goes its way (ACCEPT_ERRORS is the
# program), a listener that was shut down ends the server instead of keeping it busy, and an address
# that is none is an error.
source "$(dirname "$0")/lib.bash"
need python3

refuses() {
    local status=0
    timeout 20 "$EXAMPLES_DIR/$1" "${@:2}" >"$dir/log" 2>&1 || status=$?
    [[ $status -eq 1 && -s $dir/log ]] || fail "$*: ended with $status"
    ! grep '^listening' "$dir/log" || fail "$* was taken for an address"
}

# Where the system lets a process into another one's descriptors.
ends_with_its_listener() {
    local outcome=0
    start "$@"
    timeout 20 python3 "$here/clients.py" shut_listener_down "$server" || outcome=$?
    if [[ $outcome -eq 77 ]]; then
        stop
        return
    fi
    [[ $outcome -eq 0 ]] || fail "the listener was not found"
    outcome=0
    wait "$server" || outcome=$?
    server=
    [[ $outcome -eq 1 ]] || fail "$1 ended with $outcome"
    grep -q '^accept: ' "$dir/log" || fail "$1 does not say why it ended"
}

run() {
    if [[ -x ${ACCEPT_ERRORS:-} ]]; then
        timeout 120 "$ACCEPT_ERRORS" || fail "an error went another way"
    fi
    refuses tcp_server 70000
    refuses tcp_server -1
    refuses tcp_server nonsense
    refuses chat 127.0.0.1:70000
    ends_with_its_listener tcp_server
    ends_with_its_listener chat
    ends_with_its_listener http_server "$dir"
    ends_with_its_listener proxy 127.0.0.1:0 127.0.0.1:9
}

for_each_backend run
