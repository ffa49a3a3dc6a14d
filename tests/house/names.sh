#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# names.sh LIST... : of the names that a library's objects define for others, those that include/
# declares begin with mio_, and all others with mio__. Each LIST is a file that lists objects.
set -euo pipefail

cd "$(dirname "$0")/../.."
declared=$(cat include/mio/*.h | grep -oE '\bmio_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u)
failed=0
for list in "$@"; do
    defined=$(xargs -d '\n' nm -g --defined-only <"$list" | awk 'NF == 3 { print $3 }' |
        sed 's/^_mio/mio/' | sort -u)
    wrong=$(comm -13 <(echo "$declared") <(grep -v '^mio__[a-z]' <<<"$defined"))
    if [[ -n $wrong ]]; then
        printf '%s: neither declared in include/ nor mio__...:\n%s\n' "$(basename "$list")" "$wrong"
        failed=1
    fi
    echo "$(basename "$list" .objects): $(grep -c '^mio_[a-z]' <<<"$defined") public," \
        "$(grep -c '^mio__' <<<"$defined") internal names"
done
exit "$failed"
