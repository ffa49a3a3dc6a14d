#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# lookup: each name is answered, by its addresses or why there are none, and nothing is waited for
# for ever.
source "$(dirname "$0")/lib.bash"

run() {
    local status=0 names=(127.0.0.1 ::1) i
    for ((i = 1; i < 40; i++)); do
        names+=("127.0.0.$i")
    done
    timeout 60 "$EXAMPLES_DIR/lookup" -50 "${names[@]}" >"$dir/answers"
    for i in "${names[@]}"; do
        grep -qx "$i: $i" "$dir/answers" || fail "$i is not answered"
    done
    [[ $(wc -l <"$dir/answers") == "${#names[@]}" ]] || fail "it answers otherwise"

    # No such name can be, so that nobody is asked.
    timeout 60 "$EXAMPLES_DIR/lookup" -50 "a..b" >"$dir/answers"
    grep -q '^a\.\.b: [A-Z]' "$dir/answers" || fail "a failure is not told"

    timeout 60 "$EXAMPLES_DIR/lookup" -0 127.0.0.1 >"$dir/answers" || status=$?
    if [[ $status -ne 0 ]]; then
        grep -qx 'the time is up' "$dir/answers" || fail "it failed otherwise"
    fi
}

for_each_backend run
