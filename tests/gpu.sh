#!/usr/bin/env bash
# All that only a machine with an NVIDIA GPU can show, in two calls. A step that fails does not stop the others.
#   tests/gpu.sh [check]       the tests there, times beside PyTorch and CUB, coarse device profiles of simrun's kernels
#                              and of PyTorch's operations, what ncu counts; then the large tests and
#                              compute-sanitizer, side by side. At most 9 minutes
#   tests/gpu.sh full [25|26|27]
#                              whole device profiles of both, of arrays of up to 2^25 elements (at most 4 minutes), 2^26
#                              (6) or, if nothing is said, 2^27 (9)
# What runs is in .gpu/pack.tgz where scripts/gpu_pack.sh has made it, for a machine on which nothing else is installed;
# or in BUILD, a finished build. Without either build/gpu is brought up to date, which comes on top of these minutes.
# Results go to OUT/check and OUT/full as they come (OUT: results/gpu); summary.txt has how each step ended. Exit status
# 1: a step failed; 77: there is no GPU, and all were skipped.
# shellcheck disable=SC2317 # functions are called through bash -c
set -uo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$root" || exit
cores=$(nproc)
no_gpu="" unpacked=""
PATH+=:/usr/local/cuda/bin
export PATH PYTHONUNBUFFERED=1

die() { printf 'gpu.sh: %s\n' "$*" >&2 && exit 2; }

main() {
  local call=check power=27 seconds=390 torch_seconds=75
  case "$*" in
    "" | check) ;;
    full | "full 27") call=full ;;
    "full 26") call=full power=26 seconds=240 torch_seconds=50 ;;
    "full 25") call=full power=25 seconds=125 torch_seconds=40 ;;
    *) die "usage: tests/gpu.sh [check | full [25|26|27]]; OUT and BUILD in the environment name folders" ;;
  esac
  trap 'rm -rf "$unpacked"' EXIT
  find_build
  out=${OUT:-results/gpu}/$call
  mkdir -p "$out" || die "cannot write to $out"
  rm -f "$out"/*.log "$out"/{ncu.csv,summary.txt}
  export build out
  trap 'end_now 130' INT
  trap 'end_now 143' TERM
  step gpu 20 summary.txt describe
  ((last_status != 77)) || no_gpu=yes
  "$call"
  finish
}

check() {
  step tests 60 tests.log "$build/tests/test_gpu" "~[large]" --durations yes
  step "side by side" 95 side-by-side.log side_by_side
  step calibrate 80 calibrate.log "$build/sim/simrun" calibrate --device cuda --quick -o "$out/profile.json"
  step "by PyTorch" 45 by-pytorch.log calibrate_pytorch --quick --most-elements $((1 << 23)) --budget 38
  step ncu 60 ncu.csv count_by_ncu
  # Nothing is timed from here on.
  begin large 180 large.log in_shares $((cores > 7 ? cores - 6 : 1)) large "$build/tests/test_gpu" "[large]"
  begin memcheck 180 sanitizers.log under_sanitizer memcheck
  begin racecheck 180 sanitizers.log under_sanitizer racecheck
  end
}

full() {
  step calibrate $((seconds + 30)) calibrate.log "$build/sim/simrun" calibrate --device cuda \
    --budget "$seconds" --most-elements $((1 << power)) -o "$out/profile.json"
  step "by PyTorch" $((torch_seconds + 20)) by-pytorch.log calibrate_pytorch \
    --budget "$torch_seconds" --most-elements $((1 << power))
}

# Sets `build`.
find_build() {
  if [[ ${BUILD-} ]]; then
    build=$(readlink -f "$BUILD")
  elif [[ -e .gpu/pack.tgz ]]; then
    unpacked=$(mktemp -d)
    tar -C "$unpacked" -xzf .gpu/pack.tgz || die "cannot unpack .gpu/pack.tgz: scripts/gpu_pack.sh makes it anew"
    build=$unpacked/pack
    mkdir "$build/share" && ln -s "$root" "$build/share/simrun" # where simrun looks for models and profiles
  else
    build=$root/build/gpu
    { cmake --preset gpu && cmake --build --preset gpu; } >&2 || die "the build failed"
  fi
}

# Steps that have begun and not ended, by process id.
declare -A names limits logs begins

# NAME SECONDS LOG COMMAND...: begins a step, which may take so long.
begin() {
  local name=$1 limit=$2 log=$out/$3
  shift 3
  [[ ! $no_gpu ]] || set -- skip "there is no GPU"
  timeout --kill-after=15 "$limit" bash -c '"$@"' - "$@" >>"$log" 2>&1 </dev/null &
  names[$!]=$name limits[$!]=$limit logs[$!]=$log begins[$!]=$SECONDS
}

# Waits for all steps that have begun, and says how each ended.
end() {
  local process
  while ((${#names[@]})); do
    last_status=0
    wait -n -p process "${!names[@]}" || last_status=$?
    tell "$process"
    unset "names[$process]"
  done
}

step() { begin "$@" && end; }

# PROCESS
tell() {
  local log=${logs[$1]} how
  printf '\n== %s\n' "${names[$1]}"
  tail -n 40 "$log" | cut -c 1-200
  case $last_status in
    0) how=ok ;;
    77) how=$(tail -n 1 "$log") ;;
    124 | 137) how="FAILED: over its ${limits[$1]} s" ;;
    *) how="FAILED ($last_status)" ;;
  esac
  printf '%-12s %4d s  %s\n' "${names[$1]}" $((SECONDS - begins[$1])) "$how" >>"$out/summary.txt"
}

finish() {
  printf '\n== summary, in %s\n' "$out"
  cat "$out/summary.txt"
  if grep -q ' FAILED' "$out/summary.txt"; then exit 1; fi
  [[ ! $no_gpu ]] || exit 77
  exit 0
}

# STATUS: on a signal. What ends by it may still write what it has.
end_now() {
  trap '' INT TERM
  kill "${!names[@]}" 2>/dev/null
  end
  printf 'FAILED: interrupted\n' >>"$out/summary.txt"
  (finish)
  exit "$1"
}

# From here on: what steps run.

skip() { echo "skipped: $*" && return 77; }

describe() {
  local facts=name,driver_version,memory.total,clocks.sm,clocks.mem,temperature.gpu,power.draw
  type -P nvidia-smi >/dev/null && nvidia-smi --query-gpu="$facts" --format=csv
  lscpu | grep -E '^Model name|^CPU\(s\)'
  grep MemTotal /proc/meminfo
  "$build/sim/simrun" --version
  [[ ! -e $build/commit ]] || echo "packed from commit $(cat "$build/commit")"
  "$build/tests/test_gpu" --help | sed -n 1p
  return "${PIPESTATUS[0]}"
}

has_torch() { python3 -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)'; }

side_by_side() {
  has_torch || skip "this python3 has no PyTorch" || return
  python3 bench/side_by_side.py "$build/bench/libside_by_side.so" --device gpu
}

# OPTION...: a second profile, of the same GPU.
calibrate_pytorch() {
  has_torch || skip "this python3 has no PyTorch" || return
  "$build/sim/simrun" calibrate --device cuda --implementation pytorch --python python3 \
    -o "$out/profile-pytorch.json" "$@"
}

count_by_ncu() {
  type -P ncu >/dev/null || skip "there is no ncu" || return
  has_torch || skip "this python3 has no PyTorch" || return
  local metrics=gpu__time_duration.sum,dram__bytes_read.sum,dram__bytes_write.sum,dram__bytes.sum.per_second
  metrics+=,sm__warps_active.avg.pct_of_peak_sustained_active,launch__grid_size,launch__registers_per_thread
  ncu --clock-control none --kernel-name regex:run_kernel --csv --page raw --metrics "$metrics" \
    python3 bench/side_by_side.py "$build/bench/libside_by_side.so" --once
}

# TOOL
under_sanitizer() {
  type -P compute-sanitizer >/dev/null || skip "there is no compute-sanitizer" || return
  in_shares 3 "$1" compute-sanitizer --tool "$1" --error-exitcode 1 "$build/tests/test_gpu" "[small]"
}

# COUNT LABEL COMMAND...: as many processes of the tests at once, each with its share of the cases. What they print
# begins with the label and the share.
in_shares() {
  local count=$1 label=$2 share failed=0 processes=()
  shift 2
  for share in $(seq "$count"); do
    (set -o pipefail && SIMRUN_SHARE=$share/$count "$@" 2>&1 | sed -u "s|^|$label $share/$count: |") &
    processes+=($!)
  done
  for share in "${processes[@]}"; do wait "$share" || failed=1; done
  return "$failed"
}

export -f skip describe has_torch side_by_side calibrate_pytorch count_by_ncu under_sanitizer in_shares

main "$@"
