#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# http_server: every byte right with curl and with pipelined requests, every refusal as documented,
# more clients than descriptors.
source "$(dirname "$0")/lib.bash"
need curl python3

www=$dir/www
mkdir -p "$www/sub"
mkfifo "$www/fifo"
echo '<p>index</p>' | tee "$www/index.html" >"$www/sub/index.html"
: >"$www/empty.txt"
head -c 1000 /dev/urandom >"$www/small"
head -c 65536 /dev/urandom >"$www/buffer"
head -c 65537 /dev/urandom >"$www/larger"
head -c 5000000 /dev/urandom >"$www/large"

with_curl() {
    local name names=() url=http://$address
    for name in index.html empty.txt small buffer larger large; do
        names+=("$name" "$name")
    done
    # One curl, one connection.
    for name in "${names[@]}"; do
        printf 'url = "%s/%s"\noutput = "%s/got_%s"\n' "$url" "$name" "$dir" "$name"
    done >"$dir/curl"
    curl -sS --max-time 30 -K "$dir/curl" -w '%{num_connects} %{http_code}\n' >"$dir/connects"
    for name in "${names[@]}"; do
        cmp "$www/$name" "$dir/got_$name"
    done
    [[ $(awk '{ sum += $1 } END { print sum }' "$dir/connects") == 1 ]] || fail "not kept alive"
    [[ $(grep -c ' 200$' "$dir/connects") == 12 ]] || fail "not all 200"

    curl -sSI --max-time 30 "$url/large" | grep -qi '^content-length: 5000000' || fail "HEAD"
    [[ $(curl -sS --max-time 30 -o /dev/null -w '%{http_code}' "$url/missing") == 404 ]] || fail "404"
    [[ $(curl -sS --max-time 30 -o /dev/null -w '%{http_code}' -d x "$url/") == 405 ]] || fail "405"
    # A client that takes its time.
    curl -sS --max-time 30 --limit-rate 3M "$url/large" | cmp - "$www/large"
}

run() {
    start http_server "$www" 127.0.0.1:0
    with_curl
    client http_pipelined "$address" "$www" 500
    client http_statuses "$address"
    check_idle
    stop

    # Who is slow is closed, and others are served meanwhile.
    truncate -s 200000000 "$www/huge"
    start http_server "$www" 127.0.0.1:0 1,1,1
    client http_slow "$address" 10 /huge 200000000
    stop
    rm "$www/huge"
    (($(sed -n 's/.*, \([0-9]*\) too slow$/\1/p' "$dir/log") >= 40)) || fail "not all were too slow"

    # With descriptors for some twenty clients, sixty: nobody spins, everybody is served.
    DESCRIPTORS=30 start http_server "$www" 127.0.0.1:0
    client http_crowd "$address" 60 &
    local crowd=$!
    sleep 0.3
    check_idle
    wait "$crowd" || exit 1
    stop
    grep -q ': 60 connections, 0 open at the end, 60 requests' "$dir/log" || fail "it counted otherwise"
}

for_each_backend run
