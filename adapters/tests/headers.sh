#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# headers.sh COMPILER STANDARD: each adapter's header compiles alone, without a warning of its own,
# where its library is installed. The rest is told of; none at all is a skip.
set -euo pipefail

compiler=$1 standard=$2
cd "$(dirname "$0")/.."
if ! command -v "$compiler" >/dev/null || ! command -v pkg-config >/dev/null; then
    echo "skipped: needs $compiler and pkg-config"
    exit 77
fi
language=c
[[ $standard != c++* ]] || language=c++

# The package of each header, where it has another name.
declare -A packages=([cares]=libcares [curl]=libcurl [glib]=glib-2.0)
passed=0 failed=0
for path in mio-adapters/*.h; do
    name=${path##*/}
    name=${name%.h}
    package=${packages[$name]:-$name}
    flags=()
    if [[ $name != tokens ]]; then
        cflags=$(pkg-config --cflags "$package" 2>/dev/null) || {
            echo "$name: pkg-config does not find $package"
            continue
        }
        # The library's headers are the system's, whose warnings are not this project's.
        read -ra flags <<<"${cflags//-I/-isystem }"
    fi
    # liburing's own header wants it with a strict standard.
    [[ $name != liburing ]] || flags+=(-D_GNU_SOURCE)
    # What is not called is no warning; what a header needs it includes; it may come twice.
    printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$path" "$path" |
        "$compiler" -x "$language" -std="$standard" -fsyntax-only -Wall -Wextra -Wconversion \
            -Wshadow -Wcast-qual -Werror -I. -I../include "${flags[@]}" - || failed=1
    passed=$((passed + 1))
done
[[ $passed -gt 0 ]] || exit 77
echo "$passed headers as $standard"
exit "$failed"
