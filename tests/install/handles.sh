#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# handles.sh COMPILER: mio.hpp, in each standard from C++17 that the compiler knows, without a warning,
# without exceptions, and in a program that looks at what it promises.
set -euo pipefail

compiler=$1
flags=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-qual -Wshadow
    -Wundef -Werror -fno-exceptions -I "$MIO_SOURCE/include")
read -ra cflags <<<"$CFLAGS $MIO_CFLAGS"
read -ra libs <<<"$MIO_LIBS"

command -v "$compiler" >/dev/null || {
    echo "skipped: needs $compiler"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LD_LIBRARY_PATH=$(dirname "$MIO_LIBRARY")
export LD_LIBRARY_PATH

# Two units, since what a header defines must be one thing in both.
printf '#include <mio/net.hpp>\nbool is_open(const mio::tcp_stream &stream);\nbool is_open(const mio::tcp_stream &stream) { return stream.is_open(); }\n' \
    >"$work/other.cc"
ran=0
for standard in c++17 c++20 c++2b; do
    "$compiler" -std="$standard" -x c++ -fsyntax-only - </dev/null 2>/dev/null || continue
    "$compiler" -std="$standard" "${cflags[@]}" "${flags[@]}" "$work/other.cc" \
        "$MIO_SOURCE/tests/install/consumer/handles.cc" "$MIO_LIBRARY" "${libs[@]}" -o "$work/handles"
    timeout 60 "$work/handles"
    ran=$((ran + 1))
done
[[ $ran -gt 0 ]]
echo "$compiler: $ran standards"
