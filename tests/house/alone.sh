#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A suite of tests is compiled as one file (MIO_TESTS_AS_ONE), and so is the library in some builds:
# two things are not noticed there, that a file includes what it uses, since the one before it may
# have, and that variables without initialiser, which two files call alike, are two variables. The
# library's files are compiled with a strict -std= too, as its users may do.
#
#   alone.sh COMPILER
set -euo pipefail

cc=${1:?a compiler}
cd "$(dirname "$0")/../.."
failed=0

# compile FLAGS FILE... : each by itself
compile() {
    local flags
    read -ra flags <<<"$1"
    shift
    "$cc" "-std=${standard:-gnu11}" -fsyntax-only -Wall -Wextra -Werror -Iinclude -Itests \
        "${flags[@]}" "$@" || failed=1
}

# suite FLAGS FILE...
suite() {
    local twice
    compile "$@"
    shift
    # "static struct loop loop;", and the end of such a struct
    twice=$(sed -nE 's/^(static [^(){}=;]*|\} \**)\b([a-z_0-9]+)(\[[^;=]*\])?;.*/\2/p' "$@" |
        sort | uniq -d)
    if [[ -n $twice ]]; then
        echo "variables of several files in $(dirname "$1"): ${twice//$'\n'/ }"
        failed=1
    fi
}

# What is compiled for a system alone is compiled for that one.
kqueue="-Itests/kqueue/include -Itests/kqueue -DMIO_PLATFORM=MIO_PLATFORM_FREEBSD -DKQMODEL_FREEBSD"
ports="-Itests/ports_model/include -Itests/ports_model -DMIO_PLATFORM=MIO_PLATFORM_ILLUMOS"

shopt -s extglob
library=(src/*/*.c src/selector/*/*.c)
standard=c11
compile "" "${library[@]}"
compile "$kqueue" "${library[@]}"
compile "$ports" "${library[@]}"
standard=gnu11
suite "" tests/contract/!(kqueue_*|ports_*).c
suite "$kqueue" tests/contract/kqueue_*.c
suite "$ports" tests/contract/ports_*.c
suite "" tests/net/*.c
suite "$kqueue" tests/kqueue/kqmodel*.c
suite "$kqueue" tests/kqueue/@(test_*|expected).c
suite "$ports -DPOLLMODEL_ILLUMOS" tests/ports_model/portmodel*.c
suite "$ports" tests/ports_model/test_*.c
suite "$kqueue" tests/fault/*.c
suite "$kqueue -DFUZZ_KQMODEL" fuzz/!(libfuzzer|parse).c
exit "$failed"
