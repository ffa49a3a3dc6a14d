#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No circles: neither of calls between object files nor between the folders of src/, nor of includes.
#
#   circles.sh LIST...            fails with the members of a circle in one of these libraries, each
#                                 a file that lists its objects
#   circles.sh --draw LIST...     writes the folders and their arrows, as docs/architecture.md has them
#
# An arrow goes from who uses a symbol to who defines it.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
draw=false
if [[ ${1:-} == --draw ]]; then
    draw=true
    shift
fi

# "object folder" of each source; names are unique in the tree.
homes=$(find src -name '*.c' | awk -F/ '{
    object = $NF
    sub(/\.c$/, "", object)
    folder = $0
    sub(/^src\//, "", folder)
    sub(/\/[^\/]*$/, "", folder)
    print object, folder
}')

# uses LIST : "user definer", by object without its ending, each pair once
uses() {
    xargs -d '\n' nm -A -g <"$1" | awk '
        {
            object = $0
            sub(/:.*/, "", object)
            sub(/.*\//, "", object)
            sub(/\.c\.o$/, "", object)
            symbol = $NF
            kind = $(NF - 1)
            if (kind == "U")
                wants[object, symbol] = 1
            else
                definer[symbol] = object
        }
        END {
            for (pair in wants) {
                split(pair, of, SUBSEP)
                if (of[2] in definer && definer[of[2]] != of[1])
                    print of[1], definer[of[2]]
            }
        }' | sort -u
}

# in_folders < pairs of objects : pairs of the folders that they are in
in_folders() {
    awk 'NR == FNR { home[$1] = $2; next } home[$1] != home[$2] { print home[$1], home[$2] }' \
        <(echo "$homes") - | sort -u
}

# includes : "user included" of each header and source of src/, by path
includes() {
    find src -name '*.[ch]' -exec awk '
        /^#include "/ {
            split($0, quoted, "\"")
            folder = FILENAME
            sub(/\/[^\/]*$/, "", folder)
            path = folder "/" quoted[2]
            while (sub(/\/[^\/.]+\/\.\.\//, "/", path))
                ;
            print FILENAME, path
        }' {} + | sort -u
}

# in_folders_of_paths < pairs of paths : the same for them
in_folders_of_paths() {
    awk '
        function folder(path) {
            sub(/^src\//, "", path)
            sub(/\/[^\/]*$/, "", path)
            return path
        }
        folder($1) != folder($2) { print folder($1), folder($2) }' | sort -u
}

# check NAME < pairs : tells of a circle among them
check() {
    local loops
    if ! loops=$(tsort 2>&1 >/dev/null); then
        echo "a circle: $1"
        sed 's/^tsort: -: //; s/^tsort: /  /' <<<"$loops"
        return 1
    fi
}

# drawing : each folder with those that it uses, from the top
drawing() {
    local pairs=$1 folder
    tsort <<<"$pairs" | while read -r folder; do
        printf '%-18s -> %s\n' "$folder" \
            "$(awk -v user="$folder" '$1 == user { printf "%s%s", sep, $2; sep = ", " }' <<<"$pairs")"
    done | sed 's/ *-> $//'
}

all=$(for list in "$@"; do uses "$list"; done | sort -u)
if $draw; then
    drawing "$(in_folders <<<"$all")"
    exit 0
fi

failed=0
for list in "$@"; do
    pairs=$(uses "$list")
    name=$(basename "$list" .objects)
    check "objects of $name" <<<"$pairs" || failed=1
    echo "$name: $(wc -l <<<"$pairs") uses between objects"
done
check "folders, by what is called" < <(in_folders <<<"$all") || failed=1
check "includes" < <(includes) || failed=1
check "folders, by what is included" < <(includes | in_folders_of_paths) || failed=1

# What the document shows is what was found.
shown=$(sed -n '/<!-- folders -->/,/<!-- end -->/p' docs/architecture.md | grep '^[a-z]' || true)
if [[ $shown != "$(drawing "$(in_folders <<<"$all")")" ]]; then
    echo "docs/architecture.md draws the folders otherwise; they are:"
    drawing "$(in_folders <<<"$all")"
    failed=1
fi
exit "$failed"
