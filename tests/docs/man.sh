#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each function that the headers declare has a manual page, by its name in NAME; each header has one;
# pages refer to pages that there are; and mandoc finds nothing to say of them.
set -euo pipefail
export LC_ALL=C

cd "$MIO_SOURCE/docs/man"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

# The names in NAME, of which an installation makes a page each.
awk 'FNR == 1 { inside = 0 } /^\.Sh / { inside = $2 == "NAME" } inside && /^\.Nm / { print $2 }' ./*.[0-9] |
    sort >"$scratch/names"
twice=$(uniq -d "$scratch/names")
[[ -z $twice ]] || complain "in the NAME of two pages: $twice"

# Those of the symbol map; one is a part of other functions, and not for programs.
grep -oE '\bmio_[a-z0-9_]+;' "$MIO_SYMBOL_MAP" | tr -d ';' | grep -vx mio_kevent_is_of_descriptor |
    sort -u >"$scratch/symbols"
for header in "$MIO_SOURCE"/include/mio/*.h; do
    name=$(basename "$header" .h)
    echo "mio_$name" >>"$scratch/symbols"
done
lacking=$(sort -u "$scratch/symbols" | comm -23 - "$scratch/names")
[[ -z $lacking ]] || complain "no manual page has these names: $lacking"

lacking=$(grep -L '^\.Sh EXAMPLES' ./*.[0-9] || true)
[[ -z $lacking ]] || complain "without an example: $lacking"
while read -r name section; do
    [[ -f $name.$section ]] || complain "a reference to a page that there is not: $name($section)"
done < <(sed -n 's/^\.Xr \(mio[a-z_]*\) \([0-9]\).*/\1 \2/p' ./*.[0-9] | sort -u)

if command -v mandoc >/dev/null; then
    # What it says of other manuals depends on which are installed here.
    mandoc -T lint ./*.[0-9] 2>/dev/null >"$scratch/lint" || true
    grep -v 'referenced manual not found' "$scratch/lint" && complain "mandoc finds faults"
else
    echo "mandoc is not installed: the pages were not looked at by it"
fi
if [[ $failed -eq 0 ]]; then
    echo "$(find . -name '*.[0-9]' | wc -l) pages, $(wc -l <"$scratch/names") names"
fi
exit "$failed"
