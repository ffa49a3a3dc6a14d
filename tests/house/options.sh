#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What can be set is _set_x(object, value), and what can be asked is _x(object, &value), of one
# type. Both return an int, which is 0 or -errno (CONTRIBUTING.md).
set -euo pipefail

cd "$(dirname "$0")/../.."
# Each declaration on a line: "type name(parameters)".
declarations=$(cat include/mio/*.h | tr '\n' ' ' | grep -oE 'MIO_API [^;]*;' | tr -s ' ' |
    sed -e 's/^MIO_API //' -e 's/;$//')
object='(struct [a-z_]+) \*([a-z_]+)'
setter="^int (mio_[a-z0-9_]+)_set_([a-z0-9_]+)\($object, ([a-z0-9_ ]+) ([a-z0-9_]+)\)\$"
failed=0
pairs=0
while read -r line; do
    [[ $line == *_set_*\(* ]] || continue
    if ! [[ $line =~ $setter ]]; then
        # An address is passed by pointer, and asked of the source.
        [[ $line == *_set_peer_addr\(* ]] && continue
        # A timer is set to a time, in several ways.
        [[ $line == *mio_timer_set_*\(* ]] && continue
        echo "not _set_x(object, value): $line"
        failed=1
        continue
    fi
    question="${BASH_REMATCH[1]}_${BASH_REMATCH[2]}"
    wanted="int $question(const ${BASH_REMATCH[3]} *${BASH_REMATCH[4]},"
    wanted+=" ${BASH_REMATCH[5]} *${BASH_REMATCH[6]})"
    found=$(grep -E "[ *]$question\(" <<<"$declarations" || true)
    [ -n "$found" ] || continue # what is never asked
    pairs=$((pairs + 1))
    if [ "$found" != "$wanted" ]; then
        printf 'declared: %s\nwanted:   %s\n' "$found" "$wanted"
        failed=1
    fi
done <<<"$declarations"
if [ $pairs -eq 0 ]; then
    echo "no setter with its question was found"
    failed=1
fi
echo "$pairs setters with their questions"
exit $failed
