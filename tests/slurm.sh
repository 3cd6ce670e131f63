#!/usr/bin/env bash
# Runs a sweep by the job array of docs/results.md in a real Slurm on this machine, and compares with a plain run.
# usage: slurm.sh SIMRUN
# Slurm and MUNGE have their own key, configuration, ports and folders, and end with this script. Exit status 77:
# skipped, with the reason.
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# shellcheck source=scripts/build.sh
source "$root/scripts/build.sh"

tools=(munged slurmctld slurmd sbatch scancel sinfo squeue)
packages=(slurm-wlm munge)
PATH=$(dirname "$(readlink -f "$1")"):$PATH:/usr/sbin
export PATH
daemons=()

skip() { echo "skipped: $*" && exit 77; }

no_job_is_left() { [[ -z $(timeout 10 squeue --noheader) ]]; }
all_have_ended() { ! kill -0 "${daemons[@]}"; }

tidy_up() {
  if [[ -e $SLURM_CONF ]]; then
    timeout 10 scancel --user "$(id -un)" &>/dev/null || true
    wait_for no_job_is_left || true
  fi
  if ((${#daemons[@]})); then
    kill "${daemons[@]}" 2>/dev/null || true
    wait_for all_have_ended || kill -KILL "${daemons[@]}" 2>/dev/null || true
  fi
  rm -rf "$work"
}

# Starts a daemon in the foreground, so that it is this script's child.
start() {
  "$@" >>"$work/$(basename "$1").out" 2>&1 &
  daemons+=($!)
}

wait_for() {
  for ((i = 0; i < 300; ++i)); do
    "$@" &>/dev/null && return
    sleep 0.2
  done
  tail -n 5 "$work"/*.out
  return 1
}

free_ports() {
  /usr/bin/python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))'
}

configure_slurm() {
  local host ports
  host=$(hostname -s)
  read -r -a ports < <(free_ports)
  mkdir "$work/state" "$work/spool"
  cat >"$SLURM_CONF" <<END
ClusterName=simrun
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthInfo=socket=$work/munge.socket
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
END
}

node_is_idle() { [[ $(sinfo --noheader --format %T) == idle ]]; }

start_slurm() {
  dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
  chmod 600 "$work/munge.key"
  chmod 711 "$work" # MUNGE wants its socket within reach of all users
  start munged --foreground --key-file="$work/munge.key" --socket="$work/munge.socket" --seed-file="$work/munge.seed" \
    --pid-file="$work/munge.pid" --log-file="$work/munge.log" --force
  wait_for test -S "$work/munge.socket" || skip "munged did not start"
  configure_slurm
  start slurmctld -D -c
  start slurmd -D
  wait_for node_is_idle || skip "Slurm did not start"
}

type -P "${tools[@]}" >/dev/null || { mkdir -p "$root/build" && install_packages "${packages[@]}"; } ||
  skip "slurm-wlm and munge cannot be installed here"
work=$(mktemp -d)
trap tidy_up EXIT
export SLURM_CONF=$work/slurm.conf XDG_CACHE_HOME=$work/cache
start_slurm

cd "$work"
cat >my_sweep.json <<'END'
{
  "workers": 4,
  "model": { "name": "small", "tensors": [ { "name": "a", "shape": [1000] } ] },
  "batch_per_worker": 8,
  "compute": { "forward": "4 ms", "backward": "6 ms" },
  "device": "p102-100",
  "network": { "bandwidth": "1 Gbps", "latency": "50 us" },
  "methods": [ { "name": "sgd" }, { "name": "top-k" }, { "name": "gtop-k" }, { "name": "signsgd-mv" } ],
  "sweep": { "workers": [2, 3, 4, 8, 16], "density": [0.01, 0.1] }
}
END
sed -n '/^#!.bin.bash$/,/^```$/p' "$root/docs/results.md" | sed '$d' >job.sh
grep -q '^simrun my_sweep.json --shard .* -o results/my_sweep$' job.sh
cat job.sh
timeout 300 sbatch --wait --output="task-%a.out" job.sh || { tail -n 3 task-*.out && exit 1; }
grep -h "shard\|results in" task-*.out
simrun my_sweep.json -o results/plain >/dev/null 2>&1
cmp results/plain/points.csv results/my_sweep/points.csv
cmp results/plain/report.json results/my_sweep/report.json
