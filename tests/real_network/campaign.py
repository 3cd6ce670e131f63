#!/usr/bin/env python3
"""Measures every method and collective of simrun on networks of one machine; see README.md here.

    tests/real_network/campaign.py SIMRUN [--minutes N] [--runs N] [-o measured.csv]

One row of the CSV file is one run of one configuration. Rows that are there already are kept and count, so that the
same command goes on where it was. Exit status 77: skipped, with the reason.
"""

import argparse
import csv
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cluster import EAGER_LIMIT, Cluster, Wiring, in_own_namespaces

HERE = Path(__file__).resolve().parent
COLUMNS = ["topology", "hosts_per_switch", "rate_mbit", "eager_limit", "round_trip_s", "gap_s", "workers",
           "parameters", "method", "collective", "server", "density", "k", "payload_bytes", "result_bytes",
           "sent_bytes", "received_bytes", "iterations", "warmup", "communication_s", "iteration_s",
           "iteration_low_s", "iteration_high_s", "processor_idle"]
KEY = ["topology", "hosts_per_switch", "rate_mbit", "eager_limit", "gap_s", "workers", "parameters", "method",
       "collective", "server"]
MEASURED = ["k", "payload_bytes", "result_bytes", "sent_bytes", "received_bytes", "communication_s", "iteration_s",
            "iteration_low_s", "iteration_high_s"]  # as in points.csv

WORKERS = [2, 3, 4, 6, 8]
PARAMETERS = [1_000, 4_000, 16_000, 50_000, 150_000, 500_000, 1_500_000, 5_000_000]
DENSITIES = {2: 0.3, 3: 0.1, 4: 0.05, 6: 0.2, 8: 0.1}  # by the number of workers, so that payloads differ
LONGEST = 2.5  # seconds an iteration may take

# Of each method's collectives: about how many payloads go one after another through one link in an iteration.
METHODS = {
    ("sgd", "ring", ""): lambda m: 2 * (m - 1) / m,
    ("sgd", "halving-doubling", ""): lambda m: 2 if m & (m - 1) == 0 else 4,
    ("sgd", "tree", ""): lambda m: 2 * math.ceil(math.log2(m)),
    ("sgd", "parameter-server", "own"): lambda m: 2 * m,
    ("sgd", "parameter-server", "rank0"): lambda m: 2 * (m - 1),
    ("top-k", "allgather-ring", ""): lambda m: m - 1,
    ("top-k", "allgather-doubling", ""): lambda m: m - 1,
    ("gtop-k", "tree", ""): lambda m: 2 * math.ceil(math.log2(m)),
    ("signsgd-mv", "parameter-server", "own"): lambda m: 2 * m,
    ("signsgd-mv", "parameter-server", "rank0"): lambda m: 2 * (m - 1),
    ("signsgd-mv", "sharded-parameter-server", ""): lambda m: 2 * (m - 1) / m,
    ("sparse-signsgd", "parameter-server", "own"): lambda m: m + m * m / 2,
    ("sparse-signsgd", "parameter-server", "rank0"): lambda m: m + m * m / 2,
    ("sparse-signsgd", "sharded-parameter-server", ""): lambda m: 1 + m / 2,
}


@dataclass(frozen=True)
class Configuration:
    mbit: int
    hosts_per_switch: int
    eager_limit: int
    gap: float  # seconds of computing, while nothing is sent
    workers: int
    parameters: int
    method: tuple  # a key of METHODS

    @property
    def wiring(self):
        return Wiring(9 if self.hosts_per_switch == 0 else self.workers + 1, self.mbit, self.hosts_per_switch)

    @property
    def density(self):
        return DENSITIES[self.workers] if self.method[0] in ("top-k", "gtop-k", "sparse-signsgd") else None

    def seconds(self):
        """About what an iteration takes."""
        entries = (self.density or 0) * self.parameters
        payload = {"sgd": 4 * self.parameters, "signsgd-mv": self.parameters / 8, "top-k": 8 * entries,
                   "gtop-k": 8 * entries, "sparse-signsgd": 4.125 * entries}[self.method[0]]
        return 1.2 * METHODS[self.method](self.workers) * payload / (self.mbit * 1e6 / 8) + self.gap + 0.01

    @property
    def is_short(self):
        """One run says less: which ranks share a processor, and when they look at the network, is another each time."""
        return self.seconds() - self.gap < 0.1

    def repetitions(self):
        """Iterations that count, and those before them."""
        return (3, 1) if self.seconds() > 0.4 else (7, 2)

    def run(self):
        """Configurations for which this is the same are measured in one run."""
        return self.eager_limit, self.gap, self.parameters, self.workers, self.repetitions()

    def key(self):
        values = [self.wiring.topology, self.hosts_per_switch, self.mbit, self.eager_limit, self.gap, self.workers,
                  self.parameters]
        return tuple(str(value) for value in (*values, *self.method))


def scenario(configurations):
    """The simrun scenario of configurations that differ in the method alone."""
    first = configurations[0]
    network = {"bandwidth": f"{first.mbit} Mbps", "latency": "30 us"}
    if first.hosts_per_switch:
        network |= {"topology": "tree", "hosts_per_switch": first.hosts_per_switch,
                    "uplink_bandwidth": f"{first.mbit} Mbps", "uplink_latency": "10 us"}
    return {
        "workers": first.workers,
        "model": {"name": "one tensor", "tensors": [{"name": "all", "shape": [first.parameters]}]},
        "batch_per_worker": 1,
        "compute": {"forward": "0 s", "backward": f"{first.gap * 1e3:g} ms"},
        # A device so fast that its times are nothing.
        "device": {"profile": "cpu", "scaled_to": {"name": "instant", "bandwidth": "1000000 GB/s"}},
        "network": network,
        "methods": [method_text(c) for c in configurations],
    }


def method_text(configuration):
    name, collective, server = configuration.method
    text = {"name": name, "collective": collective}
    if server == "rank0":
        text["server"] = server
    if configuration.density is not None:
        text["density"] = configuration.density
    return text


def plan():
    """All configurations, in the order of measuring."""
    def grid(workers, parameters, mbit=100, switches=1, gap=0.01, eager_limit=EAGER_LIMIT):
        hosts_per_switch = {m: 0 if switches == 1 else math.ceil((m + 1) / switches) for m in workers}
        return [Configuration(mbit, hosts_per_switch[m], eager_limit, gap, m, n, method)
                for m in workers for n in parameters for method in METHODS]

    configurations = grid(WORKERS, PARAMETERS[:-2])
    configurations += grid([2, 4, 8], [50_000, 500_000], eager_limit=65536)  # Open MPI's default
    configurations += grid([4, 8], [4_000, 50_000], gap=0)
    configurations += grid([4, 8], [4_000, 50_000], gap=0.05)
    configurations += grid([8], [4_000, 50_000], gap=0.5)
    configurations += grid([3, 4, 6, 8], [4_000, 50_000, 500_000], switches=2)
    configurations += grid([2, 4, 8], [4_000, 50_000, 500_000], mbit=200)
    configurations += grid([2, 4, 8], [4_000, 50_000, 150_000], mbit=50)
    configurations += grid(WORKERS, PARAMETERS[-2:])
    return [c for c in configurations if c.seconds() <= LONGEST + c.gap]


def processor_ticks():
    """Idle ticks and all ticks of the machine so far."""
    with open("/proc/stat") as file:
        ticks = [int(text) for text in file.readline().split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def measure(cluster, simrun, configurations):
    """A row for each of the configurations, which go together in one run."""
    first = configurations[0]
    iterations, warmup = first.repetitions()
    own_server = any(c.method[2] == "own" for c in configurations)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.json"
        file.write_text(json.dumps(scenario(configurations)))
        idle, ticks = processor_ticks()
        ended = cluster.mpirun(first.workers + own_server, [
            simrun, "measure", str(file), "--iterations", str(iterations), "--warmup", str(warmup), "-o", folder],
            eager_limit=first.eager_limit, capture_output=True)
        if ended.returncode != 0:
            sys.exit(f"{scenario(configurations)}\n{ended.stdout}{ended.stderr}")
        idle_now, ticks_now = processor_ticks()
        with open(Path(folder) / "points.csv", newline="") as points:
            rows = list(csv.DictReader(points))
    common = {"round_trip_s": f"{cluster.round_trip():.3g}", "iterations": iterations, "warmup": warmup,
              "processor_idle": f"{(idle_now - idle) / (ticks_now - ticks):.2f}"}
    return [dict(zip(KEY, c.key())) | common | {"density": "" if c.density is None else c.density}
            | {column: row[column] for column in MEASURED} for c, row in zip(configurations, rows, strict=True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simrun", help="the program, built with MPI")
    parser.add_argument("-o", "--out", type=Path, default=HERE / "measured.csv", help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after that time")
    parser.add_argument("--runs", type=int, default=1, help="of each configuration below 0.1 s (default: 1)")
    parser.add_argument("--plan", action="store_true", help="say how much is left, and measure nothing")
    arguments = parser.parse_args()
    done = Counter()
    if arguments.out.exists():
        with open(arguments.out, newline="") as file:
            done.update(tuple(row[column] for column in KEY) for row in csv.DictReader(file))
    left = [[c for c in plan() if done[c.key()] < run and (run == 1 or c.is_short)]
            for run in range(1, arguments.runs + 1)]
    if not arguments.plan:
        in_own_namespaces()
    print(f"{len(plan())} configurations, {sum(map(len, left))} runs to measure, about "
          f"{sum(c.seconds() * sum(c.repetitions()) for run in left for c in run) / 60:.0f} minutes", file=sys.stderr)
    if not arguments.plan:
        end = time.monotonic() + 60 * arguments.minutes
        for run in left:
            measure_all(run, arguments.simrun, arguments.out, end)


def measure_all(left, simrun, out, end):
    """Appends to `out`, until it is `end`."""
    for wiring, group in groupby(left, lambda c: c.wiring):
        with Cluster(wiring) as cluster:
            for _, together in groupby(sorted(group, key=Configuration.run), key=Configuration.run):
                if time.monotonic() > end:
                    return
                together = list(together)
                append(out, measure(cluster, simrun, together))
                print(f"{wiring} {together[0].workers} workers, {together[0].parameters} parameters: "
                      f"{len(together)} configurations", file=sys.stderr)


def append(path, rows):
    is_new = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
