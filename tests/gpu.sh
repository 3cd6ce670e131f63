#!/usr/bin/env bash
# Everything that only a machine with an NVIDIA GPU can show, in one command, under eight minutes once it is built: the
# tests on the GPU, compute-sanitizer, a device profile on a coarse grid, the comparison with PyTorch and CUB. A step that fails does
# not stop the others; the last lines say how each ended. The whole grid: simrun calibrate --device cuda, about 8 minutes.
#   tests/gpu.sh [OUT [BUILD]]   OUT: folder for logs and the profile (default: results/gpu)
#                                BUILD: a finished build (default: build/gpu, which is brought up to date)
# shellcheck disable=SC2317 # functions are called through bash -c
set -uo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$root" || exit
out=${1:-results/gpu}
build=${2:-build/gpu}
mkdir -p "$out"
summary=() failed=0

# step NAME SECONDS COMMAND...: runs it for at most so long, keeps its log.
step() {
  local name=$1 limit=$2 begin=$SECONDS status
  shift 2
  printf '\n== %s\n' "$name"
  timeout --kill-after=5 "$limit" "$@" 2>&1 | tee "$out/${name// /-}.log" | tail -n 40
  status=${PIPESTATUS[0]}
  case $status in
    0) status=ok ;;
    77) status=skipped ;;
    124 | 137) status="over its $limit s" failed=1 ;;
    *) status="FAILED ($status)" failed=1 ;;
  esac
  summary+=("$(printf '%-22s %4d s  %s' "$name" $((SECONDS - begin)) "$status")")
}

build_all() {
  cmake --preset gpu && cmake --build --preset gpu
}

under_sanitizer() {
  type -P compute-sanitizer >/dev/null || { echo "skipped: there is no compute-sanitizer" && return 77; }
  compute-sanitizer --tool "$1" --error-exitcode 1 "$build/tests/test_gpu" "[small]"
}

side_by_side() {
  python3 -c 'import torch' 2>/dev/null || { echo "skipped: there is no PyTorch" && return 77; }
  python3 bench/side_by_side.py "$build/bench/libside_by_side.so"
}

export -f build_all under_sanitizer side_by_side
export build

step gpu 20 nvidia-smi
[[ ${2-} ]] || step build 240 bash -c build_all
step tests 90 "$build/tests/test_gpu"
step calibrate 90 "$build/sim/simrun" calibrate --device cuda --quick -o "$out/profile.json"
step "side by side" 90 bash -c side_by_side
step memcheck 50 bash -c 'under_sanitizer memcheck'
step racecheck 50 bash -c 'under_sanitizer racecheck'

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
