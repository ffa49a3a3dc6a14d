#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A C99 compiler that does not call itself gcc (tcc) makes of the headers what the library was
# compiled with: a program of its own, linked with the library, reads the tokens that it gave. And
# where a compiler lays the kernel's record out otherwise, the header does not compile.
set -euo pipefail

command -v tcc >/dev/null || {
    echo "skipped: needs tcc"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra libs <<<"$MIO_LIBS"
# shellcheck disable=SC2206 # flags are words
flags=($CFLAGS $MIO_CFLAGS -I "$MIO_SOURCE/include")

tcc -Wall -Werror "${flags[@]}" -c "$MIO_SOURCE/tests/install/consumer/consumer.c" -o "$work/consumer.o"
"$CC" -Wl,-z,noexecstack "$work/consumer.o" "$MIO_LIBRARY" "${libs[@]}" -o "$work/consumer"
LD_LIBRARY_PATH=$(dirname "$MIO_LIBRARY") "$work/consumer"

sed '/^#pragma pack/d' "$MIO_SOURCE/include/mio/event.h" >"$work/event.h"
echo 'int main(void) { return 0; }' >>"$work/event.h"
if [[ $(uname -m) == x86_64 ]] &&
    tcc "${flags[@]}" -c "$work/event.h" -o "$work/event.o" 2>"$work/log"; then
    echo "FAILED: a record of another size compiles"
    exit 1
fi
