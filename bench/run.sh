#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every benchmark.
set -euo pipefail

for script in "$(dirname "$0")"/*.sh; do
    if [[ $(basename "$script") != run.sh ]]; then
        echo "== $(basename "$script" .sh)"
        bash "$script"
    fi
done
