#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Rust programs of the guide compile with the mio crate that Debian packs, without a network.
set -euo pipefail

crates=/usr/share/cargo/registry
if ! command -v cargo >/dev/null || ! compgen -G "$crates/mio-*" >/dev/null; then
    echo "not compiled: there is no cargo, or no crate called mio in $crates (librust-mio-dev)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v out="$work" -f "$MIO_SOURCE/tests/docs/extract.awk" "$MIO_SOURCE"/docs/guide/*.md
mkdir "$work/src"
mv "$work"/*.rs "$work/src/main.rs"
cat >"$work/Cargo.toml" <<'END'
[package]
name = "guide"
version = "0.0.0"
edition = "2021"

[dependencies]
mio = { version = "*", features = ["os-poll", "net"] }
END
cd "$work"
CARGO_HOME=$work/home cargo check --quiet --offline --config 'source.crates-io.replace-with="debian"' \
    --config "source.debian.directory=\"$crates\""
