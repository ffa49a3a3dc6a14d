#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A newcomer's first hour, on a machine that has nothing: a bare Debian 12 with gcc, make, cmake and
# git, 1024 descriptors, and a clean clone of what is committed here. Needs root, debootstrap and
# util-linux's unshare.
#
#   bare.sh [--load N] [--folder FOLDER] [COMMAND]...
#
# COMMANDs are run one after the other, each whether or not the one before has failed; by default
# `make run`, `make test` and `make bench QUICK=1`. --load N keeps N busy loops beside them. FOLDER
# (build/bare) holds the system as it was installed, a copy that the commands work in, and a log of
# each command.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/build/bare
load=0
commands=()
release=bookworm
mirror=http://deb.debian.org/debian

usage() {
    echo "usage: $0 [--load N] [--folder FOLDER] [COMMAND]..." >&2
    exit 2
}

# --- the system ---

# What the machine's apt knows: its own ways to Debian's packages.
copy_apt() {
    local system=$1 file
    cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
    cp -R /etc/apt/apt.conf.d/. "$system/etc/apt/apt.conf.d/"
    mkdir -p "$system/usr/share/keyrings"
    cp /usr/share/keyrings/debian-*.gpg "$system/usr/share/keyrings/"
    for file in sources.list sources.list.d/debian.sources; do
        if [[ -s /etc/apt/$file ]]; then
            rm -f "$system/etc/apt/sources.list"
            cp "/etc/apt/$file" "$system/etc/apt/$file"
        fi
    done
}

install_system() {
    local system=$folder/system.new
    rm -rf --one-file-system "$system"
    debootstrap --variant=minbase "$release" "$system" "$mirror"
    if [[ -r /etc/os-release ]] && grep -q "VERSION_CODENAME=$release" /etc/os-release; then
        copy_apt "$system"
    fi
    in_system "$system" 'apt-get update -q &&
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends gcc libc6-dev make cmake git'
    mv "$system" "$folder/system"
}

# in_system FOLDER COMMAND : there, as a login would run it. The mounts are this command's own.
in_system() {
    unshare --mount --propagation private bash -c '
        set -e
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            bash -c "ulimit -Sn 1024; cd /root; $2"' bash "$1" "$2" </dev/null
}

# --- the commands ---

busy=()
stop_load() {
    if [[ ${#busy[@]} -gt 0 ]]; then
        kill "${busy[@]}"
    fi
}

start_load() {
    local i
    for ((i = 0; i < load; i++)); do
        bash -c 'while :; do :; done' &
        busy+=($!)
    done
}

run_commands() {
    local command log number=0 started outcome failed=0
    for command in "${commands[@]}"; do
        number=$((number + 1)) started=$SECONDS outcome=0
        log=$folder/$number.log
        in_system "$folder/work" "cd libmio && $command" >"$log" 2>&1 || outcome=$?
        [[ $outcome -eq 0 ]] || failed=1
        printf '%s: %d after %d s; %s\n' "$command" "$outcome" "$((SECONDS - started))" "$log"
        tail -n 12 "$log" | sed 's/^/    /'
    done
    return "$failed"
}

while [[ $# -gt 0 ]]; do
    case $1 in
    --load | --folder)
        [[ $# -ge 2 ]] || usage
        if [[ $1 == --load ]]; then load=$2; else folder=$2; fi
        shift
        ;;
    -*) usage ;;
    *) commands+=("$1") ;;
    esac
    shift
done
[[ ${#commands[@]} -gt 0 ]] || commands=("make run" "make test" "make bench QUICK=1")
[[ $(id -u) -eq 0 ]] || {
    echo "bare.sh: needs root, to make a system and to enter it" >&2
    exit 1
}
for tool in debootstrap unshare git; do
    command -v "$tool" >/dev/null || {
        echo "bare.sh: needs $tool" >&2
        exit 1
    }
done

mkdir -p "$folder"
[[ -d $folder/system ]] || install_system >"$folder/install.log" 2>&1 || {
    tail -n 20 "$folder/install.log"
    echo "bare.sh: the system could not be installed; see $folder/install.log" >&2
    exit 1
}
rm -rf --one-file-system "$folder/work"
cp -a "$folder/system" "$folder/work"
git clone -q "file://$root" "$folder/work/root/libmio"
trap stop_load EXIT
start_load
run_commands
