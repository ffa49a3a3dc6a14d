#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/facts/ and what is made of it: the tables of docs/contract.md and docs/differences.md are what
# the list gives, every fact and exception that a test asks for has a row, and every row is asked for.
# With --write the tables are written.
set -euo pipefail

cd "$(dirname "$0")/.."
documents=(docs/contract.md docs/differences.md)
lists=(tests/facts/{registering,waiting,edges,conditions,ends,processes,sockets,skipped,tables}.def)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

# The rows of a list: a line each, of the macro's name and its arguments, divided by \037. Strings
# that stand side by side are one.
rows_of() {
    awk '
        { text = text $0 "\n" }
        function finish(value) {
            gsub(/^[ \n]+|[ \n]+$/, "", value)
            row = row "\037" value
            argument = ""
        }
        function take(n,    taken) {
            taken = substr(text, 1, n)
            text = substr(text, n + 1)
            return taken
        }
        END {
            while (text != "") {
                if (substr(text, 1, 2) == "/*") {
                    take(index(text, "*/") + 1)
                } else if (match(text, /^"([^"\\]|\\.)*"/)) {
                    string = take(RLENGTH)
                    argument = argument substr(string, 2, length(string) - 2)
                } else if (match(text, /^[ \n]+/)) {
                    take(RLENGTH)
                    argument = argument (argument ~ /[A-Z|]$/ ? " " : "")
                } else if (match(text, /^[^"(),\/ \n]+/)) {
                    argument = argument take(RLENGTH)
                } else {
                    mark = take(1)
                    if (mark == "(") {
                        row = argument
                        argument = ""
                    } else if (mark == ",") {
                        finish(argument)
                    } else if (mark == ")") {
                        finish(argument)
                        print row
                    } else {
                        argument = argument mark
                    }
                }
            }
        }' "$1"
}

for list in "${lists[@]}"; do
    rows_of "$list"
done >"$scratch/rows"

column() { # KIND NUMBER: that part of the rows of a kind
    awk -F '\037' -v kind="$1" -v number="$2" '$1 == kind { print $number }' "$scratch/rows"
}

# --- the documents ---

for document in "${documents[@]}"; do
    awk -f scripts/facts.awk "$scratch/rows" "$document" >"$scratch/document" ||
        complain "$document cannot be made"
    if [[ ${1:-} == --write ]]; then
        cmp -s "$scratch/document" "$document" || cp "$scratch/document" "$document"
    elif ! diff -u "$document" "$scratch/document" >&2; then
        complain "$document differs from tests/facts: bash scripts/check-facts.sh --write"
    fi
done

markers=$(sed -n 's/^<!-- facts: \(.*\) -->$/\1/p' "${documents[@]}" | sort)
tables=$({
    column TABLE 2
    column FACT 2 | sort -u | sed 's/^/answers /'
} | sort)
# Who serves which interest has a table of its own; what the models cannot do is no answer.
tables=$(grep -vxE 'answers (REG1|TESTS)' <<<"$tables")
[[ $markers == "$tables" ]] ||
    complain "tables and their places differ: $(diff <(echo "$markers") <(echo "$tables"))"

for rule in $(column FACT 2 | sort -u | grep -vxE 'SOCKETS|TESTS'); do
    grep -q "^\*\*$rule:" docs/contract.md || complain "$rule is no rule of docs/contract.md"
done

# --- the tests ---

# Sources as a line each, so that calls that are broken into lines are found.
calls() { # FUNCTION: the strings in its arguments
    find tests -name '*.c' ! -path 'tests/facts/*' -exec cat {} + | tr -s ' \n' ' ' |
        grep -oE "\\b($1)\\([^;{)]*" | grep -oE '"[^"]*"' | tr -d '"' | sort -u
}

facts=$(column FACT 3 | sort -u)
asked=$(calls 'fact|readiness_fact')
while read -r name; do
    complain "no row is called \"$name\", for which a test asks"
done < <(comm -13 <(echo "$facts") <(echo "$asked"))
while read -r name; do
    complain "no test asks for \"$name\""
done < <(comm -23 <(echo "$facts") <(echo "$asked"))

# Which tests ask whether they apply.
asking=$(find tests -name '*.c' -exec cat {} + |
    awk '/^TEST\(/ { name = $0; gsub(/^TEST\(|\).*/, "", name) } /skip_if_excepted\(__func__\)/ { print name }' |
    sort -u)
skipped=$(column SKIPPED 2 | sort -u)
[[ $asking == "$skipped" ]] ||
    complain "tests that may not apply, and those listed: $(diff <(echo "$asking") <(echo "$skipped"))"

elsewhere=$(grep -rlE --include='*.[ch]' 'selector_is_one_of|\bMIO_TEST_SELECTOR\b' tests | grep -v '^tests/facts/' || true)
[[ -z $elsewhere ]] || complain "a test decides by the selector's name, not by a fact: $elsewhere"

# --- what shows a row of the documents ---

tests=$(grep -rhoE --include='*.c' '^TEST\([A-Za-z0-9_]+' tests | sed 's/^TEST(//' | sort -u)
kernel=$(sed -nE 's/^    \.([a-z0-9_]+) += .*/\1/p' tests/kqueue/expected.c | sort -u)
is_in() {
    grep -qxF -e "$1" <<<"$2"
}
while read -r shown; do
    case $shown in
    'none: '?*) ;;
    'fact '*) is_in "${shown#fact }" "$facts" || complain "no fact: $shown" ;;
    'kernel '*) is_in "${shown#kernel }" "$kernel" || complain "not in expected.c: $shown" ;;
    'skipped '*) is_in "${shown#skipped }" "$skipped" || complain "not skipped: $shown" ;;
    *'*') grep -q "^${shown%\*}" <<<"$tests" || complain "no test begins with ${shown%\*}" ;;
    *) is_in "$shown" "$tests" || complain "no test is called \"$shown\"" ;;
    esac
done < <(column ROW 4 | tr ';' '\n' | sed 's/^ //' | sort -u)

# What the models' kernels answer is data as well, and each row of it is for a test.
while read -r row; do
    grep -qw "$row" tests/kqueue/test_*.c || complain "no test asks for $row of tests/kqueue/expected.c"
done <<<"$kernel"

if [[ $failed -eq 0 ]]; then
    echo "$(column FACT 3 | wc -l) rows of $(wc -l <<<"$facts") facts," \
        "$(column SKIPPED 2 | wc -l) of tests that do not apply, $(column TABLE 2 | wc -l) tables"
fi
exit "$failed"
