#!/usr/bin/env bash
# Fuzzes what decodes payloads, and what reads arrays from files, with libFuzzer; prints how many inputs each target had.
#   scripts/fuzz.sh MINUTES [TARGET...]     TARGET: a folder of tests/fuzz/corpus; all of them if none is named
# Needs clang++-14 and its libFuzzer (Debian: clang-14 libclang-rt-14-dev). Stops at the first finding, whose input is
# kept in build/fuzz/findings. Inputs that reached new code are kept in build/fuzz/corpus; to commit what matters of them:
#   build/fuzz/tests/fuzz/fuzz_TARGET -set_cover_merge=1 -use_counters=0 tests/fuzz/corpus/TARGET build/fuzz/corpus/TARGET
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
minutes=${1:-}
if [[ ! $minutes =~ ^[0-9]+$ ]]; then
  sed -n '2,7s/^# \?//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
targets=("${@:2}")
for target in "${targets[@]}"; do
  [[ -d tests/fuzz/corpus/$target ]] && continue
  printf 'fuzz.sh: no target "%s"; accepted: %s\n' "$target" "$(cd tests/fuzz/corpus && echo *)" >&2
  exit 2
done
((${#targets[@]})) || mapfile -t targets < <(ls tests/fuzz/corpus)

[[ -e build/fuzz/build.ninja ]] || cmake --preset fuzz >/dev/null
cmake --build --preset fuzz
mkdir -p build/fuzz/findings
for target in "${targets[@]}"; do
  found=build/fuzz/corpus/$target
  mkdir -p "$found"
  printf '== %s\n' "$target"
  build/fuzz/tests/fuzz/"fuzz_$target" -max_total_time=$((60 * minutes)) -max_len=2048 -malloc_limit_mb=64 \
    -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/findings/$target-" \
    "$found" "tests/fuzz/corpus/$target"
done
