#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A file holds one concept, in at most 500 lines; a function fits a screen, in at most 40; a line of
# a comment, which clang-format leaves alone, has at most 100 columns, unless it heads those of a
# table.
set -euo pipefail

cd "$(dirname "$0")/../.."
failed=0
folders=(src include fuzz tests examples adapters)

files=$(find "${folders[@]}" -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 500')
if [[ -n $files ]]; then
    printf 'longer than 500 lines:\n%s\n' "$files"
    failed=1
fi

# From the line of the opening brace to that of the closing one, both in the first column.
functions=$(find "${folders[@]}" -name '*.[ch]' -exec awk '
    FNR == 1 { inside = 0 }
    /^\{$/ { inside = 1; start = FNR; head = before }
    /^\}$/ && inside {
        if (FNR - start - 1 > 40)
            printf "%5d  %s: %s\n", FNR - start - 1, FILENAME, head
        inside = 0
    }
    { before = $0 }' {} +)
if [[ -n $functions ]]; then
    printf 'functions longer than 40 lines:\n%s\n' "$functions"
    failed=1
fi

comments=$(find src fuzz tests -name '*.[ch]' -exec awk '
    /\/\*    / { next }
    /^[ \t]*(\/\*|\*)/ && length($0) > 100 { printf "%5d  %s:%d\n", length($0), FILENAME, FNR }' {} +)
if [[ -n $comments ]]; then
    printf 'comments wider than 100 columns:\n%s\n' "$comments"
    failed=1
fi
exit "$failed"
