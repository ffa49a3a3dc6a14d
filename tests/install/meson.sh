#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# As a part of a Meson project, which runs CMake for it: the library, and neither tests nor model.
set -euo pipefail

for tool in meson ninja; do
    command -v "$tool" >/dev/null || {
        echo "skipped: needs $tool"
        exit 77
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/subprojects"
ln -s "$MIO_SOURCE" "$work/subprojects/libmio"
cp "$MIO_SOURCE/tests/install/consumer/consumer.c" "$work/"
cat >"$work/meson.build" <<'END'
project('consumer', 'c')
libmio = import('cmake').subproject('libmio')
message('targets: ' + ', '.join(libmio.target_list()))
executable('consumer', 'consumer.c', dependencies: libmio.dependency('libmio'))
END
if ! { meson setup "$work/build" "$work" && ninja -C "$work/build"; } >"$work/log" 2>&1; then
    tail -n 40 "$work/log"
    exit 1
fi
"$work/build/consumer"
targets=$(sed -n 's/.*targets: //p' "$work/log")
[[ $targets == "mio_objects, libmio" || $targets == "libmio, mio_objects" ]] || {
    echo "FAILED: more than the library: $targets"
    exit 1
}
