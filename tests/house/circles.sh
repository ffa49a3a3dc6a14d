#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No circles: neither of calls between object files nor between the folders of src/, nor of includes.
#
#   circles.sh LIST...            fails with the members of a circle in one of these libraries, each
#                                 a file that lists its objects
#   circles.sh --draw LIST...     writes the folders and their arrows, as docs/architecture.md has them
#
# An arrow goes from who uses a symbol to who defines it. In a selector's own folder files may use
# each other in a circle: they are one concept, and only selectors' folders may.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
draw=false
if [[ ${1:-} == --draw ]]; then
    draw=true
    shift
fi

# folders : "poll/wait.c" of each source, its folder below src/
folder_of() {
    local path=$1
    path=${path#src/}
    dirname "$path"
}

# The folder of an object, by the name of its source: names are unique in the tree.
declare -A home
while read -r source; do
    home[$(basename "$source" .c)]=$(folder_of "$source")
done < <(find src -name '*.c')

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

# in_folders : pairs of objects into pairs of folders
in_folders() {
    local user definer
    while read -r user definer; do
        if [[ ${home[$user]} != "${home[$definer]}" ]]; then
            echo "${home[$user]} ${home[$definer]}"
        fi
    done | sort -u
}

# includes : "user included" of each header and source of src/, by path
includes() {
    local file included
    find src -name '*.[ch]' | while read -r file; do
        sed -n 's/^#include "\(.*\)"$/\1/p' "$file" | while read -r included; do
            echo "$file $(realpath -m --relative-to=. "$(dirname "$file")/$included")"
        done
    done | sort -u
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

# outside_of_selectors : pairs of objects that are not both of one selector's folder
outside_of_selectors() {
    local user definer
    while read -r user definer; do
        if [[ ${home[$user]} != "${home[$definer]}" || ${home[$user]} != selector/* ]]; then
            echo "$user $definer"
        fi
    done
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
    check "objects of $name" < <(outside_of_selectors <<<"$pairs") || failed=1
    echo "$name: $(wc -l <<<"$pairs") uses between objects"
done
check "folders, by what is called" < <(in_folders <<<"$all") || failed=1
check "includes" < <(includes) || failed=1
check "folders, by what is included" < <(includes | while read -r user included; do
    a=$(folder_of "$user")
    b=$(folder_of "$included")
    if [[ $a != "$b" ]]; then
        echo "$a $b"
    fi
done | sort -u) || failed=1

# What the document shows is what was found.
shown=$(sed -n '/<!-- folders -->/,/<!-- end -->/p' docs/architecture.md | grep '^[a-z]' || true)
if [[ $shown != "$(drawing "$(in_folders <<<"$all")")" ]]; then
    echo "docs/architecture.md draws the folders otherwise; they are:"
    drawing "$(in_folders <<<"$all")"
    failed=1
fi
exit "$failed"
