#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# headers.sh COMPILER STANDARD[,OLDER-NAME]...: what a user's strictest compiler says of the headers, in
# each of the standards that it knows: nothing. All headers together, and a program over the library,
# which then runs; and who ignores what must not be ignored, or uses what is deprecated, is told. In the
# first standard also each header alone, and in the first and the last the headers as they are on every
# platform, since the preprocessor chooses layouts.
set -euo pipefail

compiler=$1
shift
flags=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wcast-qual -Wshadow -Wundef -Werror
    -I "$MIO_SOURCE/include")
program=$MIO_SOURCE/tests/install/consumer/consumer.c
language=c
if [[ $1 == c++* ]]; then
    language=c++
    program=${program%.c}.cc
    flags+=(-Wold-style-cast)
fi
platforms=(OTHER LINUX FREEBSD NETBSD OPENBSD DRAGONFLY APPLE KQUEUE_LIBRARY ILLUMOS)
read -ra cflags <<<"$CFLAGS $MIO_CFLAGS"
read -ra libs <<<"$MIO_LIBS"

command -v "$compiler" >/dev/null || {
    echo "skipped: needs $compiler"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiled=0

# compile FLAG... : in this standard
compile() {
    compiled=$((compiled + 1))
    "$compiler" -x "$language" -std="$standard" "${flags[@]}" "$@"
}

# choose NAME... : sets `standard` to the first of the names that the compiler knows
choose() {
    for standard in "$@"; do
        if echo 'int main(void) { return 0; }' |
            "$compiler" -x "$language" -std="$standard" -fsyntax-only - 2>/dev/null; then
            return
        fi
    done
    return 1
}

# One unit a header, which is included twice, for its guard.
units=()
for path in "$MIO_SOURCE"/include/mio.h "$MIO_SOURCE"/include/mio/*.h; do
    unit=$work/unit${#units[@]}
    header=${path#"$MIO_SOURCE/include/"}
    printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$header" "$header" >"$unit"
    units+=("$unit")
done
cp "$MIO_SOURCE/tests/install/consumer/strict.c" "$work/all"

# refuse WARNING CODE : a function that ends with this code is warned of, and would compile otherwise
refuse() {
    printf '%s\n' '#include <mio.h>' 'MIO_BEGIN_DECLS' 'MIO_DEPRECATED("use another") MIO_API int old(void);' \
        'MIO_NODISCARD MIO_API int tell(void);' 'void use(struct mio_poll **poll);' 'MIO_END_DECLS' \
        "void use(struct mio_poll **poll) { $2; (void)poll; }" >"$work/refused"
    local options=("${cflags[@]}" -c -o "$work/refused.o")
    compile "${options[@]}" "-Wno-$1" "$work/refused"
    if compile "${options[@]}" "$work/refused" 2>"$work/log" || ! grep -q "$1" "$work/log"; then
        echo "FAILED: $standard: no warning of $2"
        cat "$work/log"
        exit 1
    fi
}

known=()
for names in "$@"; do
    # shellcheck disable=SC2086 # names are words
    if choose ${names//,/ }; then
        known+=("$standard")
    fi
done
[[ ${#known[@]} -gt 0 ]]

on_every_platform() {
    local platform
    for platform in "${platforms[@]}"; do
        compile -fsyntax-only "-DMIO_PLATFORM=MIO_PLATFORM_$platform" "$work/all"
    done
    compile -fsyntax-only -DMIO_PLATFORM=MIO_PLATFORM_NETBSD -DMIO_NETBSD_RELEASE=11 "$work/all"
}

for standard in "${known[@]}"; do
    compile -fsyntax-only "${cflags[@]}" "$work/all"
    if [[ $standard == "${known[0]}" ]]; then
        compile -fsyntax-only "${cflags[@]}" "${units[@]}"
        on_every_platform
    elif [[ $standard == "${known[-1]}" ]]; then
        on_every_platform
    fi
    refuse unused-result 'mio_poll_new(NULL, poll)'
    refuse unused-result 'tell()'
    refuse deprecated-declarations '(void)old()'
    "$compiler" -std="$standard" "${flags[@]}" "${cflags[@]}" "$program" "$MIO_LIBRARY" "${libs[@]}" \
        -o "$work/program"
    LD_LIBRARY_PATH=$(dirname "$MIO_LIBRARY") "$work/program" >"$work/said"
done

echo "${#units[@]} headers, ${#platforms[@]} platforms and a program in ${known[*]}: $compiled compilations"
