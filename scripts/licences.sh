#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whether every file says its licence, by the rules of REUSE (https://reuse.software).
#
# What people write as code says it in its first two lines, since files are copied one by one. What has
# no comments (Markdown, results, lists, recipes that a packager's tools rewrite) is told of in .reuse/dep5.
set -euo pipefail

cd "$(dirname "$0")/.."

# Also without git, as an archive is.
code() {
    find . -name build -prune -o -name node_modules -prune -o -path ./.git -prune -o \
        -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.hpp' -o -name '*.rs' -o -name '*.def' \
        -o -name '*.sh' -o -name '*.bash' -o -name '*.bt' -o -name '*.awk' -o -name '*.py' -o -name '*.mjs' \
        -o -name '*.gp' -o -name '*.pml' -o -name '*.css' -o -name '*.yml' -o -name '*.[37]' \
        -o -name '*.cmake' -o -name '*.mk' -o -name '*.rb' -o -name CMakeLists.txt -o -name Makefile -o -path ./debian/rules \
        -o -path ./.ci/run \) -print0
}

mapfile -d '' files < <(code)
unsaid=$(printf '%s\0' "${files[@]}" | xargs -0 awk '
    FNR == 1 { if (file != "" && !said) print file; file = FILENAME; said = 0 }
    FNR <= 2 && /SPDX-[L]icense-Identifier: MIT( |$)/ { said = 1 }
    END { if (!said) print file }')
if [[ -n $unsaid ]]; then
    printf 'without a licence in the first two lines:\n%s\n' "$unsaid"
    exit 1
fi
echo "${#files[@]} files of code say their licence"

if ! command -v reuse >/dev/null; then
    echo "reuse is not installed: the other files were not looked at" >&2
    exit 0
fi
# It tells of an expression that it cannot read, and passes.
if [[ -e .git ]] && { ! said=$(reuse lint 2>&1) || [[ $said == *ERROR* ]]; }; then
    echo "$said"
    exit 1
fi
