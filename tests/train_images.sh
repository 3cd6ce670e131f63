#!/usr/bin/env bash
# What ./simrun installs Fashion-MNIST for: a training that lacks nothing else, and no other command line.
#
# usage: train_images.sh SIMRUN
set -euo pipefail

program=$(realpath "$1")
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# shellcheck source=scripts/build.sh
source "$root/scripts/build.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
images=$folder/none # as if they were not installed

expect() { # yes|no COMMAND...
  local answer=$1 found=no
  shift
  ! lacks_images "$@" || found=yes
  [[ $found == "$answer" ]] || { printf 'failed: %s: %s instead of %s\n' "$*" "$found" "$answer" >&2 && exit 1; }
}

without_images() { # the program on a machine without the package
  "$program" "$@" --set training.data=fashion-mnist/absent 2>&1 | sed 's:fashion-mnist/absent:fashion-mnist:g'
}

scenario=$root/scenarios/train_fashion_mnist.json
expect no without_images train --help
expect no without_images train
expect no without_images train "$folder/missing.json"
expect no without_images train "$scenario" --set training.rounds=0
expect yes without_images train "$scenario"
images=$folder
expect no without_images train "$scenario"
