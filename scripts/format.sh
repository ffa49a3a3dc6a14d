#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Formats all sources with clang-format 14, whose output other versions do not quite match; with
# --check it only says which are not formatted, and fails.
set -euo pipefail

cd "$(dirname "$0")/.."

tool=
for candidate in clang-format-14 clang-format; do
    if command -v "$candidate" >/dev/null && "$candidate" --version | grep -q 'version 14\.'; then
        tool=$candidate
        break
    fi
done
if [[ -z $tool ]]; then
    echo "needs clang-format 14" >&2
    exit 1
fi

mapfile -d '' files < <(
    for folder in include src tests examples adapters bench fuzz; do
        if [[ -d $folder ]]; then
            find "$folder" \( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.hpp' \) -print0
        fi
    done
)

if [[ ${1:-} == --check ]]; then
    "$tool" --dry-run --Werror "${files[@]}"
    echo "${#files[@]} files are formatted"
else
    "$tool" -i "${files[@]}"
fi
