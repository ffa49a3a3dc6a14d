#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes the library as one source and one header: amalgamate.sh [FOLDER], build/amalgamation by
# default, with mio.c, mio.h and the licence. A program compiles mio.c with its own sources, and links
# with what its system needs for threads. The sizes of both files are told.
set -euo pipefail

folder=${1:-build/amalgamation}
case $folder in
/*) ;;
*) folder=$PWD/$folder ;;
esac
cd "$(dirname "$0")/.."
mkdir -p "$folder"

version=$(sed -n 's/^#define MIO_VERSION_STRING *"\(.*\)"/\1/p' include/mio/version.h)

headline() {
    cat <<EOF
/* SPDX-License-Identifier: MIT */
/*
 * libmio $version: its $1 as one file, made by scripts/amalgamate.sh.
 *
$(sed 's/^/ * /; s/ *$//' LICENSE)
 */
EOF
}

# Two headers are included by name from an installation, since each shows one kernel alone. One file
# has all there is.
{
    headline "headers"
    awk -f scripts/amalgamate.awk include/mio.h include/mio/epoll.h include/mio/kqueue.h
} >"$folder/mio.h.new"

{
    headline "sources"
    cat <<'EOF'
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* what Linux has beyond POSIX */
#endif

#include "mio.h"
EOF
    LC_ALL=C
    awk -v known=mio.h -f scripts/amalgamate.awk src/*/*.c src/*/*/*.c
} >"$folder/mio.c.new"

for file in mio.h mio.c; do
    mv "$folder/$file.new" "$folder/$file"
    printf '%s: %d lines, %d bytes\n' "$file" "$(wc -l <"$folder/$file")" "$(wc -c <"$folder/$file")"
done
cp LICENSE "$folder/"
