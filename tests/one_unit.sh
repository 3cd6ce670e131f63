#!/usr/bin/env bash
# Compiles all sources of a library as one, without making code of them: so no two define the same name, and the release
# build may put any of them together.
#
# usage: one_unit.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

cmake -S "$root" -B "$build" --preset release -D SIMRUN_UNITY=ON -D SIMRUN_UNITY_SIZE=0 -D SIMRUN_CUDA=OFF >"$build/log" ||
  { cat "$build/log" && exit 1; }
ninja -C "$build" report_page_template commit >"$build/log" || { cat "$build/log" && exit 1; }
for library in simrun_text simrun_sim; do
  command=$(ninja -C "$build" -t commands "sim/CMakeFiles/$library.dir/Unity/unity_0_cxx.cxx.o" | tail -n 1)
  (cd "$build" && bash -c "${command/ -c / -fsyntax-only -c }") || { echo "$library does not compile as one" && exit 1; }
done
