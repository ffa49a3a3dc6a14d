#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How large the library makes a program that links its archive and uses a poll and a registry alone:
# bytes of machine code (.text, with what libc adds to every program), -O2, without what is not used.
#
#   size.sh [BUILD_FOLDER]      where the archive is built (build/bench)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/bench}
mkdir -p "$build"
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" \
    -DMIO_BUILD_TESTS=OFF -DMIO_BUILD_EXAMPLES=OFF >"$build/configure.log"
cmake --build "$build" --target libmio >"$build/build.log" 2>&1 || {
    cat "$build/build.log"
    exit 1
}

cat >"$build/minimal.c" <<'END'
#include <mio.h>

int main(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    if (mio_poll_new(NULL, &poll) < 0 || mio_events_new(64, NULL, &events) < 0)
        return 1;
    struct mio_registry *registry = mio_poll_registry(poll);
    int error = mio_registry_register(registry, 0, 1, MIO_READABLE);
    int count = mio_poll_wait(poll, events, 0);
    mio_registry_deregister(registry, 0);
    mio_events_free(events);
    mio_poll_free(poll);
    return error < 0 || count < 0;
}
END
echo 'int main(void) { return 0; }' >"$build/nothing.c"

# text PROGRAM-SOURCE [LIBRARY]
text() {
    cc -O2 -I"$root/include" "$1" -o "$build/sized" "${@:2}" -Wl,--gc-sections -pthread
    size -A "$build/sized" | awk '$1 == ".text" { print $2 }'
}

nothing=$(text "$build/nothing.c")
minimal=$(text "$build/minimal.c" "$build/libmio.a")
archive=$(size -t "$build/libmio.a" | awk '/TOTALS/ { print $1 }')
echo "a program with a poll and a registry: $minimal bytes of code, $nothing without them"
echo "the whole archive: $archive bytes of code and constants"
