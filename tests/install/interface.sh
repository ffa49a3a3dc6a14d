#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the libraries give to a linker. The shared one: the names that the headers declare, each with
# this version's mark, and no other. The archive: nothing that whatever links it would export. And
# none of the names that OpenBSD's sndio has, so that a program can use both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sndio="mio_open mio_close mio_read mio_write mio_nfds mio_pollfd mio_revents mio_eof MIO_IN MIO_OUT"

# check TITLE FILE: fails if there is anything in it
check() {
    if [[ -s $2 ]]; then
        echo "FAILED: $1"
        cat "$2"
        exit 1
    fi
}

# preprocess FLAG... : what the compiler makes of the headers on this system
preprocess() {
    # shellcheck disable=SC2086 # flags are words
    printf '#include <mio.h>\n#include <mio/epoll.h>\n#include <mio/kqueue.h>\n' |
        "$CC" -std=c11 $CFLAGS $MIO_CFLAGS -I "$MIO_SOURCE/include" -E "$@" -
}

preprocess -P | { grep -vE '^typedef|static inline' || true; } | grep -oE '\bmio_[a-z0-9_]+ ?\(' | tr -d ' (' |
    sort -u >"$work/declared"
{ preprocess -P && preprocess -dM; } | grep -oE '\b(mio|MIO)_[A-Za-z0-9_]+' | sort -u >"$work/words"
test -s "$work/declared"
grep -qx MIO_API "$work/words"

# Definitions alone, so that a function that is merely called does not count.
nm --extern-only --defined-only "$MIO_STATIC" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u \
    >"$work/archive"
comm -23 "$work/declared" "$work/archive" >"$work/missing"
check "declared, but not in the archive" "$work/missing"

for name in $sndio; do
    grep -hx "$name" "$work/words" "$work/archive" || true
done >"$work/foreign"
check "a name of sndio's" "$work/foreign"

# What a library of somebody's own exports that holds all of the archive.
# shellcheck disable=SC2086
"$CC" -shared $CFLAGS -Wl,--whole-archive "$MIO_STATIC" -Wl,--no-whole-archive $MIO_LIBS \
    -o "$work/holder.so"
nm -D --defined-only "$work/holder.so" | awk '{ print $3 }' | { grep mio || true; } >"$work/exported"
check "exported by what holds the archive" "$work/exported"

if [[ -n $CXX ]]; then
    # shellcheck disable=SC2086
    "$CXX" -shared -fPIC -O0 $CFLAGS $MIO_CFLAGS -I "$MIO_SOURCE/include" \
        "$MIO_SOURCE/tests/install/consumer/consumer.cc" "$MIO_STATIC" $MIO_LIBS -o "$work/holder.so"
    nm -D --defined-only "$work/holder.so" | awk '{ print $3 }' | { grep mio || true; } \
        >"$work/exported"
    check "exported by a library in C++" "$work/exported"
fi

if [[ ! -f $MIO_SHARED ]]; then
    echo "without a shared library"
    exit 0
fi
nm -D --defined-only "$MIO_SHARED" | awk '$2 != "A" { print $3 }' | sort -u >"$work/marked"
grep -v "@@LIBMIO_${MIO_VERSION%.*}\$" "$work/marked" >"$work/unmarked" || true
check "without this version's mark" "$work/unmarked"
sed 's/@.*//' "$work/marked" | sort -u >"$work/shared"
comm -3 "$work/declared" "$work/shared" >"$work/different"
check "declared alone, or exported alone (the second column)" "$work/different"
readelf -d "$MIO_SHARED" | grep -q 'SONAME.*\[libmio\.so\.0\]'
echo "$(wc -l <"$work/shared") names"
