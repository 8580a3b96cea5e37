#!/usr/bin/env bash
# Tries this crate against the senders' own SDKs. Installs them into a folder outside the tree. See README.md.
# Arguments are names of senders; without any, all are tried.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=${DIFFERENTIAL_SCRATCH:-${TMPDIR:-/tmp}/tower-webhook-differential}

cargo build --quiet --manifest-path "$here/../../Cargo.toml" --features full --bin tower-webhook
target=$(cargo metadata --manifest-path "$here/../../Cargo.toml" --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

mkdir -p "$scratch"
if ! cmp -s "$here/package.json" "$scratch/package.json" || [ ! -e "$scratch/installed" ]; then
    rm -f "$scratch/installed"
    cp "$here/package.json" "$scratch/"
    (cd "$scratch" && npm install --silent --no-audit --no-fund --ignore-scripts --no-package-lock)
    touch "$scratch/installed"
fi
# Node finds packages beside the files that import them.
rm -rf "$scratch/adapters" "$scratch/lib"
cp -r "$here/adapters" "$here/lib" "$here/driver.mjs" "$scratch/"
TOWER_WEBHOOK="$target/debug/tower-webhook" exec node "$scratch/driver.mjs" "$@"
