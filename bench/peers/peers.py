#!/usr/bin/env python3
"""Prints what simulating a message costs beside peers: a plain S4U program, and an MPI program under SMPI.

Usage: bench/peers/peers.py SIMRUN_EXCHANGE [--exchanges NAME...] [--workers M...] [--pairs N]

SIMRUN_EXCHANGE is build/bench/bench/simrun_exchange. The peers are built here, from Debian's libsimgrid-dev. Three
exchanges among M workers on a star of 1 Gbps and 50 us, each message a flow, no correction of SimGrid's, every step
simulated: a ring all-reduce of messages of 100 kB, a ring all-gather and a parameter server of payloads of 100 kB.
simrun and each peer take turns. Columns: microseconds of processor time a message, the medians, and the median of the
pairs' ratios, with the least and the largest. Where simulated times differ by more than 1e-6 it ends with
status 1. (SMPI counts messages of less than 64 KiB as sent before they arrived: these are longer.)
"""

import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BYTES = 100_000  # of a message
TOLERANCE = 1e-6
PLATFORM = """<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="host-" suffix="" radical="0-{last}" speed="1Gf" bw="125MBps" lat="25us"/>
</platform>
"""
PLAIN = ["network/model:CM02", "network/optim:Full", "network/bandwidth-factor:1", "network/latency-factor:1",
         "network/weight-S:0", "network/crosstraffic:0", "network/TCP-gamma:0"]
MESSAGES = {"ring": lambda m: 2 * m * (m - 1), "all-gather": lambda m: m * (m - 1), "server": lambda m: 2 * m}


def run(command):
    """Seconds of processor time, and simulated seconds."""
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        sys.exit(f"{command[0]}: failed\n{ended.stdout}{ended.stderr}")
    took, simulated = ended.stdout.split()[-2:]
    return float(took), float(simulated)


def build(folder):
    commands = [["c++", "-std=c++17", "-O2", HERE / "s4u_exchange.cpp", "-lsimgrid", "-o", folder / "s4u"],
                ["smpicxx", "-O2", HERE / "smpi_exchange.cpp", "-o", folder / "smpi"]]
    for command in commands:
        subprocess.run([str(word) for word in command], check=True)


def peers(folder, exchange, workers):
    """Commands by name."""
    hosts = workers + (exchange == "server")
    platform = folder / f"{hosts}.xml"
    platform.write_text(PLATFORM.format(last=hosts - 1))
    settings = [f"--cfg={setting}" for setting in PLAIN] + ["--cfg=contexts/stack-size:64"]
    task = [exchange, workers, BYTES * (workers if exchange == "ring" else 1)]
    smpi = ["smpirun", "-np", hosts, "-platform", platform, *settings, "--cfg=smpi/simulate-computation:no",
            "--log=root.thres:critical", folder / "smpi", *task]
    return {"S4U": [folder / "s4u", *task, platform, *settings, "--log=root.thres:critical"], "SMPI": smpi}, task


def compare(simrun, folder, exchange, workers, pairs):
    """Prints a line for each peer; False where simulated times differ."""
    commands, task = peers(folder, exchange, workers)
    messages = MESSAGES[exchange](workers)
    agree = True
    for name, command in commands.items():
        ours, theirs = [], []
        for _ in range(pairs):
            took, seconds = run([simrun, *task])
            peer_took, peer_seconds = run(command)
            ours.append(1e6 * took / messages)
            theirs.append(1e6 * peer_took / messages)
        ratios = sorted(mine / other for mine, other in zip(ours, theirs))
        differ = abs(seconds / peer_seconds - 1)
        agree = agree and differ < TOLERANCE
        print(f"| {exchange} | {workers} | {name} | {statistics.median(ours):.2f} | {statistics.median(theirs):.2f} "
              f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {seconds:.6f} | {differ:.0e} |", flush=True)
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("simrun", help="simrun_exchange")
    parser.add_argument("--workers", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--exchanges", nargs="+", default=list(MESSAGES), choices=MESSAGES)
    parser.add_argument("--pairs", type=int, default=5, help="runs of each, in turns (5)")
    options = parser.parse_args()
    missing = [name for name in ("c++", "smpicxx", "smpirun") if not shutil.which(name)]
    if missing:
        sys.exit(f"{missing[0]} is not installed: libsimgrid-dev has what is missing")
    print("| exchange | M | peer | simrun, us | peer, us | ratio | simulated, s | differs by |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        build(folder)
        agree = [compare(options.simrun, folder, exchange, workers, options.pairs)
                 for exchange in options.exchanges for workers in options.workers]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
