#!/usr/bin/env bash
# slowhttptest against the reference receiver: slow heads, slow bodies, answers that are read slowly, 1,000 connections
# each. Fails where the service was unavailable at any time.
set -euo pipefail
cd "$(dirname "$0")/.."

ulimit -n 4096
cargo build --quiet --release --example reference_receiver
said=$(mktemp)
PORT=0 "${CARGO_TARGET_DIR:-target}/release/examples/reference_receiver" >"$said" &
receiver=$!
trap 'kill "$receiver"; rm -f "$said"' EXIT
until grep -q http "$said"; do
    kill -0 "$receiver" # or it has ended, and will never say where it serves
    sleep 0.1
done
url=$(grep -o 'http://[0-9.:]*[0-9]' "$said")

for mode in -H -B -X; do
    slowhttptest "$mode" -c 1000 -r 200 -i 2 -l 20 -t POST -s 1048576 -x 10 -p 3 -w 10 -y 20 -n 5 -z 32 -k 3 -u "$url/raw" 2>&1 |
        sed 's/\x1b\[[0-9;]*m//g' | grep 'service available' | sort | uniq -c | tee "$said.$mode"
    grep -q YES "$said.$mode"
    ! grep -q NO "$said.$mode"
    rm "$said.$mode"
done
