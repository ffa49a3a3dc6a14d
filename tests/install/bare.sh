#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# On a machine that has neither CMake nor a compiler `make install` says so in one line, and installs
# nothing.
set -euo pipefail

command -v make >/dev/null || {
    echo "skipped: needs make"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
for tool in bash env sh make nproc dirname sed awk grep mkdir; do
    if command -v "$tool" >/dev/null; then
        ln -s "$(command -v "$tool")" "$work/bin/"
    fi
done

status=0
env -i PATH="$work/bin" make -s -C "$MIO_SOURCE" install PREFIX="$work/prefix" >"$work/out" 2>&1 || status=$?
grep -vE '^make(\[[0-9]+\])?: ' "$work/out" >"$work/said" || true
if [[ $status -eq 0 || $(wc -l <"$work/said") -ne 1 || -e $work/prefix ]] ||
    ! grep -q '^missing here: cmake, a C compiler' "$work/said"; then
    echo "FAILED: $status"
    cat "$work/out"
    exit 1
fi
