#!/usr/bin/env bash
# Runs test_races; exit status 77: skipped, with the reason, where ThreadSanitizer does not run.
#   tests/races/run.sh [PROGRAM]   without it: the compiler has no ThreadSanitizer
set -uo pipefail

if (($# == 0)); then
  echo "skipped: this compiler has no ThreadSanitizer"
  exit 77
fi

# Older versions of it do not expect addresses as random as newer kernels make them.
starts() { "$@" --help >/dev/null 2>&1; }
if starts "$1"; then exec "$1"; fi
if starts setarch -R "$1"; then exec setarch -R "$1"; fi
if reason=$("$1" --help 2>&1 | grep -m 1 'ThreadSanitizer'); then
  echo "skipped: $reason"
  exit 77
fi
exec "$1"
