#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# http_server with ten thousand connections at once, all kept alive, none lost. KEEPALIVE is the
# client's program; KEEPALIVE_CONNECTIONS how many to ask for.
source "$(dirname "$0")/lib.bash"
[[ -x ${KEEPALIVE:-} ]] || skip "needs the program KEEPALIVE"

count=${KEEPALIVE_CONNECTIONS:-10000}
limit=$(ulimit -Hn)
if [[ $limit != unlimited && $((count + 100)) -gt $limit ]]; then
    count=$((limit - 100))
    echo "no more than $count: the limit of descriptors is $limit"
fi
[[ $count -ge 1000 ]] || skip "needs a limit of at least 1100 descriptors"
mkdir "$dir/www"
echo '<p>index</p>' >"$dir/www/index.html"

run() {
    start http_server "$dir/www" 127.0.0.1:0
    timeout 100 "$KEEPALIVE" "$address" "$count" 3 || fail "a connection was lost"
    check_idle
    stop
    grep -q ": $count connections, .* $((3 * count)) requests" "$dir/log" || fail "it counted otherwise"
}

for_each_backend run
