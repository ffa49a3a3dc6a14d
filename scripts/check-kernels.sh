#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/kernels.md and what cites it: every number that the project cites has its entry; every entry
# says who deals with it, and is cited outside the documents, or left to the caller; what is left to
# the caller stands in the header that the entry names, by its number; and every test named exists.
set -euo pipefail

cd "$(dirname "$0")/.."
list=docs/kernels.md
failed=0

complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

# The numbers that are cited under some folders, in other files than the list.
cited_in() {
    grep -rhoE --include='*.[ch]' --include='*.def' --include='*.md' --include='*.txt' \
        --exclude-dir=build --exclude="$(basename "$list")" '\b[KEPS][0-9]{1,2}\b' "$@" | sort -u
}

entries=$(grep -oE '^\*\*[KEPS][0-9]+:' "$list" | tr -d '*:' | sort -u)
cited=$(cited_in include src tests docs fuzz examples)
in_use=$(cited_in include src tests fuzz examples)

for number in $(comm -13 <(echo "$entries") <(echo "$cited")); do
    complain "$number is cited and has no entry in $list"
done

# An entry a line: its number, then its text.
while IFS=$'\t' read -r number text; do
    if [[ $text == *'Left to the caller'* ]]; then
        header=$(grep -oE 'Left to the caller: `mio/[a-z]+\.h`' <<<"$text" | grep -oE 'mio/[a-z]+\.h' || true)
        if [[ -z $header ]]; then
            complain "$number is left to the caller, and names no header"
        elif ! grep -qw "$number" "include/$header"; then
            complain "$number is left to the caller, and include/$header does not say so"
        fi
    elif [[ $text != *'Handled'* && $text != *'library relies on it'* && $text != *'Kept by the model alone'* ]]; then
        complain "$number does not say where it is handled, nor that it is left to the caller"
    elif ! grep -qx "$number" <<<"$in_use"; then
        complain "$number is handled by the library, and cited by no source, header or test"
    fi
done < <(awk -v RS= -v OFS='\t' '/^\*\*[KEPS][0-9]+:/ {
    number = substr($1, 3, length($1) - 3)
    gsub(/\n/, " ")
    print number, $0
}' "$list")

twice=$(grep -oE '^\*\*[KEPS][0-9]+:' "$list" | sort | uniq -d)
if [[ -n $twice ]]; then
    complain "two entries of one number: $twice"
fi

while read -r header; do
    if [[ ! -f include/$header ]]; then
        complain "$header is named in $list and is no header"
    fi
done < <(grep -oE '\bmio/[a-z]+\.h\b' "$list" | sort -u)

tests=$(grep -rhoE --include='*.c' '^TEST\([A-Za-z0-9_]+' tests | sed 's/^TEST(//' | sort -u)
while read -r name; do
    if [[ $name == *'*' ]]; then
        grep -q "^${name%\*}" <<<"$tests" || complain "no test begins with ${name%\*}, named in $list"
    else
        grep -qx "$name" <<<"$tests" || complain "no test is called $name, named in $list"
    fi
done < <(sed -n '/Tests:/,/^$/p' "$list" |
    grep -oE '`([ks][0-9]+|hook|rule[0-9]+|ev[0-9]|reg[0-9]|wait[0-9]|wake[0-9]|life[0-9]|kqueue[0-9]|sigpipe)_[a-z0-9_]*\*?`' |
    tr -d '`' | sort -u)

if [[ $failed -eq 0 ]]; then
    echo "$(wc -l <<<"$entries") numbers, all cited; $(wc -l <<<"$cited") cited, all with an entry"
fi
exit "$failed"
