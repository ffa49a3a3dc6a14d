#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The soak has to fail when the proxy leaks descriptors or memory, loses a byte or spins, and to say
# which, and to pass when it does none of it. FAULTY_DIR is where the proxy with the faults is.
export EXAMPLES_DIR=${FAULTY_DIR:?the directory with the faulty proxy}
source "$(dirname "$0")/../examples/lib.bash"
need python3

soak=$(dirname "$here")/soak

# finds FAULT MESSAGE
finds() {
    local status=0
    FAULT=$1 python3 "$soak/soak.py" proxy 2 "$dir/table" >"$dir/out" 2>&1 || status=$?
    cat "$dir/out"
    [[ $status -ne 77 ]] || exit 77
    if [[ -z $2 ]]; then
        [[ $status -eq 0 ]] || fail "it fails without a fault"
    else
        [[ $status -ne 0 ]] || fail "it does not find the fault: $1"
        grep -aq "^FAILED: .*$2" "$dir/out" || fail "it fails for another reason than the fault: $1"
    fi
}

finds none ""
# With these two the soak waits for what does not come.
export SOAK_PATIENCE=5
finds descriptor "the server has .* descriptors, not"
finds byte "bytes .* are those that were sent\|come before the end\|not within"
unset SOAK_PATIENCE
finds memory "memory stays as it is"
finds spin "the server spins"
