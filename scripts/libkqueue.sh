#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The contract, net and unit suites over a kqueue that is a library: libkqueue, on Linux.
#
#   libkqueue.sh [--folder FOLDER] [--no-check-gpg] [CTEST-ARGUMENT]...
#
# A machine that has libkqueue-dev builds and runs them itself. Elsewhere they run in an Ubuntu 24.04
# that debootstrap makes in FOLDER/system (build/libkqueue), once: no Debian from 11 to 13 has the
# package. That needs root, debootstrap, util-linux's unshare, and the keys of Ubuntu's archive, or
# --no-check-gpg to take its packages unchecked. Exits with 77 where there can be no libkqueue.
# MAKEFLAGS says how many compile at once, CTEST_PARALLEL_LEVEL how many test.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/build/libkqueue
headers=/usr/include/kqueue
mirror=http://archive.ubuntu.com/ubuntu
release=noble
keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
checking=(--keyring="$keyring")
arguments=()
outcome=0

usage() {
    echo "usage: $0 [--folder FOLDER] [--no-check-gpg] [CTEST-ARGUMENT]..." >&2
    exit 2
}

cannot() {
    echo "libkqueue.sh: skipped: $*" >&2
    exit 77
}

# --- the system ---

install_system() {
    rm -rf --one-file-system "$folder/system.new"
    debootstrap "${checking[@]}" --variant=minbase --components=main,universe \
        --include=gcc,libc6-dev,make,cmake,libkqueue-dev \
        "$release" "$folder/system.new" "$mirror" gutsy
    mv "$folder/system.new" "$folder/system"
}

make_system() {
    local tool
    [[ $(id -u) -eq 0 ]] || cannot "no libkqueue-dev here, and no root to make a system with it"
    for tool in debootstrap unshare; do
        command -v "$tool" >/dev/null || cannot "no libkqueue-dev here, and no $tool"
    done
    [[ ! -d $folder/system ]] || return 0
    [[ ${checking[0]} == --no-check-gpg || -r $keyring ]] ||
        cannot "no libkqueue-dev here, and no $keyring to check Ubuntu's by (--no-check-gpg)"
    mkdir -p "$folder"
    install_system >"$folder/install.log" 2>&1 ||
        cannot "$release could not be installed; see $folder/install.log"
}

# in_system COMMAND... : there, with the sources in /mnt, and FOLDER in /media. The mounts are this
# command's own.
in_system() {
    unshare --mount --propagation private bash -c '
        set -e
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        mount --bind "$2" "$1/mnt"
        mount --bind "$3" "$1/media"
        system=$1
        shift 3
        ulimit -Sn 1024
        exec chroot "$system" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            LANG=C.UTF-8 MAKEFLAGS="$MAKEFLAGS" CTEST_PARALLEL_LEVEL="$CTEST_PARALLEL_LEVEL" "$@"
        ' bash "$folder/system" "$root" "$folder" "$@" </dev/null
}

# --- the suites ---

# run_suites SOURCES BUILD COMMAND... : which runs what follows.
run_suites() {
    local sources=$1 build=$2
    shift 2
    "$@" cmake -S "$sources" -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g" \
        -DMIO_WERROR=ON -DMIO_BUILD_EXAMPLES=OFF -DMIO_INSTALL=OFF \
        -DMIO_KQUEUE_INCLUDE_DIR="$headers" -DMIO_KQUEUE_LIBRARY=kqueue >"$folder/configure.log"
    "$@" cmake --build "$build" --target contract_programs net_programs unit_programs \
        >"$folder/build.log"
    "$@" ctest --test-dir "$build" --output-on-failure -L '^(contract|net|unit)$' -E '^plugin' \
        "${arguments[@]}"
}

# How many tests there were, and why some were skipped.
tell_tests() {
    local log=$folder/$1/Testing/Temporary/LastTest.log
    [[ ! -r $log ]] || awk -f "$root/scripts/tests.awk" "$log"
}

while [[ $# -gt 0 ]]; do
    case $1 in
    --folder)
        [[ $# -ge 2 ]] || usage
        mkdir -p "$2"
        folder=$(cd "$2" && pwd)
        shift
        ;;
    --no-check-gpg) checking=(--no-check-gpg) ;;
    *) arguments+=("$1") ;;
    esac
    shift
done
export MAKEFLAGS=${MAKEFLAGS:--j$(nproc)} CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}

if [[ -r $headers/sys/event.h ]]; then
    mkdir -p "$folder"
    run_suites "$root" "$folder/here" env || outcome=$?
    tell_tests here
else
    make_system
    run_suites /mnt /media/there in_system || outcome=$?
    tell_tests there
fi
exit "$outcome"
