#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# CPUs that have no atomic operations of 64 bits (MIPS of 32 bits, i486), or none of less than 32
# (RISC-V), need no -latomic: what cross compilers for them make of the sources calls no function of
# that library.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cpus=("mipsel-linux-gnu-gcc -mips32r2" "i686-linux-gnu-gcc -march=i486"
    riscv64-linux-gnu-gcc)
mapfile -t sources < <(find "$MIO_SOURCE/src" -name '*.c')
tried=()

for cpu in "${cpus[@]}"; do
    read -ra compiler <<<"$cpu"
    command -v "${compiler[0]}" >/dev/null || continue
    echo '#include <stdio.h>' | "${compiler[@]}" -E - >/dev/null 2>&1 || continue
    rm -f "$work"/*
    for source in "${sources[@]}"; do
        object=${source#"$MIO_SOURCE/"}
        "${compiler[@]}" -std=gnu11 -O1 -I "$MIO_SOURCE/include" -c "$source" -o "$work/${object//\//_}.o"
    done
    if "${compiler[0]%gcc}nm" -u "$work"/*.o | grep -E '__(atomic|sync)_'; then
        echo "FAILED: ${compiler[*]} needs -latomic"
        exit 1
    fi
    tried+=("${compiler[*]}")
done

if [[ ${#tried[@]} -eq 0 ]]; then
    echo "skipped: needs mipsel-linux-gnu-gcc, i686-linux-gnu-gcc or riscv64-linux-gnu-gcc, with its C library"
    exit 77
fi
printf '%s sources: %s\n' "${#sources[@]}" "$(IFS=,; echo "${tried[*]}")"
