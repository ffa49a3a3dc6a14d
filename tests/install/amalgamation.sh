#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The sources also build as one file: for this system, and for each system of the kqueue model
# (without linking). Then a program is linked with that one file and runs. Before that the names that
# two sources define for themselves are listed, all at once.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# What a source asks of libc for itself is asked once for all, whichever comes first.
read -ra cflags <<<"$CFLAGS -D_GNU_SOURCE"
read -ra own <<<"$MIO_CFLAGS"
read -ra libs <<<"$MIO_LIBS"

for source in "$MIO_SOURCE"/src/*/*.c "$MIO_SOURCE"/src/*/*/*.c; do
    if [[ -f $source ]]; then
        echo "#include \"$source\""
    fi
done >"$work/mio.c"
echo "$(wc -l <"$work/mio.c") sources"

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
cd "$work"

# compile NAME FLAG...
compile() {
    local name=$1
    shift
    "$CC" -std=gnu11 "${cflags[@]}" "${warnings[@]}" "$@" -I "$MIO_SOURCE/include" \
        -c "$work/mio.c" -o "$work/$name.o"
    echo "as one file: $name"
}

compile own "${own[@]}"
"$CC" "${cflags[@]}" "${own[@]}" -I "$MIO_SOURCE/include" \
    "$MIO_SOURCE/tests/install/consumer/consumer.c" "$work/own.o" "${libs[@]}" -o "$work/program"
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
