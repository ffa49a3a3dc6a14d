#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Shows libmio at work: an echo server over it gets this repository's files through many connections
# at once, and every reply is compared byte for byte. MIO_BACKEND=... chooses the selector.
#
#   run.sh                     builds the server first
#   run.sh --server PROGRAM    with a server that is there; exits with 77 when there is no client
#
# The client is socat or ncat, which owe nothing to libmio, and where there is neither tcp_client of
# examples/, or what MIO_RUN_CLIENT names. MIO_RUN_FILES bounds the number of files, and
# MIO_RUN_CONNECTIONS those that are sent at once.
set -euo pipefail

at_once=${MIO_RUN_CONNECTIONS:-64} # connections that are open at the same time
limit_s=240                        # bounds the whole exchange
most_files=${MIO_RUN_FILES:-1000000}
root=$(cd "$(dirname "$0")/.." && pwd)
own_client=${MIO_RUN_CLIENT:-$root/build/release/examples/tcp_client}

# --- one client: sends a file, shuts its side down, reads until the server does, and compares ---

client() {
    local port=$1 file=$2
    local reply
    reply=$(mktemp "$MIO_RUN_DIR/reply.XXXXXX")
    if command -v socat >/dev/null; then
        # The file's end becomes a half-close; -t is how long the reply may then take.
        socat -t "$limit_s" - "TCP4:127.0.0.1:$port" <"$file" >"$reply"
    elif command -v ncat >/dev/null; then
        ncat 127.0.0.1 "$port" <"$file" >"$reply"
    else
        "$own_client" "127.0.0.1:$port" <"$file" >"$reply"
    fi
    cmp "$file" "$reply"
    rm "$reply"
}

if [[ ${1:-} == --client ]]; then
    client "$2" "$3"
    exit
fi

# --- the whole ---

build() {
    bash "$root/scripts/install-deps.sh" run
    bash "$root/scripts/build.sh" release
}

need_client() {
    if ! command -v socat >/dev/null && ! command -v ncat >/dev/null && [[ ! -x $own_client ]]; then
        echo "skipped: needs socat, ncat or $own_client as a client"
        exit 77
    fi
}

# Whether MIO_BACKEND, if it is set, is one that this system has.
check_backend() {
    local known="kqueue poll"
    [[ $(uname) != Linux ]] || known="epoll poll"
    if [[ -n ${MIO_BACKEND:-} && " $known " != *" $MIO_BACKEND "* ]]; then
        echo "MIO_BACKEND=$MIO_BACKEND: this system's selectors are ${known/ / and }" >&2
        exit 1
    fi
}

# Files of this repository that are not empty, each ended by a 0.
list_files() {
    local count=0
    cd "$root"
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -z
    else
        find . -name build -prune -o -name .git -prune -o -type f -print0
    fi | while IFS= read -r -d '' file; do
        if [[ -s $file && -f $file && ! -L $file && $((count++)) -lt $most_files ]]; then
            printf '%s\0' "$root/$file"
        fi
    done
}

# What is sent: each file once, and all of them together, large enough that the buffers between
# client and server fill up, once for each connection.
list_messages() {
    local all=$MIO_RUN_DIR/all connection
    while [[ ! -e $all || $(stat -c %s "$all") -lt 4000000 ]]; do
        list_files | xargs -0 cat >>"$all"
    done
    list_files
    for ((connection = 0; connection < at_once; connection++)); do
        printf '%s\0' "$all"
    done
}

server=
stop_server() {
    if [[ -n $server ]]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" || return 1
        server=
    fi
}

start_server() {
    : >"$MIO_RUN_DIR/server.log" # before the shell that is started reaches its redirection
    "$program" >"$MIO_RUN_DIR/server.log" &
    server=$!
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        port=$(sed -n 's/^listening on 127\.0\.0\.1://p' "$MIO_RUN_DIR/server.log")
        if [[ -n $port ]]; then
            return
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    echo "the server did not start" >&2
    return 1
}

main() {
    MIO_RUN_DIR=$(mktemp -d)
    export MIO_RUN_DIR
    trap 'stop_server || true; rm -rf "$MIO_RUN_DIR"' EXIT

    local program=$root/build/release/examples/tcp_server
    if [[ ${1:-} == --server ]]; then
        program=$2
    else
        check_backend
        build
    fi
    need_client
    list_messages >"$MIO_RUN_DIR/messages"
    local messages bytes port
    messages=$(tr -cd '\0' <"$MIO_RUN_DIR/messages" | wc -c)
    bytes=$(xargs -0 stat -c %s <"$MIO_RUN_DIR/messages" | awk '{ sum += $1 } END { print sum }')

    start_server
    echo "sending $messages messages, $bytes bytes, to 127.0.0.1:$port, $at_once at once"
    timeout "$limit_s" xargs -0 -n 1 -P "$at_once" bash "$root/scripts/run.sh" --client "$port" \
        <"$MIO_RUN_DIR/messages" || {
        echo "FAILED: a reply differs from what was sent, or did not come in $limit_s s" >&2
        return 1
    }
    stop_server
    tail -n 1 "$MIO_RUN_DIR/server.log"
    grep -q ": $messages connections, $bytes bytes in, $bytes bytes out," \
        "$MIO_RUN_DIR/server.log" || {
        echo "FAILED: the server counted otherwise" >&2
        return 1
    }
    echo "all $messages replies identical"
}

main "$@"
