#!/usr/bin/env bash
# Installs the build in folder $1 under a temporary prefix and runs what was shipped by name, from another folder.
set -euo pipefail

prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$1" --prefix "$prefix/usr" >/dev/null
mkdir "$prefix/elsewhere"
cd "$prefix/elsewhere"
export PATH=$prefix/usr/bin:$PATH
[[ $(type -P simrun) == "$prefix/usr/bin/simrun" ]]
simrun list | grep vgg16-cifar10 >/dev/null
simrun scenarios/two_switches.json --format csv | grep '^gtop-k,16,' >/dev/null
[[ -s results/two_switches/points.csv ]]
