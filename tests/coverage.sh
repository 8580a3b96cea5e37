#!/usr/bin/env bash
# Which lines of `src` the tests run: the files under 90 %, and the total, which fails under 90 %. By default all tests;
# `bash tests/coverage.sh --lib --test hostile` counts some of them. It needs llvm-profdata and llvm-cov of the version
# that the compiler is built with (`rustc -vV`): the package `llvm-22`, or `rustup component add llvm-tools`.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
tools=
for folder in "$(rustc --print sysroot)"/lib/rustlib/*/bin "/usr/lib/llvm-$version/bin"; do
    if [ -x "$folder/llvm-profdata" ]; then tools=$folder && break; fi
done
[ -n "$tools" ] || { echo "install llvm-$version, or the component llvm-tools" >&2; exit 1; }

# Only what is ours is compiled anew: the wrapper is asked for the crates of the workspace alone.
out=$PWD/target/coverage
rm -rf "$out"
mkdir -p "$out"
printf '#!/usr/bin/env bash\nexec "$@" -C instrument-coverage\n' >"$out/rustc"
chmod +x "$out/rustc"
export RUSTC_WORKSPACE_WRAPPER=$out/rustc LLVM_PROFILE_FILE="$out/%m-%p.profraw"

selected=("$@")
[ $# -gt 0 ] || selected=(--lib --bins --examples --tests)
cargo test --all-features "${selected[@]}" --no-run --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | sort -u >"$out/programs"
passed=yes
cargo test --all-features "${selected[@]}" --no-fail-fast || passed=no

# What a test kills leaves no profile, or half of one: those are left out.
find "$out" -name '*.profraw' -size +0 >"$out/profiles"
"$tools/llvm-profdata" merge --sparse --failure-mode=all --input-files "$out/profiles" -o "$out/merged.profdata"
objects=()
while read -r program; do objects+=(--object "$program"); done <"$out/programs"
"$tools/llvm-cov" report "${objects[@]}" --instr-profile "$out/merged.profdata" \
    --ignore-filename-regex '/(\.cargo|rustc|tests|benches|examples)/|tests\.rs$' >"$out/report"
awk '$1 ~ /\.rs$/ && $10 + 0 < 90 { print $10, $1 }' "$out/report" | sort -n
awk '$1 == "TOTAL" { print $10, "of the lines of src"; if ($10 + 0 < 90) exit 1 }' "$out/report"
[ $passed = yes ]
