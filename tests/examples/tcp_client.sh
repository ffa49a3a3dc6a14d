#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tcp_client: what tcp_server sends back of a file is the file, of any size; and where nobody listens
# it says so.
source "$(dirname "$0")/lib.bash"

head -c 5000000 /dev/urandom >"$dir/large"
: >"$dir/empty"
echo "a line" >"$dir/line"

run() {
    local name outcome=0
    start tcp_server
    for name in large empty line; do
        timeout 60 "$EXAMPLES_DIR/tcp_client" "$address" <"$dir/$name" >"$dir/got" || fail "$name"
        cmp "$dir/$name" "$dir/got"
    done
    stop
    timeout 20 "$EXAMPLES_DIR/tcp_client" "$address" <"$dir/line" >"$dir/got" 2>&1 || outcome=$?
    [[ $outcome -eq 1 && -s $dir/got ]] || fail "it does not say that nobody listens"
}

for_each_backend run
