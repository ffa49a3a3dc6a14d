#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A library that is built to be seen into: its trace tells of each registration, wait and event, can be
# drawn, and costs the program nothing that it can notice; its probes are there; gdb shows its objects
# by name. Without either option the library has nothing of it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra cflags <<<"$CFLAGS $MIO_CFLAGS"
read -ra libs <<<"$MIO_LIBS"
warnings=(-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

bash "$MIO_SOURCE/scripts/amalgamate.sh" "$work" >/dev/null

# build NAME FLAG... : the program over such a library
build() {
    local name=$1
    shift
    "$CC" "${cflags[@]}" "${warnings[@]}" "$@" -I "$work" "$work/mio.c" \
        "$MIO_SOURCE/tests/install/consumer/traced.c" "${libs[@]}" -o "$work/$name"
}

build traced -g -DMIO_TRACE
"$work/traced" >"$work/id" # without the variable nothing is written
MIO_TRACE=$work/trace "$work/traced" >"$work/id"

# The same lines in this order, whatever the time, the descriptors and the selector's records are.
id=$(cat "$work/id")
sed -E "s/^[0-9]+\.[0-9]{9} $id 1 //; s/^(poll) .*/\1/; s/^([a-z]*register) [0-9]+ /\1 FD /" "$work/trace" |
    grep -v '^rearm ' >"$work/told"
cat >"$work/wanted" <<'EOF'
poll
register FD token 7 MIO_READABLE = 0
reregister FD token 8 MIO_READABLE|MIO_LEVEL = 0
wait -1
waited 1
event 8 MIO_READABLE
deregister FD token 8 (empty) = 0
reregister FD token 9 MIO_WRITABLE = -2
register FD token 9 MIO_WRITABLE = 0
wait 10000000000
waited 1
event 9 MIO_WRITABLE
deregister FD token 0 (empty) = 0
wait -1
waited 1
event 10 MIO_READABLE
wait 0
waited 0
EOF
diff "$work/wanted" "$work/told"
echo "a trace of $(wc -l <"$work/trace") lines"

if command -v gnuplot >/dev/null; then
    bash "$MIO_SOURCE/scripts/timeline.sh" "$work/trace" "$work/timeline.svg" >/dev/null
    grep -q '<svg' "$work/timeline.svg"
    echo "a timeline of $(wc -c <"$work/timeline.svg") bytes"
else
    echo "not drawn: there is no gnuplot"
fi

if command -v gdb >/dev/null && [[ $(uname) == Linux ]]; then
    gdb -q -batch -ex "source $MIO_SOURCE/scripts/gdb.py" -ex 'break mio_source_reregister' -ex run \
        -ex 'print *source' -ex 'up' -ex 'print *poll' -ex 'print sender.source' "$work/traced" \
        >"$work/gdb" 2>&1 || true
    if grep -q 'hit Breakpoint\|Breakpoint 1, ' "$work/gdb"; then
        grep -E '^\$1 = mio_source of descriptor [0-9]+, token 7, READABLE, in [a-z]+, id [0-9]+$' "$work/gdb"
        grep -E '^\$2 = mio_poll over [a-z]+, id [0-9]+$' "$work/gdb"
        grep -E '^\$3 = mio_source of descriptor [0-9]+, not registered$' "$work/gdb"
    else
        echo "not looked at with gdb: it may not run a program here"
    fi
else
    echo "not looked at with gdb: it is not there"
fi

if echo '#include <sys/sdt.h>' | "$CC" -E - >/dev/null 2>&1 && command -v readelf >/dev/null; then
    build probed -O2 -DMIO_USDT
    "$work/probed" >/dev/null
    readelf -n "$work/probed" >"$work/notes"
    for probe in wait__begin wait__end event change wake; do
        grep -A1 'Provider: libmio' "$work/notes" | grep -q "Name: $probe\$"
    done
    echo "five probes"
else
    echo "no probes: <sys/sdt.h> is not there"
fi

build plain -O2
if nm "$work/plain" | grep -i 'trace'; then
    echo "a plain library traces"
    exit 1
fi
