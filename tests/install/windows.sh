#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a compiler for Windows says of each header: one error, which tells that there is no selector. Any compiler that says _WIN32 instead of its own system will do.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=gnu11 -D_WIN32 -U__linux__ -U__linux -U__unix__ -U__unix -U__APPLE__ -U__FreeBSD__ -U__NetBSD__
    -U__OpenBSD__ -U__DragonFly__ -fsyntax-only -I "$MIO_SOURCE/include")

# refuses FILE : the file is compiled with one error
refuses() {
    local errors
    if "$CC" "${flags[@]}" "$1" 2>"$work/log"; then
        echo "FAILED: $1 compiles"
        exit 1
    fi
    errors=$(grep -cE ':[0-9]+: (fatal )?error: ' "$work/log")
    if [[ $errors -ne 1 ]] || ! grep -q 'error.*libmio has no selector for Windows' "$work/log"; then
        echo "FAILED: $1"
        cat "$work/log"
        exit 1
    fi
}

count=0
for header in "$MIO_SOURCE"/include/mio.h "$MIO_SOURCE"/include/mio/*.h; do
    printf '#include "%s"\nint main(void) { return 0; }\n' "$header" >"$work/unit.c"
    refuses "$work/unit.c"
    count=$((count + 1))
done
refuses "$MIO_SOURCE/tests/install/consumer/consumer.c"
echo "$count headers and a program"
