#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# supervisor: programs that are killed at random come back, each end is told with its signal, what they
# print is printed, the file is read again, and in the end nothing is left.
# MIO_SUPERVISOR_KILLS is how many are killed (60 by default), MIO_SUPERVISOR_SECONDS for how long.
source "$(dirname "$0")/lib.bash"

programs=5
kills=${MIO_SUPERVISOR_KILLS:-60}
seconds=${MIO_SUPERVISOR_SECONDS:-}
[[ -d /proc/self/fd ]] || skip "needs /proc"

# await N PATTERN : until so many lines of the log are so
await() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        (($(grep -c "$2" "$dir/log" || true) >= $1)) && return
        sleep 0.02
    done
    tail -n 20 "$dir/log"
    fail "not $1 lines of: $2"
}

# The processes of those that run and have printed, by what was told of them.
running() {
    awk '/: started, process / { sub(":", "", $1); started[$1] = $4 }
        /[|] hello from/ { sub("[|]", "", $1); process[$1] = started[$1] }
        /: ended / { sub(":", "", $1); delete process[$1] }
        END { for (number in process) print process[number] }' "$dir/log"
}

descriptors() {
    find "/proc/$server/fd" -mindepth 1 | wc -l
}

children() {
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$server" '
        { sub(/^.*\) /, ""); if ($2 == parent) { count++; if ($1 == "Z") zombies++ } }
        END { print count + 0, zombies + 0 }'
}

# One of those that run, at random, by SIGKILL or SIGTERM.
kill_one() {
    local all signal=KILL
    mapfile -t all < <(running)
    ((${#all[@]} > 0)) || return 0
    ((RANDOM % 2)) || signal=TERM
    kill -"$signal" "${all[RANDOM % ${#all[@]}]}" 2>/dev/null || return 0
    killed=$((killed + 1))
}

write_file() {
    local i
    echo "# programs"
    for ((i = 0; i < $1; i++)); do
        echo "echo hello from $i; exec sleep 1000"
    done
}

run() {
    local killed=0 before end=$((SECONDS + ${seconds:-0}))
    write_file $programs >"$dir/programs"
    start_saying "supervising " supervisor "$dir/programs" 1
    await $programs "| hello from"
    before=$(descriptors)
    while ((killed < kills)) || { [[ -n $seconds ]] && ((SECONDS < end)); }; do
        kill_one
        sleep 0.01
    done
    # All that were started have printed, and those that were killed are told of.
    await "$killed" ": ended by signal "
    await $((killed + programs)) ": started, process "
    await $((killed + programs)) "| hello from"
    (($(grep -c ": ended by signal " "$dir/log") == killed)) || fail "ends that nobody made"
    [[ $(children) == "$programs 0" ]] || fail "children and zombies: $(children)"
    (($(descriptors) == before)) || fail "$before descriptors have become $(descriptors)"

    # Two lines less, and a program that ends by itself.
    { write_file $((programs - 2)) && echo "echo once; exit 3"; } >"$dir/programs"
    kill -HUP "$server"
    await $((killed + 2)) ": ended by signal "
    await 3 ": ended with 3"

    kill -TERM "$server"
    wait "$server" || fail "it ended with $?"
    server=
    tail -n 1 "$dir/log" | grep "^$MIO_BACKEND: " || fail "it had another selector"
}

for_each_backend run
