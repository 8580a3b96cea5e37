#!/usr/bin/env bash
# The one test command: formatting, lints, every test with every feature, doc tests, examples, dependencies.
# It installs what is missing. `--long` also runs what takes more than a few minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

# The tests start servers of their own: what is missing is installed, by command and package. Nothing of it is to run as a
# service of the machine.
export PATH="$PATH:/usr/sbin"
missing=()
for needed in redis-server:redis-server postgres:postgresql promtool:prometheus nginx:nginx haproxy:haproxy \
    slowhttptest:slowhttptest valgrind:valgrind cc:gcc; do
    command -v "${needed%:*}" >/dev/null || ls /usr/lib/postgresql/*/bin/"${needed%:*}" >/dev/null 2>&1 ||
        missing+=("${needed#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "install ${missing[*]} with your package manager (Redis 7.0, PostgreSQL 12, promtool 2.42 or newer)" >&2
        exit 1
    fi
    step "installing ${missing[*]}"
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        policy=
    else
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
        $sudo chmod +x "$policy"
    fi
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    [ -z "$policy" ] || $sudo rm "$policy"
fi

step "formatting"
cargo fmt --all --check

step "lints"
cargo clippy --all-targets --all-features -- -D warnings

step "each feature alone, and none"
if ! cargo hack --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-hack
fi
cargo hack clippy --quiet --lib --each-feature --exclude-features default,full --exclude-all-features -- -D warnings

step "tests, all features"
cargo test --all-features --lib --bins --examples --tests

step "the example that brings TLS"
cargo clippy -p fetched_keys --all-targets -- -D warnings
cargo test -p fetched_keys

step "the examples with other frameworks"
cargo fmt --manifest-path examples/frameworks/Cargo.toml --check
cargo test --manifest-path examples/frameworks/Cargo.toml --target-dir target

step "instructions per delivery: none more than 3 % above those kept"
cargo clippy -p instructions --all-targets -- -D warnings
cargo bench -p instructions

if [ "${1:-}" = --long ]; then
    step "four receivers on one Redis, killed for a minute"
    RECEIVERS_SECONDS=60 cargo test --all-features --test receivers -- --nocapture

    step "the benches beside others still compile"
    cargo fmt --manifest-path benches/peers/Cargo.toml --check
    cargo clippy --manifest-path benches/peers/Cargo.toml --target-dir target --all-targets -- -D warnings

    step "the t-tests of refusals still compile"
    cargo fmt --manifest-path tests/constant_time/Cargo.toml --check
    cargo clippy --manifest-path tests/constant_time/Cargo.toml --target-dir target --all-targets -- -D warnings
    cargo test --manifest-path tests/constant_time/Cargo.toml --target-dir target

    step "thousands of slow senders, in release"
    (
        ulimit -n 20000
        SLOW_BODIES=2000 HALF_HEADS=5000 HUGE_BODIES=1000 \
            cargo test --release --test slow_senders -- --nocapture --test-threads 1
    )
    tests/slowhttptest.sh

    step "a million headers through nginx and HAProxy"
    PROXY_CASES=1000000 cargo test --release --test proxies -- --nocapture
fi

step "doc tests"
cargo test --all-features --doc

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --all-features --no-deps

step "the quickstart, as the README says it"
PORT=0 cargo run --quiet --example quickstart -- --once

step "the default build: at most 70 crates, no C compiler"
crates=$(cargo tree -e normal --prefix none | sed 's/ (\*)$//' | sort -u | wc -l)
echo "$crates crates"
[ "$crates" -le 70 ]
if cargo tree -e normal,build --prefix none | grep -E '^(cc|cmake|bindgen) v'; then
    echo "a C compiler is needed" >&2
    exit 1
fi

step "dependencies: bans, licences, sources"
if ! cargo deny --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-deny
fi
cargo deny --log-level error check bans licenses sources
# Advisories need a database from the network; where it cannot be had, that is said and goes on.
if cargo deny fetch >/dev/null 2>&1; then
    cargo deny --log-level error check advisories
else
    echo "advisories: the database cannot be fetched here"
fi

printf '\nall passed\n'
