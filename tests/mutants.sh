#!/usr/bin/env bash
# Mutants: each line of the four modules that decide is spoiled in turn, and a test must notice. `bash tests/mutants.sh`
# takes hours; `bash tests/mutants.sh client_ip` one module; further words go to cargo-mutants (`--shard 0/8`, `--re walk`,
# `--file src/scheme/plan.rs`). First those tests that take seconds; what they do not catch, all tests that may.
# What survives is printed: for each a test is owed, or its reason in tests/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

modules=(client_ip crypto scheme idempotency)
case "${1:-}" in
[a-z]*) modules=("$1") && shift ;;
esac
if ! cargo mutants --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-mutants
fi

# Incremental: a mutant is one function. No debug information, which nobody looks at. One folder for what is built, so
# that dependencies are built once.
export CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/mutants/built}
# That it fails is enough: nobody asks for the smallest input.
export PROPTEST_CASES=64 PROPTEST_MAX_SHRINK_ITERS=0
mkdir -p target/mutants
for module in "${modules[@]}"; do
    # The fewest features and tests that notice: what is built for each mutant is what takes the time.
    first=() own=("$module::")
    case "$module" in
    client_ip) features=() tests=() ;;
    crypto) features=(ecdsa rsa) tests=(wycheproof) ;;
    scheme)
        features=(cli) own=(--skip explain:: --skip idempotency::)
        first=(jwt verification) tests=(catalogue challenge fetched_keys schemes signature)
        ;;
    idempotency) features=(moka redis) tests=(faults redis) ;;
    esac
    # Given to each call of cargo: else all tests and examples are built for each mutant. Other files are not compiled with
    # these features.
    every=(--exclude '**/tests/**' --exclude '**/*tests.rs' --exclude '**/*_disabled.rs' --jobs 1
        --no-default-features --features "$(IFS=,; echo "${features[*]}")"
        --output "target/mutants/$module" --cargo-arg=--lib)
    case "$*" in
    *--file*) ;;
    *) every+=(--file "src/$module/**") ;;
    esac
    for test in "${first[@]}"; do every+=(--cargo-arg=--test "--cargo-arg=$test"); done
    # That mutants survive, or run without an end, is no failure of the run.
    cargo mutants "${every[@]}" --minimum-test-timeout 20 "$@" -- -- "${own[@]}" || [ $? = 2 ] || [ $? = 3 ]
    for test in "${tests[@]}"; do every+=(--cargo-arg=--test "--cargo-arg=$test"); done
    cargo mutants "${every[@]}" --iterate --minimum-test-timeout 60 "$@" || [ $? = 2 ] || [ $? = 3 ]
done
cat target/mutants/*/mutants.out/missed.txt
