#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's example is a program that compiles, links and runs, and says what is wrong where it
# cannot: with a file, which is always ready, and with no standard input at all.
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
LD_LIBRARY_PATH=$(dirname "$MIO_LIBRARY")
export LD_LIBRARY_PATH
[[ $(echo "a line for the example" | timeout 20 "$work/example") == "a line for the example" ]]

# complains : with the standard input it is given it ends with 1 and a message. Where the system
# watches what that is, it ends as with a pipe.
complains() {
    local status=0
    timeout 20 "$work/example" >"$work/out" 2>"$work/err" || status=$?
    if [[ $status -ne 0 ]]; then
        cat "$work/err"
        [[ $status -eq 1 && $(wc -l <"$work/err") -eq 1 ]]
    fi
}

complains </dev/null
complains <"$work/example.c"
complains <&-
[[ -s $work/err ]]
