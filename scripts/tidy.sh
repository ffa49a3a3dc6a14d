#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs clang-tidy over the library and the examples, with the checks of .clang-tidy: as this system
# compiles them and, on Linux, as the FreeBSD flavour of the kqueue model does.
set -euo pipefail

cd "$(dirname "$0")/.."
tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || {
    echo "needs clang-tidy" >&2
    exit 1
}
mapfile -t sources < <(find src examples -name '*.c' | sort)

# check FLAG... ; what clang-tidy counts as suppressed is left out
check() {
    printf '%s\0' "${sources[@]}" |
        xargs -0 -P "$(nproc)" -n 4 sh -c '
            tidy=$1 flags=$2; shift 2
            "$tidy" --quiet "$@" -- -std=gnu11 -Iinclude $flags 2>/dev/null
        ' sh "$tidy" "$*"
}

check
if [[ $(uname) == Linux ]]; then
    check -Itests/kqueue/include -DMIO_PLATFORM=MIO_PLATFORM_FREEBSD -DKQMODEL_FREEBSD
fi
echo "clang-tidy: ${#sources[@]} files"
