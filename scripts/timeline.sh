#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Draws what a traced program did: timeline.sh TRACE [OUTPUT.svg], timeline.svg by default. A row is a
# poll: grey while its thread waits, coloured while it works, with a mark for each event and each
# change of a registration. TRACE is written by a library that was built with MIO_TRACE, to the file
# that the program's environment names in MIO_TRACE. Needs gnuplot.
set -euo pipefail

trace=${1:?a trace}
output=${2:-timeline.svg}
command -v gnuplot >/dev/null || {
    echo "timeline.sh: needs gnuplot (Debian's gnuplot-nox)" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/wait" "$work/work" "$work/event" "$work/change"

# Times in milliseconds from the first line on; of each poll what it did last and since when.
awk -v folder="$work" '
    NR == 1 { split($1, start, ".") }
    {
        split($1, now, ".")
        at = (now[1] - start[1]) * 1e3 + (now[2] - start[2]) / 1e6
        poll = $2
        last = at
    }
    $4 == "wait" || $4 == "waited" {
        if (poll in since)
            print since[poll], poll, at - since[poll] >(folder "/" doing[poll])
        since[poll] = at
        doing[poll] = $4 == "wait" ? "wait" : "work"
    }
    $4 == "event" { print at, poll >(folder "/event") }
    $4 ~ /register$/ { print at, poll >(folder "/change") }
    END {
        for (poll in since)
            if (last > since[poll])
                print since[poll], poll, last - since[poll] >(folder "/" doing[poll])
    }' "$trace"

plots=()
add() {
    if [[ -s $work/$1 ]]; then
        plots+=("'$work/$1' $2")
    fi
}
add wait "using 1:2:3:(0) with vectors nohead linewidth 8 linecolor rgb '#c8c8c8' title 'waits'"
add work "using 1:2:3:(0) with vectors nohead linewidth 8 linecolor rgb '#2b6cb0' title 'works'"
add event "using 1:(\$2+0.2) with points pointtype 7 pointsize 0.4 linecolor rgb '#c05621' title 'event'"
add change "using 1:(\$2-0.2) with points pointtype 9 pointsize 0.5 linecolor rgb '#2f855a' title 'registration'"
if [[ ${#plots[@]} -eq 0 ]]; then
    echo "timeline.sh: $trace has no wait and no event" >&2
    exit 1
fi
all=$(printf ', %s' "${plots[@]}")
gnuplot <<EOF
set terminal svg size 1000,400 dynamic background rgb 'white'
set output '$output'
set xlabel 'milliseconds'
set ylabel 'poll'
set ytics 1
set yrange [0.5:*]
set offsets 0, 0, 0.6, 0
set key outside bottom center horizontal
plot ${all:2}
EOF
echo "$output"
