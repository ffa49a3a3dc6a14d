#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's example is a program that compiles, links and runs.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra cflags <<<"$CFLAGS $MIO_CFLAGS"
read -ra libs <<<"$MIO_LIBS"

awk '/^```c$/ { inside = 1; next } /^```/ && inside { exit } inside' "$MIO_SOURCE/README.md" \
    >"$work/example.c"
test -s "$work/example.c"
"$CC" "${cflags[@]}" -Wall -Wextra -Werror -I "$MIO_SOURCE/include" "$work/example.c" \
    "$MIO_LIBRARY" "${libs[@]}" -o "$work/example"
echo "a line for the example" |
    LD_LIBRARY_PATH=$(dirname "$MIO_LIBRARY") timeout 20 "$work/example"
