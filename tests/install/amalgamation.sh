#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library as one file (scripts/amalgamate.sh) compiles without a warning: for this system, with its
# one header alone, and for each system of the kqueue model (without linking). Then a program is linked
# with it and runs. Before that the names that two sources define for themselves are listed, all at once.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
read -ra cflags <<<"$CFLAGS"
read -ra own <<<"$MIO_CFLAGS"
read -ra libs <<<"$MIO_LIBS"

# clashes FILE...: the static functions and objects and the tags of types that a second file defines too.
clashes() {
    awk '
        function define(name) {
            if (name in home && home[name] != FILENAME)
                print name ": " home[name] ", " FILENAME
            home[name] = FILENAME
        }
        /^(__attribute__\(\([a-z_]+\)\) )?static / && !/^static_assert/ {
            head = $0
            sub(/ = .*/, "", head)
            if (head ~ /^__attribute__/)
                sub(/^__attribute__\(\([a-z_]+\)\) /, "", head)
            sub(/[[(;].*/, "", head)
            sub(/ +$/, "", head)
            sub(/.*[ *]/, "", head)
            if (head != "{")
                define(head)
        }
        /^} [a-z_]+[[ ]/ { # of a type without a tag
            sub(/[[].*/, "", $2)
            define($2)
        }
        /^(struct|enum|union) [a-z_0-9]+ [{]/ { define($2) }
    ' "$@"
}

cd "$MIO_SOURCE"
names=$(clashes src/*/*.c src/*/*/*.c)
if [[ -n $names ]]; then
    printf 'defined in two sources:\n%s\n' "$names"
    exit 1
fi
bash scripts/amalgamate.sh "$work"
if grep -n '^#include "' "$work/mio.c" | grep -v '"mio.h"$' || grep -nE '^#include (<mio|")' "$work/mio.h"; then
    echo "still included"
    exit 1
fi
cd "$work"

# compile NAME FLAG...
compile() {
    local name=$1
    shift
    "$CC" -std=c11 -O2 "${cflags[@]}" "${warnings[@]}" "$@" -c "$work/mio.c" -o "$work/$name.o"
    echo "as one file: $name"
}

compile own "${own[@]}"
"$CC" "${cflags[@]}" "${own[@]}" -I "$work" "$MIO_SOURCE/tests/install/consumer/consumer.c" "$work/own.o" "${libs[@]}" -o "$work/program"
"$work/program"

# Where the compiler is not told of another system already.
if [[ $(uname) == Linux && -z $CFLAGS$MIO_CFLAGS ]]; then
    while read -r platform model; do
        compile "$model" "-DMIO_PLATFORM=MIO_PLATFORM_$platform" "-DKQMODEL_$model" \
            -I "$MIO_SOURCE/tests/kqueue/include" -I "$MIO_SOURCE/tests/kqueue"
    done <<<"FREEBSD FREEBSD
NETBSD NETBSD
OPENBSD OPENBSD
DRAGONFLY DRAGONFLY
APPLE MACOS"
fi
