#!/usr/bin/env bash
# The long run: every check under libFuzzer, by default ten million executions each. `bash run.sh 100000 json_id` runs
# one of them shorter. Stops at the first input that breaks a check, which then stands in `artifacts/`.
set -euo pipefail
cd "$(dirname "$0")"

executions=${1:-10000000}
shift || true
checks=("$@")
if [ ${#checks[@]} -eq 0 ]; then
    for target in targets/*.rs; do checks+=("$(basename "$target" .rs)"); done
fi

if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-fuzz
fi
# The flags of the coverage are unstable; the compiler is the stable one. There is no `unsafe` for a sanitizer to watch.
export RUSTC_BOOTSTRAP=1
for check in "${checks[@]}"; do
    mkdir -p "corpus/$check"
    # An explanation is hundreds of attempts: half of the time would go into noting what is compared with what.
    build=(--fuzz-dir . --sanitizer none)
    if [ "$check" = explanation ]; then build+=(--no-trace-compares); fi
    cargo fuzz run "${build[@]}" "$check" "corpus/$check" "seeds/$check" -- \
        -runs="$executions" -max_len=1024 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0
    # Kept small: what adds no coverage goes.
    cargo fuzz cmin "${build[@]}" "$check" >/dev/null 2>&1
    echo "$check: $(ls "corpus/$check" | wc -l) inputs"
done
