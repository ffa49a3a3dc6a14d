#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Removes what `make install` has put somewhere, below DESTDIR if that was given, and the folders
# that are empty then and were libmio's own: uninstall.sh [BUILD], by default build/release.
set -euo pipefail

cd "$(dirname "$0")/.."
manifest=${1:-build/release}/install_manifest.txt
if [[ ! -r $manifest ]]; then
    echo "nothing is known of an installation: there is no $manifest" >&2
    exit 1
fi
count=0
while IFS= read -r file || [[ -n $file ]]; do
    rm -f "${DESTDIR:-}$file"
    folder=$(dirname "${DESTDIR:-}$file")
    case $folder in
    */mio | */mio-adapters | */libmio) rmdir "$folder" 2>/dev/null || true ;;
    esac
    count=$((count + 1))
done <"$manifest"
echo "removed $count files"
