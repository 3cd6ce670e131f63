#!/usr/bin/env bash
# Runs a sweep by the job array of docs/results.md in a real Slurm on this machine, and compares with a plain run.
# usage: slurm.sh SIMRUN [BANDWIDTHS]
# With a number of bandwidths it measures instead: a sweep of four points for each. The array is killed once, when a
# quarter of the points are there, and submitted again; then they are merged. No plain run is made.
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

seconds() { echo "$1: $(($(date +%s) - began)) s" && began=$(date +%s); }

count_records() { cat results/my_sweep/points/*.jsonl 2>/dev/null | wc -l; }

# BANDWIDTHS
write_measured_sweep() {
  /usr/bin/python3 - my_sweep.json "$1" <<'END'
import json, sys
with open(sys.argv[1]) as file:
    scenario = json.load(file)
scenario["methods"] = [{"name": "sgd"}]
scenario["sweep"] = {"workers": [2, 3, 4, 5], "network.bandwidth": [f"{1000 + i} Mbps" for i in range(int(sys.argv[2]))]}
with open(sys.argv[1], "w") as file:
    json.dump(scenario, file)
END
}

# BANDWIDTHS
measure() {
  local points=$((4 * $1)) before began
  write_measured_sweep "$1"
  began=$(date +%s)
  sbatch --output="task-%a.out" job.sh
  until (($(count_records) >= points / 4)); do sleep 1; done
  seconds "a quarter of the points"
  scancel --signal=KILL --user "$(id -un)"
  wait_for no_job_is_left
  before=$(count_records)
  sbatch --wait --output="task-%a.out" job.sh
  seconds "after the kill of all tasks, $before records kept, the other $((points - before))"
  echo "$(find results/my_sweep/points -name '*.jsonl' | wc -l) segments, $(count_records) records," \
    "$(du -s --bytes results/my_sweep/points | cut -f1) bytes"
  rm -f results/my_sweep/points.csv # of the task that saw all points
  simrun merge my_sweep.json -o results/my_sweep --format json >merged.json 2>merged.err
  seconds "merge"
  tail -n 1 merged.err
  simrun merge my_sweep.json results/my_sweep -o results/again --format json >again.json 2>again.err
  seconds "merge into another folder"
  cmp results/my_sweep/points.csv results/again/points.csv
}

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
if [[ -n ${2-} ]]; then
  measure "$2"
  exit
fi
timeout 300 sbatch --wait --output="task-%a.out" job.sh || { tail -n 3 task-*.out && exit 1; }
grep -h "shard\|results in" task-*.out
simrun my_sweep.json -o results/plain >/dev/null 2>&1
simrun merge my_sweep.json results/my_sweep -o results/merged >/dev/null
for folder in my_sweep merged; do
  cmp results/plain/points.csv results/$folder/points.csv
  cmp results/plain/report.json results/$folder/report.json
done
