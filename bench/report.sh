#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From what compare.sh has measured: the goals, results.json, tables.md and the plots.
#
#   report.sh TABLES RESULTS        folders to read from and to write to
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tables=$1
results=$2
# Columns of results.tsv: 1 workload 2 unit 3 clock 4 parameter 5 peer 6 median 7 low 8 high
# 9 ratio to the bare loop 10 ratio to libmio 11 ratio to the peer's own first parameter 12 rounds

# Whether libmio is where it wants to be. Ratios count to as many digits as the goal has.
goals() {
    awk -F'\t' -v OFS='\t' '
        # `digits` are 2 unless said.
        function goal(what, found, most, digits,   verdict) {
            if (found == "" || found == "-")
                return
            digits = digits ? digits : 2
            verdict = sprintf("%." digits "f", found) + 0 <= most + 0 ? "met" : "missed"
            print verdict, what, sprintf("%.3f", found), sprintf("%." digits "f", most)
        }
        # libmio, as a part of another peer: 1 / what that one is of libmio.
        function part(workload, parameter, peer,   r) {
            r = of_libmio[workload, parameter, peer]
            return r == "" || r == "-" || r == 0 ? "" : 1 / r
        }
        function below(workload, parameter, title,   i) {
            for (i = 1; i <= n; i++)
                goal(title ", of " names[i] "\047s", part(workload, parameter, names[i]), 1)
        }
        BEGIN { n = split("libev libevent libuv ivykis", names, " ") }
        { value[$1, $4, $5] = $6; bare[$1, $4, $5] = $9; of_libmio[$1, $4, $5] = $10; own[$1, $4, $5] = $11 }
        END {
            split("1 10 100 1000", counts, " ")
            for (i = 1; i <= 4; i++) {
                k = counts[i]
                goal("dispatch, " k " ready, of the bare loop",
                    bare["dispatch", k, "libmio"], 1, 3)
                goal("dispatch with a waker, " k " ready, of the bare loop",
                    bare["dispatch_waker", k, "libmio"], 1.01, 3)
                goal("dispatch, level-triggered, " k " ready, of the bare loop",
                    bare["dispatch_level", k, "libmio"], 1)
                goal("dispatch with a waker, " k " ready, of mio",
                    part("dispatch_waker", k, "mio"), 1)
                goal("dispatch, " k " ready, of mio", part("dispatch", k, "mio"), 1)
                goal("dispatch with threads, " k " ready, of the bare loop",
                    bare["dispatch_threads", k, "libmio"], 0.96)
                goal("dispatch with threads, " k " ready, of mio",
                    part("dispatch_threads", k, "mio"), 1)
                below("dispatch", k, "dispatch, " k " ready")
                below("dispatch_level", k, "dispatch, level-triggered, " k " ready")
            }
            goal("1 of 10,000 ready, of 1 of 100", own["idle", 10000, "libmio"], 1.05)
            goal("1 of 100,000 ready, of 1 of 100", own["idle", 100000, "libmio"], 1.05)
            goal("room for 65,536 events, of room for 1", own["capacity", 65536, "libmio"], 1.02)
            if (value["wake_pending", 100, "libmio"] > 0)
                goal("10,000 wakers pending, of 100, each", value["wake_pending", 10000, "libmio"] / \
                    value["wake_pending", 100, "libmio"], 1.1)
            goal("registration with a waker, 1 at a time, of mio", part("churn_waker", 1, "mio"), 1)
            goal("registration, 1 at a time, of mio", part("churn", 1, "mio"), 1)
            goal("registration, 64 at a time, of mio", part("churn", 64, "mio"), 1)
            goal("waking an awake poll, of mio", part("wake_busy", 1, "mio"), 0.1)
            goal("wake and wait, of mio", part("wake_wait", 1, "mio"), 0.35)
            goal("a storm of wakes, of mio", part("wake_storm", 4, "mio"), 1)
            goal("a storm of wakes of 1 thread, ns a wake", value["wake_storm", 1, "libmio"], 10)
            goal("a storm of wakes of 4 threads, ns a wake", value["wake_storm", 4, "libmio"], 10)
            below("wake_busy", 1, "waking an awake poll")
            below("wake_wait", 1, "wake and wait")
            below("wake_storm", 4, "a storm of wakes")
            split("64 512", connections, " ")
            for (i = 1; i <= 2; i++) {
                k = connections[i]
                goal("echo, " k " connections, of the bare loop", bare["echo", k, "libmio"], 0.97)
                goal("echo, " k " connections, of mio", part("echo", k, "mio"), 1)
            }
            goal("accept one, read, close, of the bare loop",
                bare["accept_patterns", 2, "libmio"], 0.9)
            goal("one connection that spins, of one that sleeps",
                own["round_trip", 50, "libmio"], 0.5)
            goal("a file to a connection, of reading and sending it",
                bare["file", 1048576, "libmio"], 0.7)
            goal("accept, request, close, of mio", part("accept", 32, "mio"), 1)
            goal("UDP, one a call, of the bare loop", bare["udp", 1, "libmio"], 1)
            goal("UDP, 32 a call, of one a call", own["udp", 32, "libmio"], 1)
            goal("UDP, 32 by segments, of one a call", own["udp", 38400, "libmio"], 0.1)
            below("memory_descriptor", 10000, "memory of a descriptor")
            below("memory_poll", 64, "memory of a poll")
            n_timers = split("1000 100000 1000000", pending, " ")
            for (i = 1; i <= n_timers; i++) {
                k = pending[i]
                below("timers_moved", k, "set and cancel, " k " pending, in no order")
                below("timers_new", k, "set and cancel, " k " others pending")
                below("timers_shared", k, "the same of several threads, " k " pending")
                goal("set and cancel, " k " pending, of a timerfd",
                    part("timers_moved", k, "epoll"), 1)
            }
        }' "$tables/results.tsv"
}

json_text() {
    sed 's/\\/\\\\/g; s/"/\\"/g' "$1"
}

# Each line of a file of tab-separated values as an object; values that are numbers stay so.
json_lines() {
    local file=$1 names=$2
    json_text "$file" | awk -F'\t' -v names="$names" '
        BEGIN { n = split(names, name, " ") }
        {
            printf "%s    {", (NR > 1 ? ",\n" : "")
            for (i = 1; i <= n; i++) {
                quote = $i ~ /^-?[0-9]+(\.[0-9]+)?$/ ? "" : "\""
                text = $i == "-" ? "null" : quote $i quote
                printf "%s\"%s\": %s", (i > 1 ? ", " : ""), name[i], text
            }
            printf "}"
        }
        END { if (NR > 0) print "" }'
}

write_json() {
    echo "{"
    echo '  "machine": ['
    json_lines "$tables/machine.tsv" "what is"
    echo '  ],'
    echo '  "peers": ['
    json_lines "$tables/peers.tsv" "name version what"
    echo '  ],'
    echo '  "results": ['
    json_lines "$tables/results.tsv" "workload unit clock parameter peer median low high \
        ratio_to_bare ratio_to_libmio ratio_to_first_parameter rounds"
    echo '  ],'
    echo '  "instructions": ['
    json_lines "$tables/instructions.tsv" "workload peer parameter instructions"
    echo '  ],'
    echo '  "library_text_bytes": ['
    json_lines "$tables/sizes.tsv" "library bytes"
    echo '  ],'
    echo '  "goals": ['
    json_lines "$tables/goals.tsv" "verdict goal found most"
    echo '  ]'
    echo "}"
}

# pivot WORKLOAD COLUMN PEER... : a line a parameter, a column a peer, with a heading; for gnuplot
pivot() {
    local workload=$1 column=$2
    shift 2
    awk -F'\t' -v workload="$workload" -v column="$column" -v peers="$*" '
        BEGIN { n = split(peers, peer, " ") }
        $1 == workload {
            if (!($4 in seen)) { seen[$4] = 1; order[++m] = $4 }
            value[$4, $5] = $column
        }
        END {
            printf "parameter"
            for (i = 1; i <= n; i++)
                printf "\t%s", peer[i]
            print ""
            for (j = 1; j <= m; j++) {
                printf "%s", order[j]
                for (i = 1; i <= n; i++) {
                    v = value[order[j], peer[i]]
                    printf "\t%s", (v == "" || v == "-" ? "nan" : v)
                }
                print ""
            }
        }' "$tables/results.tsv"
}

# As pivot, for people: the median, and the ratio to the bare loop.
markdown() {
    local workload=$1 title=$2
    awk -F'\t' -v workload="$workload" -v title="$title" '
        $1 == workload {
            if (!($4 in seen)) { seen[$4] = 1; order[++m] = $4 }
            if (!($5 in known)) { known[$5] = 1; peer[++n] = $5 }
            digits = $6 < 100 ? 1 : 0
            value[$4, $5] = sprintf("%." digits "f", $6) ($9 == "-" ? "" : sprintf(" (%.3f)", $9))
            unit = $2; clock = $3; rounds = $12
        }
        END {
            if (m == 0)
                exit
            printf "\n## %s\n\n", title
            what = clock == "cpu" ? "Nanoseconds of CPU time" : clock == "wall" ? \
                "Nanoseconds" : toupper(substr(clock, 1, 1)) substr(clock, 2)
            printf "%s for each %s", what, unit
            printf "; in brackets the ratio to the bare loop; rounds: %d.\n\n| |", rounds
            for (j = 1; j <= m; j++)
                printf " %s |", order[j]
            printf "\n|---|"
            for (j = 1; j <= m; j++)
                printf "---:|"
            print ""
            for (i = 1; i <= n; i++) {
                printf "| %s |", peer[i]
                for (j = 1; j <= m; j++)
                    printf " %s |", value[order[j], peer[i]]
                print ""
            }
        }' "$tables/results.tsv"
}

markdown_instructions() {
    [[ -s $tables/instructions.tsv ]] || return 0
    printf '\n## Instructions\n\nIn user space, of one operation with the harness around it.\n\n'
    awk -F'\t' '
        {
            case_name = $1 " " $3
            if (!(case_name in seen)) { seen[case_name] = 1; order[++m] = case_name }
            if (!($2 in known)) { known[$2] = 1; peer[++n] = $2 }
            value[case_name, $2] = $4
        }
        END {
            printf "| |"
            for (j = 1; j <= m; j++)
                printf " %s |", order[j]
            printf "\n|---|"
            for (j = 1; j <= m; j++)
                printf "---:|"
            print ""
            for (i = 1; i <= n; i++) {
                printf "| %s |", peer[i]
                for (j = 1; j <= m; j++)
                    printf " %s |", value[order[j], peer[i]]
                print ""
            }
        }' "$tables/instructions.tsv"
}

write_markdown() {
    echo "# Results"
    echo
    echo "Written by bench/report.sh; docs/performance.md tells what they mean."
    printf '\n| | |\n|---|---|\n'
    awk -F'\t' '{ printf "| %s | %s |\n", $1, $2 }' "$tables/machine.tsv"
    awk -F'\t' '{ printf "| %s | %s, %s |\n", $1, $2, $3 }' "$tables/peers.tsv"
    markdown dispatch "Dispatch, by descriptors ready of 1,000"
    markdown dispatch_waker "Dispatch on a loop that can be woken"
    markdown dispatch_level "Dispatch, level-triggered"
    markdown dispatch_threads "Dispatch in a program with threads"
    markdown idle "One ready, by descriptors watched"
    markdown capacity "One ready of 100, by room for events"
    markdown churn "Register, change, deregister, by descriptors at a time"
    markdown churn_waker "The same on a loop that can be woken"
    markdown churn_looked "The same with a look after each step"
    markdown wake_busy "Waking an awake poll"
    markdown wake_wait "Wake and wait on one thread"
    markdown wake_pending "Many wakers of one poll, by wakers that are pending"
    markdown wake_asleep_near "Waking a sleeping thread of the same core"
    markdown wake_asleep_far "Waking a sleeping thread of another core"
    markdown wake_storm "A sustained storm of wakes, by threads that wake at once"
    markdown echo "Echo, by connections"
    markdown echo_level "Echo, level-triggered, by connections"
    markdown round_trip "Echo of one connection whose client never sleeps, by microseconds that libmio spins"
    markdown accept "Accept, one request, close, by connections at a time"
    markdown accept_patterns "The same, by how libmio accepts: all (0), one an event (1), one and its request (2)"
    markdown file "A megabyte of a file to a connection"
    markdown udp "UDP, 32 datagrams of 1,200 bytes sent and received: one a call, 32 a call, 38,400 bytes by segments"
    markdown memory_descriptor "Heap of a descriptor, by descriptors"
    markdown memory_poll "Heap of a poll with a waker"
    markdown descriptors_poll "Descriptors of a poll with a waker"
    markdown timers_moved "A timeout is cancelled and set again, by timers pending"
    markdown timers_new "A timeout is set and cancelled, by timers pending"
    markdown timers_shared "As the first, where several threads may set timers"
    markdown_instructions
    printf '\n## Code\n\nBytes of text of each static library.\n\n| | |\n|---|---:|\n'
    awk -F'\t' '{ printf "| %s | %s |\n", $1, $2 }' "$tables/sizes.tsv"
}

# The peers that have a figure for the workload, in this order: what is not installed has none.
peers_of() {
    local workload=$1 column=$2
    awk -F'\t' -v workload="$workload" -v column="$column" '
        BEGIN { n = split("epoll epoll_recv libmio mio libev libevent libuv ivykis libmio_poll", peer, " ") }
        $1 == workload && $column != "" && $column != "-" && $column != "nan" { known[$5] = 1 }
        END {
            for (i = 1; i <= n; i++)
                if (peer[i] in known)
                    print peer[i]
        }' "$tables/results.tsv"
}

# plot NAME COLUMN LEFT_OUT WORKLOAD... : NAME.svg, of all peers but those that the pattern LEFT_OUT
# names. A plot that cannot be drawn is a line that says so, and no more: the figures are there.
plot() {
    local name=$1 column=$2 left_out=$3 peers workload
    shift 3
    mapfile -t peers < <(peers_of "$1" "$column" | grep -vxE "$left_out")
    if [[ ${#peers[@]} -eq 0 ]]; then
        echo "no plot $name: nothing was measured"
        return
    fi
    for workload in "$@"; do
        pivot "$workload" "$column" "${peers[@]}" >"$data/$workload.tsv"
    done
    gnuplot -e "name = '$name'; peers = '${peers[*]}'; data = '$data'; results = '$results'" \
        "$here/plots.gp" 2>"$data/error" ||
        echo "no plot $name: gnuplot says $(grep -m 1 '[[:alpha:]]' "$data/error" || echo nothing)"
}

draw() {
    local data=$1 others="epoll_recv|libmio_poll"
    plot dispatch 9 "$others" dispatch
    plot dispatch_threads 9 "$others" dispatch_threads
    plot idle 6 epoll_recv idle
    plot churn 9 "$others" churn_looked
    plot echo 9 libmio_poll echo
    plot wake 6 "$others" wake_busy wake_wait wake_storm
    plot memory 6 "$others" memory_descriptor
    plot timers 6 "$others" timers_moved
}

main() {
    local data
    goals >"$tables/goals.tsv"
    write_json >"$results/results.json"
    write_markdown >"$results/tables.md"
    if command -v gnuplot >/dev/null; then
        data=$(mktemp -d)
        draw "$data"
        rm -r "$data"
    else
        echo "no plots: there is no gnuplot"
    fi
    echo
    awk -F'\t' '{ printf "%-7s %-62s %8s  (goal: %s)\n", $1, $2, $3, $4; count[$1]++ }
        END { printf "\n%d goals met, %d missed\n", count["met"], count["missed"] }' \
        "$tables/goals.tsv" | tee "$results/goals.txt"
}

main
