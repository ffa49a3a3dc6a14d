#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks wake_protocol.pml with Spin: the protocol as it is must have no error, and each way to break
# it must have one, whose shortest way Spin is then made to tell. Works in a folder of its own under
# the current one. Exits with 77 where Spin or a C compiler is missing.
set -euo pipefail

model=$(cd "$(dirname "$0")" && pwd)/wake_protocol.pml
compiler=${CC:-gcc}
for tool in spin "$compiler"; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing"
        exit 77
    fi
done

work=$(mktemp -d "$PWD/wake_protocol.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

failed=0

# explore CHECK SWITCH... : searches all states, into the file `report`; CHECK is a definition that
# chooses the kind of search.
explore() {
    local check=$1 options=(-m100000)
    shift
    rm -f ./*.trail
    spin "$@" -a "$model" >report 2>&1
    case $check in
    NP) options=(-m100000 -l) ;;   # circles
    BFS) options=() ;;              # the shortest way to an error
    esac
    "$compiler" -w -O1 -DMEMLIM=2048 "-D$check" -o pan pan.c
    ./pan "${options[@]}" -n >report 2>&1 || true
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' report)
    states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' report)
    if grep -qE 'max search depth too small|out of memory|reached -DMEMLIM' report; then
        errors=unknown
    fi
}

must_hold() {
    local check=$1
    shift
    explore "$check" "$@"
    if [[ $errors == 0 ]]; then
        printf 'holds    %10s states  %-6s %s\n' "$states" "$check" "$*"
    else
        printf 'WRONG    %10s states  %-6s %s: errors: %s\n' "$states" "$check" "$*" "$errors"
        cat report
        failed=1
        if compgen -G '*.trail' >/dev/null; then
            spin "$@" -k ./*.trail "$model" | sed 's/^ */    /'
        fi
    fi
}

must_fail() {
    explore BFS "$@"
    if [[ $errors == 1 ]] && compgen -G '*.trail' >/dev/null; then
        printf 'is broken%10s states  by %s:\n' "$states" "$*"
        spin "$@" -k ./*.trail "$model" |
            sed -nE '/^ {6,}/{s/^ */    /p}; /^spin: text of failed/{s/^spin: text of/   /p}'
    else
        printf 'NOT FOUND%10s states  what %s should break\n' "$states" "$*"
        cat report
        failed=1
    fi
}

must_hold SAFETY
must_hold SAFETY -DONE_WAKER
must_hold SAFETY -DCAPACITY=1 -DPEER
must_hold SAFETY -DCAPACITY=1 -DPEER -DSIGNAL
must_hold SAFETY -DCAPACITY=1 -DEMBEDDED
must_hold SAFETY -DRING_FAILS -DWAKES=1
must_hold SAFETY -DRING_FAILS -DONE_WAKER
must_hold SAFETY -DRING_FAILS -DCAPACITY=1 -DEMBEDDED -DWAKES=1
must_hold NP -DCAPACITY=1
must_fail -DNO_FENCE
must_fail -DNO_RECHECK
must_fail -DNO_KICK -DWAKES=1
must_fail -DNO_FINISH -DWAKES=1
must_fail -DSETTLE_EARLY -DWAKES=1 -DCAPACITY=1 -DPEER
must_fail -DSTAY_ASLEEP -DWAKES=1
must_fail -DRING_PENDING -DONE_WAKER
must_fail -DNO_AGAIN -DRING_FAILS -DWAKES=1
must_fail -DFORGET_LATE -DRING_FAILS -DWAKES=1

exit $failed
