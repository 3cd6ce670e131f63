#!/usr/bin/env python3
"""Compares dense rings with the same ring as an MPI program under SimGrid's SMPI, on the same networks.

usage: compare.py SIMRUN WRITE_RING_CASES [WORKERS]...   (default: 32 256)

First 100 MB on a star, 1 Gbps, 50 us from host to host. Then the clusters that WRITE_RING_CASES writes, with the times
that the solver of tests/fluid gives; test_fluid holds simrun's against the same. All of SimGrid's corrections are off,
routes of a cluster have one latency (SimGrid's shares depend on it), chunks are longer than MPI's eager limit (SMPI
counts shorter ones as sent before they have arrived), and shorter by the 16 bytes that SMPI adds. All times are simulated, so that they are the same on every
machine. Exit status: 0 equal to 1e-6, 1 not, 77 smpicxx or smpirun is not installed.
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
TOLERANCE = 1e-6
ENVELOPE = 4  # values' worth of bytes that SMPI adds to every message
PLATFORM = """<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="host-" suffix="" radical="0-{last}" speed="1Gf" bw="125MBps" lat="25us"/>
</platform>
"""
PLAIN = {  # SimGrid's defaults would correct bandwidth and latency, and charge computing measured here
    "network/model": "CM02",
    "network/optim": "Full",
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


def smpi_seconds(program, platform, hosts, elements):
    """Seconds of the ring among these hosts, by name, in rank order: chunks are as long on the wire as simrun's."""
    sent = elements - ENVELOPE * len(hosts)
    host_file = platform.with_suffix(".hosts")
    host_file.write_text("".join(f"{host}\n" for host in hosts))
    settings = [f"--cfg={name}:{value}" for name, value in PLAIN.items()]
    command = ["smpirun", "-np", str(len(hosts)), "-platform", platform, "-hostfile", host_file, *settings]
    return float(output_of(*command, "--log=root.thres:critical", program, str(sent)))


def star_seconds(program, workers, folder):
    platform = folder / "platform.xml"
    platform.write_text(PLATFORM.format(last=workers - 1))
    return smpi_seconds(program, platform, [f"host-{i}" for i in range(workers)], ELEMENTS)


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


def equal_on_star(simrun, program, workers, folder):
    ours, theirs = simrun_seconds(simrun, workers, folder), star_seconds(program, workers, folder)
    print(f"M = {workers}: simrun {ours:.6f} s, SMPI {theirs:.6f} s, {100 * (ours / theirs - 1):+.6f} %")
    return abs(ours / theirs - 1) < TOLERANCE


def equal_on_cluster(program, row):
    workers, elements, ours = int(row["workers"]), int(row["elements"]), float(row["seconds"])
    theirs = smpi_seconds(program, Path(row["platform"]), [f"h{i}" for i in range(workers)], elements)
    print(
        f"{row['shape']}, M = {workers}, {4e-6 * elements:.1f} MB: solver {ours:.9f} s, SMPI {theirs:.9f} s, "
        f"{100 * (ours / theirs - 1):+.6f} %"
    )
    return abs(ours / theirs - 1) < TOLERANCE


def main(simrun, write_ring_cases, *workers):
    missing = [name for name in ("smpicxx", "smpirun") if not shutil.which(name)]
    if missing:
        print(f"skipped: {missing[0]} is not installed")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = folder / "ring"
        output_of("smpicxx", "-O1", Path(__file__).with_name("ring.cpp"), "-o", program)
        equal = [equal_on_star(simrun, program, int(count), folder) for count in workers or [32, 256]]
        rows = list(csv.DictReader(io.StringIO(output_of(write_ring_cases, folder))))
        equal += [equal_on_cluster(program, row) for row in rows]
    return 0 if len(rows) >= 10 and all(equal) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
