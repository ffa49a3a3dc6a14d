#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The site of `make site` can be made, and no link in it leads nowhere: neither in the documents nor in
# the manual.
set -euo pipefail

for tool in python3 cmark-gfm mandoc; do
    if ! command -v "$tool" >/dev/null; then
        echo "not made: $tool is not installed"
        exit 77
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$MIO_SOURCE/scripts/site.py" "$work"
