# shellcheck shell=bash
# What ./simrun and ./check share: build a preset of CMakePresets.json, and install what that takes where it is missing.
# Sourced with `root` set to the folder of CMakeLists.txt.

: "${root:?}"

packages=(g++ cmake ninja-build libsimgrid-dev nlohmann-json3-dev libcli11-dev libeigen3-dev libxxhash-dev
  libexpat1-dev zlib1g-dev libjs-chart.js)
upstream="a C++20 compiler, CMake >= 3.25, Ninja, SimGrid, nlohmann/json, CLI11, Eigen, xxHash, Expat, zlib, Chart.js"

# A compiler or ninja that handles Ctrl-C itself must not make the script go on.
trap 'exit 130' INT

say() { printf 'simrun: %s\n' "$*" >&2; }
die() { say "$@" && exit 1; }

# Builds build/PRESET if anything in it is out of date. Silent otherwise, and then writes nothing: a finished build also
# runs from a folder that the caller can only read.
build() {
  local preset=$1 dir=$root/build/$1
  mkdir -p "$dir" 2>/dev/null || die_read_only
  lock "$dir"
  if ! up_to_date; then
    [[ -w $dir ]] || die_read_only
    configure
    up_to_date || compile
  fi
  unlock
}

die_read_only() { die "cannot write to $root/build; build in a clone of your own, or make that folder writable"; }

# Two builds at once would write into each other. The lock goes with the process, however it ends.
lock() {
  type -P flock >/dev/null || return 0
  exec 9<"$1"
  flock --nonblock 9 && return
  say "waiting for another process that works in $1"
  flock 9
}

unlock() { exec 9<&-; }

# The cache names its source folder: a copied build folder would build the sources it was copied from.
up_to_date() {
  [[ $dir/build.ninja -nt $root/CMakePresets.json ]] &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt" 2>/dev/null &&
    [[ $(ninja -C "$dir" -n 2>/dev/null) == *"no work to do"* ]]
}

# Trying comes before asking dpkg: whatever CMake finds will do, from wherever it was installed. Configuring afresh also
# notices what has gone since the last time. Only without a way to install it is Chart.js done without.
configure() {
  try_configure ON || { install_packages && try_configure ON; } || try_configure OFF && return
  cat "$dir/configure.log" >&2
  die_packages
}

try_configure() {
  rm -f "$dir/build.ninja"
  (cd "$root" && cmake --fresh --preset "$preset" -D SIMRUN_REQUIRE_CHART_JS="$1") &>"$dir/configure.log"
}

compile() {
  local first="" quiet=(--quiet)
  [[ -e $dir/.ninja_log ]] || first=" (first time: several minutes)"
  [[ -t 2 ]] && quiet=()
  say "building in build/$preset$first"
  ninja -C "$dir" "${quiet[@]}" >&2 || die "the build failed; the errors are above"
}

# Installs those of the packages named, else of `packages`, that dpkg does not have. A subshell, so that its lock ends
# with it.
install_packages() (
  wanted=("$@") missing=() log=$root/build/apt.log
  (($#)) || wanted=("${packages[@]}")
  type -P dpkg-query apt-get >/dev/null && as_root true || return
  lock "$root/build"
  for package in "${wanted[@]}"; do
    [[ $(dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null) == installed* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing what the build needs (a minute or two): ${missing[*]}"
  as_root apt-get update &>"$log" || true # one of several sources may be out of reach and not needed
  as_root apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" &>>"$log" && return
  tail -n 15 "$log" >&2
  return 1
)

images=/usr/share/datasets/fashion-mnist

# PROGRAM train ARGUMENT...: true if all that keeps it from training is that Fashion-MNIST is not installed.
lacks_images() {
  [[ ! -d $images ]] && [[ $("$@" --dry-run 2>&1 </dev/null) == *'no data set "fashion-mnist"'* ]]
}

# The images that scenarios train on: nothing else needs them, and a folder of one's own does as well.
have_images() {
  [[ -d $images ]] && return
  mkdir -p "$root/build"
  install_packages dataset-fashion-mnist
}

as_root() {
  local command=(env DEBIAN_FRONTEND=noninteractive "$@")
  if ((EUID == 0)); then "${command[@]}"
  elif sudo -n true 2>/dev/null; then sudo -n "${command[@]}"
  elif [[ -t 2 ]] && type -P sudo >/dev/null; then sudo "${command[@]}"
  else return 1; fi
}

die_packages() {
  say "cannot configure the build. It needs $upstream."
  die "On Debian 12, as root: apt-get install ${packages[*]}"
}
