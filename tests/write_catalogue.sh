#!/usr/bin/env bash
# Writes what follows from the catalogue's entries: the list of all senders, the tables in the documentation, the list in
# the README. Twice, because the last two need the first one compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
export WRITE_CATALOGUE=1
cargo test --quiet --all-features --test generated the_list
cargo test --quiet --all-features --test generated
cargo test --quiet --all-features --test challenge the_table
