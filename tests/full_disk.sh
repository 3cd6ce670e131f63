#!/usr/bin/env bash
# A results folder on a disk that is full, and on one that cannot be written; then there is room, and the sweep goes on.
# usage: full_disk.sh SIMRUN
# Exit status 77: skipped, since file systems cannot be mounted here, not even in a user namespace.
set -euo pipefail

simrun=$(readlink -f "$1")
if [[ ${2-} != mounted ]]; then
  unshare --mount --map-root-user true 2>/dev/null ||
    { echo "skipped: this user cannot mount a file system" && exit 77; }
  exec unshare --mount --map-root-user "${BASH_SOURCE[0]}" "$simrun" mounted
fi

work=$(mktemp -d)
trap 'umount "$work/disk" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
export XDG_CACHE_HOME=$work/cache
mkdir disk
mount -t tmpfs -o size=16k none disk || { echo "skipped: this user cannot mount a tmpfs" && exit 77; }

cat >s.json <<'END'
{
  "workers": 4,
  "model": { "name": "small", "tensors": [ { "name": "a", "shape": [1000] } ] },
  "batch_per_worker": 8,
  "compute": { "forward": "4 ms", "backward": "6 ms" },
  "network": { "bandwidth": "1 Gbps", "latency": "50 us" },
  "methods": [ { "name": "sgd" }, { "name": "top-k" }, { "name": "gtop-k" } ],
  "sweep": { "workers": [2, 3, 4, 5, 6, 7, 8], "density": [0.01, 0.1] }
}
END

# run STATUS: one line on stderr that ends the run, which goes to the file `said`.
run() {
  local status=0
  "$simrun" s.json -o disk/out >/dev/null 2>said || status=$?
  cat said
  [[ $status == "$1" ]] || { echo "failed: status $status instead of $1" && exit 1; }
}

says() { grep -qE "$1" said || { echo "failed: it does not say: $1" && exit 1; }; }

run 1
[[ $(wc -l <said) == 1 ]]
says '^simrun: cannot write disk/out/points/[0-9a-f]{16}.jsonl: No space left on device; the points that are done stay'
[[ ! -e disk/out/points.csv ]]
before=$(cat disk/out/points/*.jsonl | wc -l)
((before > 0))
[[ -z $(tail -c 1 disk/out/points/*.jsonl) ]] # the record for which there was no room left nothing
[[ -z $(find disk -name '*part') ]]

mount -o remount,ro disk
run 2
[[ $(wc -l <said) == 1 ]]
says '^command line: --out: the folder disk/out cannot be written: Read-only file system; '

mount -o remount,rw,size=10m disk
run 0
says "^results in disk/out: 35 points, $before of them from before$"
"$simrun" s.json -o disk/whole >/dev/null 2>&1
cmp disk/whole/points.csv disk/out/points.csv
cmp disk/whole/report.json disk/out/report.json
