#!/usr/bin/env python3
"""Compares the dense ring of 100 MB with the same ring as an MPI program under SimGrid's SMPI, on the same network.

usage: compare.py SIMRUN [WORKERS]...   (default: 32 256)

Star, 1 Gbps, 50 us from host to host, all of SimGrid's corrections off. Both times are simulated, so that they are the
same on every machine. Exit status: 0 equal to 1e-4, 1 not, 77 smpicxx or smpirun is not installed.
"""

import csv
import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ELEMENTS = 25_000_000
TOLERANCE = 1e-4
PLATFORM = """<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="host-" suffix="" radical="0-{last}" speed="1Gf" bw="125MBps" lat="25us"/>
</platform>
"""
PLAIN = {  # SimGrid's defaults would correct bandwidth and latency, and charge computing measured here
    "network/model": "CM02",
    "network/bandwidth-factor": 1,
    "network/latency-factor": 1,
    "network/weight-S": 0,
    "network/crosstraffic": 0,
    "network/TCP-gamma": 0,
    "smpi/simulate-computation": "no",
}


def output_of(*command):
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"{command[0]}: failed\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def smpi_seconds(program, workers, folder):
    platform, hosts = folder / "platform.xml", folder / "hosts"
    platform.write_text(PLATFORM.format(last=workers - 1))
    hosts.write_text("".join(f"host-{i}\n" for i in range(workers)))
    settings = [f"--cfg={name}:{value}" for name, value in PLAIN.items()]
    command = ["smpirun", "-np", str(workers), "-platform", platform, "-hostfile", hosts, *settings]
    return float(output_of(*command, "--log=root.thres:critical", program, str(ELEMENTS)))


def simrun_seconds(simrun, workers, folder):
    scenario = {
        "workers": workers,
        "model": {"name": "100 MB", "tensors": [{"name": "all", "shape": [ELEMENTS]}]},
        "batch_per_worker": 1,
        "compute": {"forward": "0 s", "backward": "0 s"},
        "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
        "methods": [{"name": "sgd"}],
    }
    file = folder / "ring.json"
    file.write_text(json.dumps(scenario))
    table = output_of(simrun, file, "-o", folder / "results", "--format", "csv")
    return float(next(csv.DictReader(io.StringIO(table)))["communication_s"])


def main(simrun, *workers):
    missing = [name for name in ("smpicxx", "smpirun") if not shutil.which(name)]
    if missing:
        print(f"skipped: {missing[0]} is not installed")
        return 77
    equal = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = folder / "ring"
        output_of("smpicxx", "-O1", Path(__file__).with_name("ring.cpp"), "-o", program)
        for m in [int(count) for count in workers] or [32, 256]:
            ours, theirs = simrun_seconds(simrun, m, folder), smpi_seconds(program, m, folder)
            print(f"M = {m}: simrun {ours:.6f} s, SMPI {theirs:.6f} s, {100 * (ours / theirs - 1):+.4f} %")
            equal = equal and abs(ours / theirs - 1) < TOLERANCE
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
