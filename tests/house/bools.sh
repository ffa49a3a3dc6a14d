#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An atomic_bool is loaded and stored, and nothing else: RISC-V exchanges no single byte, and its gcc
# calls a function of libatomic for it.
set -euo pipefail

cd "$(dirname "$0")/../.."
mapfile -t names < <(grep -rhoE 'atomic_bool +[a-z_]+' src | sed 's/.* //' | sort -u)
if [[ ${#names[@]} -eq 0 ]]; then
    echo "no atomic_bool was found in src: is it spelled in another way?"
    exit 1
fi
pattern="atomic_(exchange|compare_exchange|fetch)[a-z_]*\(&([a-z_]+(->|\.))*($(IFS='|'; echo "${names[*]}"))[,)]"
if grep -rnE "$pattern" src; then
    echo "FAILED: take an atomic_int"
    exit 1
fi
echo "${#names[@]} atomic_bool are loaded and stored"
