# shellcheck shell=bash
# What ./simrun and ./check share: build a preset of CMakePresets.json, and install what that takes where it is missing.
# Sourced with `root` set to the folder of CMakeLists.txt.

: "${root:?}"

packages=(g++ cmake ninja-build libsimgrid-dev nlohmann-json3-dev libcli11-dev libfmt-dev libeigen3-dev libxxhash-dev
  libexpat1-dev zlib1g-dev libjs-chart.js)
upstream="a C++20 compiler, CMake >= 3.25, Ninja, SimGrid, nlohmann/json, CLI11, fmt, Eigen, xxHash, Expat, zlib, Chart.js"

# CPU time that the first build of `release` takes, without CUDA and without a compiler cache.
release_cpu_seconds=220

# A compiler or ninja that handles Ctrl-C itself must not make the script go on.
trap 'exit 130' INT

say() { printf 'simrun: %s\n' "$*" >&2; }
die() { say "$@" && exit 1; }

# PRESET: builds build/PRESET if anything in it is out of date. Silent otherwise, and then writes nothing: a finished build
# also runs from a folder that the caller can only read. SIMRUN_CUDA in the environment is CMake's option of that name.
build() {
  local preset=$1 dir=$root/build/$1
  mkdir -p "$dir" 2>/dev/null || die_read_only
  lock "$dir"
  if ! up_to_date "$dir"; then
    [[ -w $dir ]] || die_read_only
    configure "$preset" "$dir"
    up_to_date "$dir" || compile "$preset" "$dir"
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

# FOLDER: the cache names its source folder, as a copied build folder would build the sources it was copied from.
up_to_date() {
  [[ $1/build.ninja -nt $root/CMakePresets.json ]] &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$1/CMakeCache.txt" 2>/dev/null &&
    { [[ -z ${SIMRUN_CUDA:-} ]] || grep -qxF "SIMRUN_CUDA:STRING=$SIMRUN_CUDA" "$1/CMakeCache.txt"; } &&
    [[ $(ninja -C "$1" -n 2>/dev/null) == *"no work to do"* ]]
}

# PRESET FOLDER. Trying comes before asking dpkg: whatever CMake finds will do, from wherever it was installed.
# Configuring afresh also notices what has gone since the last time. Only without a way to install it is Chart.js done
# without.
configure() {
  if try_configure "$@" ON; then return; fi
  if install_packages "${packages[@]}" && try_configure "$@" ON; then return; fi
  if try_configure "$@" OFF; then return; fi
  cat "$2/configure.log" >&2
  die_packages
}

# PRESET FOLDER REQUIRE_CHART_JS
try_configure() {
  local options=(-D SIMRUN_REQUIRE_CHART_JS="$3")
  [[ -z ${SIMRUN_CUDA:-} ]] || options+=(-D SIMRUN_CUDA:STRING="$SIMRUN_CUDA")
  rm -f "$2/build.ninja"
  (cd "$root" && cmake --fresh --preset "$1" "${options[@]}") &>"$2/configure.log"
}

# PRESET FOLDER
compile() {
  local first="" quiet=(--quiet)
  [[ -e $2/.ninja_log ]] || first=" (first time: $(first_build_time "$1"))"
  [[ -t 2 ]] && quiet=()
  say "building in build/$1$first"
  ninja -C "$2" "${quiet[@]}" >&2 || die "the build failed; the errors are above"
}

# PRESET: tests take longer than the program.
first_build_time() {
  local cores minutes
  [[ $1 == release ]] || { echo "several minutes" && return; }
  cores=$(nproc)
  minutes=$(((release_cpu_seconds + 60 * cores - 1) / (60 * cores)))
  echo "about $(counted $minutes minute) on $(counted "$cores" core)"
}

counted() { printf '%d %s%s' "$1" "$2" "$([[ $1 == 1 ]] || echo s)"; }

# PACKAGE...: installs those that dpkg does not have. A subshell, so that its lock ends with it.
install_packages() (
  missing=() log=$root/build/apt.log
  type -P dpkg-query apt-get >/dev/null && as_root true || return
  lock "$root/build"
  for package in "$@"; do
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
