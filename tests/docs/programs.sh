#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles the code of README, guide and manual pages with the project's warnings, and runs the
# programs, on each selector of this system, on loopback alone. extract.awk says how code is marked.
# A program that needs another library is left out where that is missing, with a line that says so.
set -euo pipefail

here=$MIO_SOURCE/tests/docs
work=$(mktemp -d)
server=
stop_server() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=
    fi
}
trap 'stop_server; rm -rf "$work"' EXIT

read -ra cflags <<<"$CFLAGS $MIO_CFLAGS $MIO_WARNINGS -Werror -std=gnu11"
read -ra libs <<<"$MIO_LIBRARY $MIO_LIBS"
system=$(uname)
failed=0
complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

# --- compiling ---

# needs LIBRARY : the flags of another library, in `others`; false where it is not installed.
needs() {
    local found
    others=()
    if [[ -n $1 ]]; then
        # What a compiler for another C library has is not what pkg-config knows.
        if [[ -n ${MIO_IS_PORT:-} ]] || ! command -v pkg-config >/dev/null ||
            ! found=$(pkg-config --cflags --libs "$1" 2>/dev/null); then
            return 1
        fi
        read -ra others <<<"$found"
    fi
}

# lacks_lists NAME : it uses the lists that glibc and the BSDs have, and this C library has none.
lacks_lists() {
    grep -q '^#include <sys/queue.h>' "$work/$1.c" &&
        ! echo '#include <sys/queue.h>' | "$CC" -E - >/dev/null 2>&1
}

compile_fragments() {
    local options=("${cflags[@]}" -Wno-unused -Wno-unused-parameter -Wno-missing-field-initializers
        -I "$MIO_SOURCE/include" -I "$here" -fsyntax-only)
    "$CC" "${options[@]}" "$work"/fragments.c || complain "fragments"
    local file
    for file in "$work"/declarations-*.c; do
        if [[ -f $file ]]; then
            "$CC" "${options[@]}" "$file" || complain "declarations"
        fi
    done
}

# compile NAME SYSTEM LIBRARY
compile() {
    if [[ $2 == kqueue && $system == Linux ]]; then
        # Only looked at: the kqueue of this system is a model for tests.
        "$CC" "${cflags[@]}" -I "$MIO_SOURCE/tests/kqueue/include" -DKQMODEL_FREEBSD -fsyntax-only \
            "$work/$1.c"
        return
    fi
    "$CC" "${cflags[@]}" -pthread -I "$MIO_SOURCE/include" "$work/$1.c" "${others[@]}" "${libs[@]}" \
        -o "$work/$1"
}

# --- running ---

# start_server NAME ARGUMENT : runs it, and waits until it says where it listens, in `port`.
start_server() {
    local line
    rm -f "$work/said"
    mkfifo "$work/said"
    timeout 60 "$work/$1" "$2" >"$work/said" &
    server=$!
    exec 4<"$work/said"
    read -r -t 20 line <&4
    port=${line##*:}
}

# An echo, with an idle timeout that nobody waits for.
client_echo() {
    local answer
    start_server "$1" 60000
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    echo "a line for $1" >&3
    read -r -t 20 answer <&3
    exec 3>&- 4<&-
    stop_server
    [[ $answer == "a line for $1" ]]
}

# The server ends a connection that says nothing.
client_idle() {
    local status=0
    start_server "$1" 10
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    read -r -t 20 <&3 || status=$?
    exec 3>&- 4<&-
    stop_server
    [[ $status -eq 1 ]] # the end, and not the time
}

# run NAME CLIENTS
run() {
    local client
    if [[ -n $2 ]]; then
        for client in ${2//,/ }; do
            "client_$client" "$1" || return 1
        done
    else
        timeout 20 "$work/$1" >"$work/$1.printed" </dev/null || return 1
        if [[ -f $work/$1.expected ]]; then
            diff -u "$work/$1.expected" "$work/$1.printed"
        fi
    fi
}

# try NAME KEY=VALUE... : compiles and runs a program
try() {
    local name=$1 word backend
    local -A keys=([language]=c [system]='' [needs]='' [client]='' [run]='' [backend]='')
    shift
    for word in "$@"; do
        keys[${word%%=*}]=${word#*=}
    done
    if [[ ${keys[language]} != c ]]; then
        return
    fi
    if [[ ${keys[system]} == epoll && $system != Linux ]]; then
        echo "not compiled here, where there is no epoll: $name"
        return
    fi
    if ! needs "${keys[needs]}"; then
        echo "not compiled, since ${keys[needs]} is not installed: $name"
        return
    fi
    if [[ ${keys[system]} == epoll ]] && lacks_lists "$name"; then
        echo "not compiled, since this C library has no <sys/queue.h>: $name"
        return
    fi
    if ! compile "$name" "${keys[system]}"; then
        complain "$name does not compile"
        return
    fi
    if [[ ${keys[run]} == no || ! -x $work/$name ]]; then
        return
    fi
    for backend in ${keys[backend]:-default poll}; do
        MIO_BACKEND=${backend#default} run "$name" "${keys[client]}" ||
            complain "$name is wrong (selector: $backend)"
        if [[ ${keys[system]}${keys[needs]} ]]; then
            break # it has no selector of libmio's
        fi
    done
    ran=$((ran + 1))
}

mapfile -t pages < <(find "$MIO_SOURCE/README.md" "$MIO_SOURCE"/docs/guide "$MIO_SOURCE"/docs/man \
    -name '*.md' -o -name '*.[0-9]' 2>/dev/null | sort)
awk -v out="$work" -f "$here/extract.awk" "${pages[@]}" || failed=1
compile_fragments
ran=0
while read -ra words; do
    try "${words[@]}"
done <"$work/programs"
if [[ $failed -eq 0 ]]; then
    echo "$(wc -l <"$work/programs") programs of ${#pages[@]} pages; $ran were run;" \
        "$(grep -c '^int fragment_.*;' "$work/fragments.c") fragments"
fi
exit "$failed"
