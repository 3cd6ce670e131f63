#!/usr/bin/env bash
# Makes a Debian package of the build in folder $1, unpacks it and uses what is in it: program, man pages, completion.
# Status 77: what makes packages is not there.
set -euo pipefail

for tool in cpack dpkg-deb dpkg-shlibdeps file; do
  type -P "$tool" >/dev/null || { echo "skipped: $tool is not installed (Debian: cmake dpkg-dev file)" && exit 77; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
die() { printf 'package: %s\n' "$*" && exit 1; }

cpack --config "$1/CPackConfig.cmake" -B "$work/made" >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
package=("$work"/made/simrun_*.deb)
[[ $(dpkg-deb -f "${package[0]}" Package) == simrun ]] || die "its name is not simrun"
[[ $(dpkg-deb -f "${package[0]}" Depends) == *libsimgrid* ]] || die "does not depend on SimGrid"
dpkg-deb -x "${package[0]}" "$work/root"
mkdir "$work/elsewhere"
cd "$work/elsewhere"
export PATH=$work/root/usr/bin:$PATH
[[ $(type -P simrun) == "$work/root/usr/bin/simrun" ]]
simrun scenarios/two_switches.json --format csv | grep '^gtop-k,16,' >/dev/null
mapfile -t commands < <(simrun --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p')
((${#commands[@]} >= 7)) || die "no commands are found in --help"

# WORD...: what is offered for the last one.
offered() {
  COMP_WORDS=(simrun "$@") COMP_CWORD=$#
  _simrun
  echo "${COMPREPLY[*]}"
}

# WORDS OFFERED
offers() {
  local words
  read -ra words <<<"$1"
  [[ $1 != *" " ]] || words+=("")
  [[ $(offered "${words[@]}") == "$2" ]] || die "simrun $1<TAB> offers $(offered "${words[@]}"); expected: $2"
}

# shellcheck source=cmake/completion.bash
source "$work/root/usr/share/bash-completion/completions/simrun"
[[ $(offered "") == "${commands[*]}" ]] || die "offers $(offered "") as commands"
offers "tr" "train"
offers "--br" "--break-even"
offers "--format " "table csv json"
offers "--format c" "csv"
offers "list m" "methods models"
offers "train --fr" "--fresh"
offers "schedule x.json --max" "--max-groups"
offers "calibrate --precision b" "bf16"
offers "scenarios/x" ""

grep -q "HELP2MAN:FILEPATH=.*NOTFOUND" "$1/CMakeCache.txt" && { echo "skipped: man pages, help2man is not installed" && exit 0; }
for page in simrun "${commands[@]/#/simrun-}"; do
  gzip -dc "$work/root/usr/share/man/man1/$page.1.gz" | grep '^\.SH SYNOPSIS' >/dev/null || die "no man page $page"
done
