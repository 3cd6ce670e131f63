#!/usr/bin/env bash
# Packs what tests/gpu.sh runs into .gpu/pack.tgz, for a machine that has an NVIDIA GPU but none of what a build needs.
# Run it where that is: nvcc, and the packages that ./check installs. Takes some minutes the first time.
#   scripts/gpu_pack.sh                 where the toolkit's CUB has no DeviceTopK, pip fetches the headers of a newer one
#   scripts/gpu_pack.sh --no-download   compares with the toolkit's CUB, whatever it has
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$root"
build=build/gpu-pack pack=.gpu/pack
most_mib=25

say() { printf 'gpu_pack: %s\n' "$*" >&2; }
die() { say "$@" && exit 1; }

main() {
  local nvcc cccl="" top_k=with
  case "$*" in
    "" | --no-download) ;;
    *) die "usage: scripts/gpu_pack.sh [--no-download]" ;;
  esac
  for tool in cmake ninja strip ldd tar gzip; do
    type -P "$tool" >/dev/null || die "$tool is not installed"
  done
  nvcc=$(type -P "${CUDACXX:-nvcc}" || type -P "${CUDACXX:-/usr/local/cuda/bin/nvcc}") ||
    die "${CUDACXX:-nvcc} is not found: install the CUDA Toolkit (12 or later), or set CUDACXX to its nvcc"
  mkdir -p "$build"
  if ! has_top_k "$nvcc"; then
    [[ $* == --no-download ]] || cccl=$(fetch_cccl)
    [[ $cccl ]] || top_k=without
  fi
  configure "$nvcc" "$cccl"
  compile
  fill_pack
  make_archive
  report "$top_k"
}

# NVCC: whether the CUB that comes with it has DeviceTopK.
has_top_k() {
  printf '%s\n' '#include <cuda/std/__cccl/version.h>' '#if CCCL_VERSION < 3002000' '#error' '#endif' |
    "$1" -E -x cu - &>/dev/null
}

# Prints the folder of the newer headers; where they cannot be had, why not, and nothing.
fetch_cccl() {
  local package=nvidia-cuda-cccl==13.2.86 folder=$root/build/cccl log=$build/cccl.log # CCCL 3.2 brought DeviceTopK
  local headers=$folder/nvidia/cu13/include/cccl
  if [[ ! -e $headers/cub/device/device_topk.cuh ]]; then
    rm -rf "$folder"
    if ! timeout 180 python3 -m pip download -q --no-deps --retries 1 -d "$folder" "$package" &>"$log"; then
      say "skipped: no comparison with CUB's DeviceTopK: pip cannot get $package: $(tail -n 1 "$log")"
      return
    fi
    python3 -m zipfile -e "$folder"/*.whl "$folder"
    if [[ ! -e $headers/cub/device/device_topk.cuh ]]; then
      say "skipped: no comparison with CUB's DeviceTopK: $package does not have it"
      return
    fi
  fi
  echo "$headers"
}

# NVCC CCCL: the program finds its libraries beside itself, those that they pull in, too.
configure() {
  local log=$build/configure.log
  local link=(-D "CMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags" -D "CMAKE_BUILD_RPATH=\$ORIGIN/../lib")
  say "configuring $build"
  CUDACXX=$1 cmake --preset gpu -B "$build" -D SIMRUN_MPI=OFF -D SIMRUN_UNITY=ON -D SIMRUN_CCCL="$2" "${link[@]}" &>"$log" ||
    die "cannot configure the build (./check installs packages that are missing): $(first_error "$log")"
}

# LOG: what CMake's first error says, in one line.
first_error() {
  awk '/^CMake Error/ { found = 1; next } found && NF { printf "%s%s", gap, $0; gap = " "; next } gap { exit }' "$1" |
    tr -s ' ' | sed 's/^ //'
}

compile() {
  say "building the tests, the comparison and simrun (all output: $build/build.log)"
  cmake --build "$build" --target test_gpu side_by_side simrun &>"$build/build.log" && return
  grep -E 'error|FAILED' "$build/build.log" | head -n 20 >&2
  die "the build failed"
}

# The C library and the C++ runtime are the other machine's own.
fill_pack() {
  local library
  rm -rf .gpu
  mkdir -p $pack/{tests,bench,sim,lib}
  strip -o $pack/tests/test_gpu $build/tests/test_gpu
  strip -o $pack/bench/libside_by_side.so $build/bench/libside_by_side.so
  strip -o $pack/sim/simrun $build/sim/simrun
  while read -r library; do
    case ${library##*/} in
      libc.so* | libm.so* | libdl.so* | librt.so* | libpthread.so* | libstdc++.so* | libgcc_s.so*) ;;
      *) cp -L "$library" $pack/lib/ ;;
    esac
  done < <(ldd $build/sim/simrun | awk '$3 ~ /^\// { print $3 }')
  git -c safe.directory="$root" describe --always --abbrev=12 --dirty=', with changes' >$pack/commit 2>/dev/null ||
    echo unknown >$pack/commit
}

make_archive() {
  tar -C .gpu -cf - pack | gzip -9 >.gpu/pack.tgz
  rm -rf $pack
}

# TOP_K: "with" or "without".
report() {
  local bytes commit
  bytes=$(stat -c %s .gpu/pack.tgz)
  commit=$(tar -xzOf .gpu/pack.tgz pack/commit)
  say "packed .gpu/pack.tgz, $(((bytes + 524288) / 1048576)) MiB, of commit $commit, $1 CUB's DeviceTopK"
  ((bytes <= most_mib * 1048576)) || say "warning: that is more than $most_mib MiB"
  say "next, on the machine with the GPU, in a copy of this checkout with .gpu/: tests/gpu.sh check"
}

main "$@"
