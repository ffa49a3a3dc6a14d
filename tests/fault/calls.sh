#!/bin/sh
# SPDX-License-Identifier: MIT
# calls.sh NM LIBRARY SAFE: every function that the library wants from outside is redirected
# (fault_*) or in the list of those that cannot fail.
set -eu
nm=$1 library=$2 safe=$3
defined=$("$nm" -g --defined-only "$library" | awk 'NF == 3 { print $3 }')
wanted=$("$nm" -u "$library" | awk '$1 == "U" { print $2 }' | sort -u)
if [ -z "$wanted" ]; then
    echo "$library: nothing is wanted"
    exit 1
fi
patterns=$(awk '!/^#/ && NF { print $1 }' "$safe")
set -f
missing=0
for name in $wanted; do
    name=${name%%@*}
    case $name in fault_*) continue ;; esac
    printf '%s\n' "$defined" | grep -qxF -- "$name" && continue
    known=no
    for pattern in $patterns; do
        # shellcheck disable=SC2254 # a pattern is meant
        case $name in $pattern) known=yes ;; esac
    done
    [ $known = yes ] && continue
    echo "$name: neither in calls.def nor in safe.txt"
    missing=1
done
exit $missing
