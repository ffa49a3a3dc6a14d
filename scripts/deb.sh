#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian's packages of what is committed here: libmio0, libmio-dev and libmio-doc.
#
#   deb.sh [--folder FOLDER] [--system FOLDER]
#
# Builds them in FOLDER (build/deb), with the tests over this system's selectors, has lintian look at
# them, and compares their version with the library's. Looks in the log and in the library for each
# hardening flag, and builds the packages again in another folder, without tests: every byte has to be
# the same. --system names a bare Debian root, as
# scripts/bare.sh makes one: the packages are installed into a copy of it, and debian/tests are run
# there. That needs root.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/build/deb
system=""

while [[ $# -gt 0 ]]; do
    case $1 in
    --folder) folder=$2 ;;
    --system) system=$2 ;;
    *)
        echo "usage: $0 [--folder FOLDER] [--system FOLDER]" >&2
        exit 2
        ;;
    esac
    shift 2
done

bash "$root/scripts/install-deps.sh" deb
cd "$root"
version=$(sed -n 's/^#define MIO_VERSION_STRING *"\(.*\)"/\1/p' include/mio/version.h)
packaged=$(sed -n '1s/^libmio (\(.*\)-[^-]*) .*/\1/p' debian/changelog)
if [[ $version != "$packaged" ]]; then
    echo "the library is $version, and debian/changelog has $packaged" >&2
    exit 1
fi

# --- building ---

rm -rf "$folder"
mkdir -p "$folder"
git archive --prefix="libmio-$version/" HEAD -- . ':!debian' |
    xz -1 >"$folder/libmio_$version.orig.tar.xz"
git archive HEAD debian >"$folder/debian.tar"

# build FOLDER [OPTION] : the packages, in FOLDER; OPTION is one of DEB_BUILD_OPTIONS
build() {
    mkdir -p "$1"
    tar -C "$1" -xf "$folder/libmio_$version.orig.tar.xz"
    tar -C "$1/libmio-$version" -xf "$folder/debian.tar"
    if ! (cd "$1/libmio-$version" && DEB_BUILD_OPTIONS="parallel=$(nproc) ${DEB_BUILD_OPTIONS:-} ${2:-}" \
        dpkg-buildpackage -us -uc ${2:+-b}) >"$1/build.log" 2>&1; then
        tail -n 40 "$1/build.log"
        exit 1
    fi
}

build "$folder"
grep -h 'tests passed, ' "$folder/build.log" || echo "built without tests"
cd "$folder"
ls -l ./*.deb

# --- what a distribution asks ---

# The bug that asks for a new package is Debian's to number.
lintian --allow-root --fail-on error,warning --pedantic --display-info \
    --suppress-tags initial-upload-closes-no-bugs ./*.changes
echo "lintian: no error, no warning"

# What dpkg-buildflags says of hardening is in each command, and in the library. Debian's gcc makes
# programs position independent by itself.
blhc --all --debian build.log
dpkg-deb -x libmio0_*.deb shared
# Debian 12 does not ask for protected branches yet.
unasked=()
[[ $(DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --get CFLAGS) == *-protection* ]] ||
    unasked=(--nocfprotection)
hardening-check "${unasked[@]}" shared/usr/lib/*/libmio.so.0
echo "hardened: all flags"

# --- the same bytes ---

build "$folder/again/in-another-folder" nocheck
for package in *.deb; do
    cmp "$package" "again/in-another-folder/$package"
done
rm -r again
echo "built again in another folder: the same bytes"

# --- in a fresh system ---

[[ -n $system ]] || exit 0
rm -rf --one-file-system "$folder/system"
cp -a "$system" "$folder/system"
mkdir "$folder/system/root/packages"
cp ./*.deb "$folder/system/root/packages/"
cp -R "libmio-$version/README.md" "libmio-$version/debian" "$folder/system/root/"
unshare --mount --propagation private bash -c '
    set -e
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive bash -ec "
            apt-get update -q >/dev/null
            apt-get install -q -y --no-install-recommends /root/packages/*.deb gcc libc6-dev pkg-config >/dev/null
            cd /root
            dpkg -l | grep libmio
            sh debian/tests/first-program
            apt-get purge -q -y libmio0 libmio-dev libmio-doc >/dev/null
            ! find / -xdev -name \"*libmio*\" -not -path \"/root/*\" | grep ."' bash "$folder/system" </dev/null
echo "installed into a fresh system, used, and taken away"
