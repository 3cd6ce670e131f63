#!/usr/bin/env bash
# Does what README tells a newcomer to do, on a Debian 12 with nothing but git, made for the purpose: by hand, as root.
#   tests/fresh_debian.sh               README's ./simrun command, twice, with the time of each
#   tests/fresh_debian.sh COMMAND...    these instead, for instance './check --fast'
#   tests/fresh_debian.sh --package FILE.deb [COMMAND...]
#                                       installs what cpack has made; uses the program, its man pages and completion
# The clone is of HEAD: what is not committed is not tried.
set -euo pipefail

repository=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
package=""
if [[ ${1:-} == --package ]]; then
  package=$(realpath -e "${2:?names no package}")
  shift 2
  (($#)) || set -- "simrun scenarios/32gpu_1gbe.json" "man -w simrun simrun-train" \
    "source /usr/share/bash-completion/completions/simrun; COMP_WORDS=(simrun tr) COMP_CWORD=1; _simrun; echo \${COMPREPLY[*]}"
fi
readme_command=$(grep -m 1 -oE '\./simrun [^ `]+' "$repository/README.md")
(($#)) || set -- "$readme_command" "$readme_command"

skip() { echo "skipped: $*" && exit 0; }
((EUID == 0)) || skip "only root can make and enter another Debian"
type -P debootstrap >/dev/null || skip "debootstrap is not installed (apt-get install debootstrap)"

# Packages come from where this machine gets its own: what it reaches, the new Debian reaches too.
mirror=$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
[[ $mirror ]] || skip "this machine has no package source of Debian 12"

debian=$(mktemp -d)
chmod 755 "$debian" # it is the root folder of every user in there
clean_up() {
  ! mountpoint -q "$debian/proc" || umount "$debian/proc"
  rm -rf --one-file-system "$debian"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

in_debian() {
  local keep=() name
  for name in http_proxy https_proxy no_proxy TERM; do [[ ! -v $name ]] || keep+=("$name=${!name}"); done
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "${keep[@]}" chroot "$debian" bash -c "$1"
}

echo "== a new Debian 12 in $debian"
debootstrap --variant=minbase --include=git,ca-certificates bookworm "$debian" "$mirror" >/dev/null
rm "$debian/etc/apt/sources.list"
cp -a /etc/apt/. "$debian/etc/apt"
mount -t proc proc "$debian/proc"
if [[ $package ]]; then
  install -D "$package" "$debian/root/simrun/simrun.deb"
  set -- "apt-get update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ./simrun.deb man-db >/dev/null" "$@"
else
  git -c safe.directory="$repository" clone --quiet --no-hardlinks "$repository" "$debian/root/simrun"
fi

TIMEFORMAT="-- %2R s"
for command; do
  printf '\n== %s\n' "$command"
  time in_debian "cd ~/simrun && $command"
done
