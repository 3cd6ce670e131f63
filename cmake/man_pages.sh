#!/usr/bin/env bash
# Writes the man pages of a simrun, its own and one of each command, from what --help says.
#   cmake/man_pages.sh PROGRAM FOLDER
set -euo pipefail

program=$(realpath "$1") out=$2
named=$(mktemp -d) # links to the program: help2man names a page by what it runs
trap 'rm -rf "$named"' EXIT
version=$("$program" --version)
version=${version#simrun }

# NAME SUMMARY [COMMAND]
page() {
  ln -s "$program" "$named/$1"
  help2man --no-info --name="$2" --version-string="${version%%,*}" --help-option="${3:+$3 }--help" "$named/$1" |
    gzip -9n >"$out/$1.1.gz"
}

mkdir -p "$out"
rm -f "$out"/*.1.gz
while read -r command summary; do
  page "simrun-$command" "$summary" "$command"
done < <("$program" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\)  */\1 /p')
page simrun "simulates distributed training with gradient compression"
