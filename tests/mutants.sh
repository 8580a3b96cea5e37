#!/usr/bin/env bash
# Mutants: each line of the four modules that decide is spoiled in turn, and a test must notice. `bash tests/mutants.sh`
# takes days; `bash tests/mutants.sh client_ip` one module; further words go to cargo-mutants (`--shard 0/8`). What
# survives is printed: for each a test is owed, or its reason in tests/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

modules=(client_ip crypto scheme idempotency)
case "${1:-}" in
[a-z]*) modules=("$1") && shift ;;
esac
if ! cargo mutants --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-mutants
fi

# Incremental: a mutant is one function. No debug information, which nobody looks at.
export CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=0
for module in "${modules[@]}"; do
    case "$module" in
    client_ip) tests=(--test allowlist) ;;
    crypto) tests=(--test secrets --test wycheproof) ;;
    scheme) tests=(--test signature --test verification) ;;
    idempotency) tests=(--test faults --test redis) ;;
    esac
    # Given to each call of cargo: else all tests and examples are built for each mutant.
    built=(--cargo-arg=--lib "${tests[@]/#/--cargo-arg=}")
    cargo mutants --file "src/$module/**" --exclude '**/tests/**' --exclude '**/tests.rs' --all-features --jobs 1 \
        --output "target/mutants/$module" "${built[@]}" "$@" || [ $? = 2 ]
done
cat target/mutants/*/mutants.out/missed.txt
