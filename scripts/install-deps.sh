#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what a task needs and this machine lacks: install-deps.sh [GROUP]..., one of those below,
# or the name of a port, see scripts/ports.sh.
# With apt-get, as root or with sudo; elsewhere, and where the packages are not to be had, it only
# says what is missing.
set -euo pipefail

# What each group needs: a command, or a file (a pattern), and the Debian package that brings it.
declare -A needs
needs[run]="cmake:cmake make:make gcc:gcc /usr/include/stdio.h:libc6-dev"
needs[test]="${needs[run]} socat:socat g++:g++ pkg-config:pkg-config spin:spin strace:strace python3:python3
    curl:curl wrk:wrk mandoc:mandoc cmark-gfm:cmark-gfm"
needs[ci]="${needs[test]} git:git clang:clang clang-format-14:clang-format-14 clang-tidy:clang-tidy
    /usr/lib/llvm-*/lib/clang/*/lib/linux/*tsan*:libclang-rt-14-dev cppcheck:cppcheck
    valgrind:valgrind reuse:reuse npm:npm tcc:tcc meson:meson ninja:ninja-build abidw:abigail-tools
    i686-linux-gnu-gcc:gcc-i686-linux-gnu /usr/i686-linux-gnu/include/stdio.h:libc6-dev-i386-cross
    mipsel-linux-gnu-gcc:gcc-mipsel-linux-gnu /usr/mipsel-linux-gnu/include/stdio.h:libc6-dev-mipsel-cross"
# The guide and the manual as pages of a site, and a browser that takes pictures of it.
needs[site]="cmark-gfm:cmark-gfm mandoc:mandoc python3:python3"
needs[look]="chromium:chromium"
# What the guide compares with, for its programs.
needs[docs]="${needs[test]} /usr/include/event2/event.h:libevent-dev /usr/include/uv.h:libuv1-dev"
needs[macos]="npm:npm"
needs[adapters]="${needs[run]} g++:g++ pkg-config:pkg-config openssl:openssl
    /usr/include/openssl/ssl.h:libssl-dev /usr/include/ares.h:libc-ares-dev
    /usr/include/*/curl/curl.h:libcurl4-openssl-dev python3:python3
    /usr/include/hiredis/async.h:libhiredis-dev redis-server:redis-server
    /usr/include/glib-2.0/glib.h:libglib2.0-dev
    /usr/include/postgresql/libpq-fe.h:libpq-dev /usr/lib/postgresql/*/bin/initdb:postgresql
    /usr/include/event2/event.h:libevent-dev /usr/include/liburing.h:liburing-dev"
needs[lines]="${needs[run]} pkg-config:pkg-config python3:python3 openssl:openssl
    /usr/include/openssl/ssl.h:libssl-dev /usr/include/event2/event.h:libevent-dev /usr/include/uv.h:libuv1-dev"
needs[deb]="${needs[run]} git:git dh:debhelper dpkg-buildpackage:dpkg-dev fakeroot:fakeroot lintian:lintian
    blhc:blhc hardening-check:devscripts xz:xz-utils"
needs[dist]="${needs[test]} git:git meson:meson ninja:ninja-build bmake:bmake ruby:ruby"
# Debian's Rust crates are there for the comparison with mio, if there is a cargo.
needs[bench]="${needs[run]} valgrind:valgrind gnuplot:gnuplot-nox pkg-config:pkg-config
    /usr/include/ev.h:libev-dev /usr/include/event2/event.h:libevent-dev /usr/include/uv.h:libuv1-dev
    /usr/include/iv.h:libivykis-dev /usr/share/cargo/registry/mio-*:librust-mio-dev"
needs[musl]="${needs[run]} musl-gcc:musl-tools"
needs[musl-static]="${needs[musl]}"
needs[i386]="${needs[run]} i686-linux-gnu-gcc:gcc-i686-linux-gnu qemu-i386:qemu-user
    /usr/i686-linux-gnu/include/stdio.h:libc6-dev-i386-cross"
needs[aarch64]="${needs[run]} aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu qemu-aarch64:qemu-user
    /usr/aarch64-linux-gnu/include/stdio.h:libc6-dev-arm64-cross"
needs[riscv64]="${needs[run]} riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu qemu-riscv64:qemu-user
    /usr/riscv64-linux-gnu/include/stdio.h:libc6-dev-riscv64-cross"
needs[armhf]="${needs[run]} arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf qemu-arm:qemu-user
    /usr/arm-linux-gnueabihf/include/stdio.h:libc6-dev-armhf-cross"
needs[s390x]="${needs[run]} s390x-linux-gnu-gcc:gcc-s390x-linux-gnu qemu-s390x:qemu-user
    /usr/s390x-linux-gnu/include/stdio.h:libc6-dev-s390x-cross"

# missing ITEM... : the packages of those that are not there
missing() {
    local item probe
    for item in "$@"; do
        probe=${item%%:*}
        if [[ $probe == /* ]]; then
            compgen -G "$probe" >/dev/null || echo "${item##*:}"
        else
            command -v "$probe" >/dev/null || echo "${item##*:}"
        fi
    done
}

# Any compiler called cc will do where there is no gcc.
without_needless() {
    if command -v cc >/dev/null; then
        grep -vxE 'gcc' || true
    else
        cat
    fi
}

install_packages() {
    local as_root=()
    if [[ $(id -u) -ne 0 ]]; then
        as_root=(sudo)
    fi
    echo "installing: $*"
    "${as_root[@]}" apt-get update -q -o Acquire::http::Timeout=20 || true # the old lists may do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" ||
        echo "missing, and apt-get cannot install it: $*" >&2
}

main() {
    local group items=()
    for group in "${@:-test}"; do
        if [[ -z ${needs[$group]:-} ]]; then
            echo "usage: $0 [GROUP|PORT]..." >&2
            exit 2
        fi
        local more
        read -ra more -d '' <<<"${needs[$group]}" || true
        items+=("${more[@]}")
    done
    local packages
    mapfile -t packages < <(missing "${items[@]}" | without_needless | sort -u)
    if [[ ${#packages[@]} -eq 0 ]]; then
        return
    fi
    if ! command -v apt-get >/dev/null; then
        echo "missing here, by the names of Debian's packages: ${packages[*]}" >&2
        return
    fi
    if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
        echo "missing, and neither root nor sudo to install it with: ${packages[*]}" >&2
        return
    fi
    install_packages "${packages[@]}"
}

main "$@"
