#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How long the same five programs are over libmio, libuv and libevent: count.sh [BUILD_FOLDER]
#
# Compiles them against the libmio.a of build/release, or of LIBRARY, runs all of them (try.py), and prints
# the lines of each that are neither blank nor comment. A library that pkg-config does not find is left out. Fails when
# a program does not do what it has to, or when README.md says other numbers.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:-$root/build/lines}
library=${LIBRARY:-$root/build/release/libmio.a}
programs=(echo clients workers children tls)
declare -A titles=([echo]="echo server, TCP and UDP" [clients]="200 clients, two time limits each"
    [workers]="100 results of four threads" [children]="five children and their output"
    [tls]="TLS echo server")

# What pkg-config has to find for a program beside the library itself.
package_of() {
    case $1_$2 in
    mio_tls) echo openssl ;;
    mio_*) ;;
    uv_tls) echo libuv openssl ;;
    uv_*) echo libuv ;;
    event_tls) echo libevent libevent_openssl openssl ;;
    event_workers) echo libevent libevent_pthreads ;;
    event_*) echo libevent ;;
    esac
}

# compile LIBRARY PROGRAM : false when something that it needs is not installed. The callbacks of libuv and
# libevent leave many of their parameters unused.
compile() {
    local name=$1_$2 packages flags=() libraries=()
    read -ra packages <<<"$(package_of "$1" "$2")"
    rm -f "$build/$name"
    if [[ ${#packages[@]} -gt 0 ]]; then
        if ! pkg-config --exists "${packages[@]}"; then
            echo "left out: $name, which needs ${packages[*]}" >&2
            return 1
        fi
        read -ra flags <<<"$(pkg-config --cflags "${packages[@]}")"
        read -ra libraries <<<"$(pkg-config --libs "${packages[@]}")"
    fi
    if [[ $1 == mio ]]; then
        flags+=("-I$root/include" "-I$root/adapters")
        libraries=("$library" "${libraries[@]}")
    fi
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wno-unused-parameter -Werror "${flags[@]}" \
        -o "$build/$name" "$here/$name.c" "${libraries[@]}" -pthread || exit 1
}

# Comments are of the kind /* */, and no text has one in it.
lines_of() {
    awk '{
            text = text $0 "\n"
        }
        END {
            while ((start = index(text, "/*")) > 0) {
                rest = substr(text, start + 2)
                text = substr(text, 1, start - 1) substr(rest, index(rest, "*/") + 2)
            }
            count = split(text, lines, "\n")
            for (i = 1; i <= count; i++)
                filled += lines[i] ~ /[^ \t]/
            print filled
        }' "$1"
}

print_table() {
    local program peer sum row
    declare -A sums=()
    echo "| program | libmio | libuv | libevent |"
    echo "|---|---:|---:|---:|"
    for program in "${programs[@]}"; do
        row="| ${titles[$program]} |"
        for peer in mio uv event; do
            sum=$(lines_of "$here/${peer}_$program.c")
            sums[$peer]=$((${sums[$peer]:-0} + sum))
            row+=" $sum |"
        done
        echo "$row"
    done
    echo "| all five | ${sums[mio]} | ${sums[uv]} | ${sums[event]} |"
}

check_format() {
    if ! command -v clang-format-14 >/dev/null; then
        echo "clang-format 14 is not installed: nobody has looked whether all are formatted alike" >&2
        return
    fi
    clang-format-14 --dry-run --Werror "$here"/*.c
}

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
        -keyout "$build/key.pem" -out "$build/certificate.pem" 2>/dev/null
}

mkdir -p "$build"
check_format
for program in "${programs[@]}"; do
    for peer in mio uv event; do
        compile "$peer" "$program" || true # it was left out
    done
done
if command -v openssl >/dev/null; then
    make_certificate
else
    echo "left out: TLS, whose certificate the command openssl makes" >&2
    rm -f "$build"/*_tls
fi
for backend in "" poll; do # of libmio's; the others' are their own
    MIO_BACKEND=$backend python3 "$here/try.py" "$build" mio
done
print_table | tee "$build/table.md"
while read -r row; do
    grep -qxF "$row" "$here/README.md" || {
        echo "README.md does not say: $row" >&2
        exit 1
    }
done <"$build/table.md"
