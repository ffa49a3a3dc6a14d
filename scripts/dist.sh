#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The archive of what is committed here, as it is released, and the recipes of packaging/ for it.
#
#   dist.sh [--folder FOLDER] [--address ADDRESS] [--quick]
#
# Both are in FOLDER (build/dist). ADDRESS is where the archive is to be had from, without its name. The
# same commit gives the same archive. It is unpacked where there is no git, built, and its tests of
# packages, of documents and of the house are run there; --quick leaves that out. Then the recipes are
# followed as far as this machine can (tests/packaging/).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/build/dist
address=https://libmio.example
quick=""

while [[ $# -gt 0 ]]; do
    case $1 in
    --folder) folder=$2 && shift ;;
    --address) address=$2 && shift ;;
    --quick) quick=yes ;;
    *)
        echo "usage: $0 [--folder FOLDER] [--address ADDRESS] [--quick]" >&2
        exit 2
        ;;
    esac
    shift
done

bash "$root/scripts/install-deps.sh" dist
cd "$root"
version=$(sed -n 's/^#define MIO_VERSION_STRING *"\(.*\)"/\1/p' include/mio/version.h)
archive=$folder/libmio-$version.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- the archive ---

rm -rf "$folder"
mkdir -p "$folder"
# gzip writes down neither name nor time of what it reads from a pipe.
git archive --prefix="libmio-$version/" HEAD | gzip -9n >"$archive"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
    bash scripts/recipes.sh "$folder/recipes" "$archive" "$address"
(cd "$folder" && sha256sum "${archive##*/}" | tee "${archive##*/}.sha256")
tar -C "$work" -xf "$archive"

# --- without git ---

# Neither the program nor a repository around it.
mkdir "$work/bin"
printf '#!/bin/sh\necho "git is called: $*" >&2\nexit 1\n' >"$work/bin/git"
chmod +x "$work/bin/git"
export PATH=$work/bin:$PATH
cd "$work/libmio-$version"
if [[ -z $quick ]]; then
    # All that take the library alone, and not the objects of a model.
    TARGETS=mio bash scripts/build.sh default
    ctest --test-dir build/default -L 'package|house|docs' -E '^house\.(no_circles|internal_names)$' \
        -j "$(nproc)" --output-on-failure \
        >"$folder/test.log" 2>&1 || {
        tail -n 60 "$folder/test.log"
        exit 1
    }
    grep 'tests passed, ' "$folder/test.log"
fi

# --- the recipes ---

bash tests/packaging/check.sh "$folder/recipes" "$archive"
