#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/kernels.md and what cites it: every number that the project cites has its entry, every entry
# is cited, what is left to the caller names a header that exists, and every test named exists.
set -euo pipefail

cd "$(dirname "$0")/.."
list=docs/kernels.md
failed=0

complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

# The numbers that have an entry, and those that are cited in sources, headers, tests and documents.
entries=$(grep -oE '^\*\*[KEP][0-9]+:' "$list" | tr -d '*:' | sort -u)
cited=$(grep -rhoE --include='*.[ch]' --include='*.md' --include='*.txt' --exclude-dir=build \
    --exclude="$(basename "$list")" '\b[KEP][0-9]{1,2}\b' include src tests docs fuzz examples | sort -u)

for number in $(comm -13 <(echo "$entries") <(echo "$cited")); do
    complain "$number is cited and has no entry in $list"
done
for number in $(comm -23 <(echo "$entries") <(echo "$cited")); do
    complain "$number has an entry in $list and is cited nowhere"
done

twice=$(grep -oE '^\*\*[KEP][0-9]+:' "$list" | sort | uniq -d)
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
    grep -oE '`(k[0-9]+|hook|rule[0-9]+|ev[0-9]|reg[0-9]|wait[0-9]|wake[0-9]|life[0-9]|kqueue[0-9]|sigpipe)_[a-z0-9_]*\*?`' |
    tr -d '`' | sort -u)

if [[ $failed -eq 0 ]]; then
    echo "$(wc -l <<<"$entries") numbers, all cited; $(wc -l <<<"$cited") cited, all with an entry"
fi
exit "$failed"
