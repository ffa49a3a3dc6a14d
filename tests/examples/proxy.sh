#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# proxy: random data both ways at once arrives byte for byte, in constant memory, and each direction
# ends by itself; a reset ends both, and who comes while descriptors are short waits. PROXY_MIB is
# how much goes each way (32; at most 1024).
source "$(dirname "$0")/lib.bash"
need python3
[[ -r /proc/self/status ]] || skip "needs /proc"

size_mib=${PROXY_MIB:-32}
export CLIENT_TIMEOUT=300

head -c "${size_mib}M" /dev/urandom >"$dir/up"
head -c "${size_mib}M" /dev/urandom >"$dir/down"

# Below the ports that a kernel gives out by itself, lest another program gets it in the meantime.
free_port() {
    python3 -c '
import random, socket
while True:
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", random.randrange(10000, 32000)))
        except OSError:
            continue
        print(s.getsockname()[1])
        break'
}

through() {
    local target=$1
    echo "to $target"
    rm -f "$dir"/got_* "$dir/target"
    start proxy 127.0.0.1:0 "$target"
    client proxy_refused "$address"
    client proxy "$address" "$target" "$dir/up" "$dir/down" "$dir/got_up" "$dir/got_down" "$server"
    cmp "$dir/up" "$dir/got_up"
    cmp "$dir/down" "$dir/got_down"
    check_idle
    rm -f "$dir/target"
    client proxy_half_close "$address" "$target"
    rm -f "$dir/target"
    client proxy_stalled "$address" "$target"
    rm -f "$dir/target"
    client proxy_reset "$address" "$target" "$server"
    check_idle
    stop
    grep -q ': 26 tunnels, .* 1 not connected' "$dir/log" || fail "it counted otherwise"

    # Who is idle is closed, and others go on.
    rm -f "$dir/target"
    start proxy 127.0.0.1:0 "$target" 10,1
    client proxy_idle "$address" "$target"
    stop
    grep -q ' 0 not connected, [12] too idle$' "$dir/log" || fail "it counted otherwise"

    # With descriptors for some five tunnels, twenty: nobody is sent away.
    rm -f "$dir/target"
    DESCRIPTORS=20 start proxy 127.0.0.1:0 "$target"
    client proxy_crowd "$address" "$target" 20
    check_idle
    stop
    grep -q ': 20 tunnels, .* 0 not connected' "$dir/log" || fail "it counted otherwise"
}

# Linux alone leaves who finds a full queue without an answer.
unanswered() {
    local target=$1
    start proxy 127.0.0.1:0 "$target" 0.5,0
    client proxy_unanswered "$address" "$target"
    stop
    grep -Eq ' [1-9][0-9]* not connected, 0 too idle$' "$dir/log" || fail "it counted otherwise"
}

run() {
    [[ $(uname) != Linux ]] || unanswered "127.0.0.1:$(free_port)"
    through "127.0.0.1:$(free_port)"
    through "unix:$dir/target"
}

for_each_backend run
