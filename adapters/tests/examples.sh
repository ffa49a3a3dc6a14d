#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples.sh NAME PROGRAM: runs one of adapters/examples against a server on loopback. That of
# postgres_listener is started by libpq.sh.
set -euo pipefail

name=$1 program=$2
folder=$(mktemp -d /tmp/mio-adapters-XXXXXX)
pids=()
# shellcheck disable=SC2317 # the trap calls it
finish() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap finish EXIT

need() {
    command -v "$1" >/dev/null || {
        echo "skipped: needs $1"
        exit 77
    }
}

# wait_for PATTERN : in what the server has said
wait_for() {
    local i
    for ((i = 0; i < 200; i++)); do
        if grep -q "$1" "$folder/log" 2>/dev/null; then
            return
        fi
        sleep 0.05
    done
    cat "$folder/log"
    exit 1
}

# refuse COMMAND... : it fails, in time
refuse() {
    local status=0
    timeout 20 "$@" >/dev/null 2>&1 || status=$?
    if [[ $status -ne 1 ]]; then
        echo "FAILED: $* ended with $status"
        exit 1
    fi
}

https_client() {
    need openssl
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$folder/key" -out "$folder/certificate" 2>/dev/null
    openssl s_server -accept 127.0.0.1:0 -cert "$folder/certificate" -key "$folder/key" -www \
        >"$folder/log" 2>&1 </dev/null &
    pids+=($!)
    wait_for 'ACCEPT 127.0.0.1:'
    local address
    address=$(sed -n 's/^ACCEPT //p' "$folder/log" | head -1)
    export SSL_CERT_FILE=$folder/certificate
    timeout 20 "$program" "$address" localhost >"$folder/page"
    grep -q '200 ok' "$folder/page"
    # A host that the certificate does not name, and authorities that do not know it.
    refuse "$program" "$address" example.org
    export SSL_CERT_FILE=/dev/null
    refuse "$program" "$address" localhost
}

resolver() {
    [[ $(timeout 20 "$program" localhost) == *127.0.0.1* || $(timeout 20 "$program" localhost) == *::1* ]]
}

redis_client() {
    need redis-server
    redis-server --port 0 --unixsocket "$folder/redis" --save '' --dir "$folder" >"$folder/log" 2>&1 &
    pids+=($!)
    wait_for 'ready to accept'
    [[ $(timeout 20 "$program" "$folder/redis" SET key 'a value') == OK ]]
    [[ $(timeout 20 "$program" "$folder/redis" GET key) == 'a value' ]]
    refuse "$program" "$folder/redis" NONSENSE
    refuse "$program" "$folder/nowhere" GET key
}

postgres_listener() {
    need psql
    timeout 20 "$program" 'user=test dbname=postgres' news 2 >"$folder/said" 2>"$folder/log" &
    local listener=$!
    pids+=("$listener")
    wait_for listening
    psql -q -U test -d postgres -c "NOTIFY news, 'one'" -c "NOTIFY news, 'two'"
    wait "$listener"
    [[ $(<"$folder/said") == $'news: one\nnews: two' ]]
}

"$name"
