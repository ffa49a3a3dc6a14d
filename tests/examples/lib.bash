# SPDX-License-Identifier: MIT
# What the tests of the examples share; sourced by each. EXAMPLES_DIR is where the programs are.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${EXAMPLES_DIR:?the directory with the built examples}"
dir=$(mktemp -d)
server=

cleanup() {
    if [[ -n $server ]]; then
        kill -KILL "$server" 2>/dev/null || true
    fi
    rm -rf "$dir"
}
trap cleanup EXIT

skip() {
    echo "skipped: $1"
    exit 77
}

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "needs $program"
    done
}

# for_each_backend FUNCTION : with MIO_BACKEND set to each selector of this system
for_each_backend() {
    local system backend backends="kqueue poll"
    system=$(uname)
    if [[ $system == Linux ]]; then
        backends="epoll poll"
    fi
    for backend in ${EXAMPLES_BACKENDS:-$backends}; do
        export MIO_BACKEND=$backend
        echo "--- $backend"
        "$1"
    done
}

# start_saying WORDS PROGRAM ARGUMENT... : in the background; returns when it has printed a line that
# begins with WORDS, and sets `said` to the rest of it and `server` to the process. DESCRIPTORS,
# where it is set, is how many it may have open: the hard limit too, since a server raises its soft
# one.
start_saying() {
    local words=$1 program=$2 tries
    shift 2
    : >"$dir/log"
    ({ [[ -z ${DESCRIPTORS:-} ]] || ulimit -n "$DESCRIPTORS"; } &&
        exec "$EXAMPLES_DIR/$program" "$@") >"$dir/log" 2>&1 &
    server=$!
    for ((tries = 0; tries < 200; tries++)); do
        said=$(sed -n "s/^$words//p" "$dir/log")
        if [[ -n $said ]]; then
            return
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    cat "$dir/log"
    fail "$program did not start"
}

# A server: sets `address` too.
start() {
    start_saying "listening on " "$@"
    address=$said
}

# Stops it by SIGTERM, which has to end it well: its last line is shown.
stop() {
    local process=$server status=0
    kill -TERM "$process"
    wait "$process" || status=$?
    server=
    tail -n 1 "$dir/log"
    if [[ $status -ne 0 ]]; then
        cat "$dir/log"
        fail "the server ended with $status"
    fi
    grep -q "^$MIO_BACKEND: " "$dir/log" || fail "the server had another selector"
}

# The processor time that the server has used, in ticks of 10 ms.
cpu_ticks() {
    awk '{ print $14 + $15 }' "/proc/$server/stat"
}

# Whether the server sleeps while there is nothing to do. One that spins does so whenever it is looked
# at; on a busy machine the end of its work may fall into a look.
check_idle() {
    [[ -r /proc/$server/stat ]] || return 0
    local before after look
    for look in {1..10}; do
        before=$(cpu_ticks)
        sleep 0.5
        after=$(cpu_ticks)
        ((after - before > 5)) || return 0
    done
    fail "the server spins: $((after - before)) ticks in 0.5 s, $look times"
}

rss_kib() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server/status"
}

client() {
    timeout "${CLIENT_TIMEOUT:-60}" python3 "$here/clients.py" "$@" || fail "client: $*"
}
