#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# headers.sh STANDARD...: every public header compiles alone, without a warning, in each of the
# standards; and so does what they are on every platform, since the preprocessor chooses layouts.
set -euo pipefail

standards=("$@")
flags=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$MIO_SOURCE/include")
platforms=(OTHER LINUX FREEBSD NETBSD OPENBSD DRAGONFLY APPLE KQUEUE_LIBRARY)
headers=(mio.h)
for path in "$MIO_SOURCE"/include/mio/*.h; do
    headers+=("mio/$(basename "$path")")
done
read -ra cflags <<<"$CFLAGS $MIO_CFLAGS"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiled=0

# compile FLAG... : the file $work/unit in each of the standards
compile() {
    local standard
    for standard in "${standards[@]}"; do
        if [[ $standard == c++* ]]; then
            "$CXX" -x c++ -std="$standard" "${flags[@]}" "$@" "$work/unit"
        else
            "$CC" -x c -std="$standard" "${flags[@]}" "$@" "$work/unit"
        fi
        compiled=$((compiled + 1))
    done
}

for header in "${headers[@]}"; do
    # Twice, for the guard.
    printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$header" "$header" \
        >"$work/unit"
    compile "${cflags[@]}"
done

printf '#include <mio.h>\n#include <mio/kqueue.h>\nint main(void) { return 0; }\n' >"$work/unit"
for platform in "${platforms[@]}"; do
    compile "-DMIO_PLATFORM=MIO_PLATFORM_$platform"
done
compile -DMIO_PLATFORM=MIO_PLATFORM_NETBSD -DMIO_NETBSD_RELEASE=11

echo "${#headers[@]} headers, ${#platforms[@]} platforms, $compiled compilations: $*"
