#!/usr/bin/env python3
"""Compares what simrun predicts with measured.csv, and fits the network model ethernet-tcp to it.

    tests/real_network/compare.py SIMRUN [-o FILE]      # errors of every network model; every row of both halves
    tests/real_network/compare.py SIMRUN --fit          # this network's constants of ethernet-tcp, fitted to one half

A configuration that was run several times has the median of its runs. Configurations fall into two halves by a hash of
what they are: to one, `fit`, constants are fitted; by the other, `test`, they are judged. Rows at 200 Mbit/s with 8
workers are left out: there the two processors are the limit.
"""

import argparse
import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
import zlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, groupby
from pathlib import Path

from campaign import HERE as FOLDER
from campaign import KEY, Configuration, scenario

# This network's own constants, of hosts that share two processors behind shapers; all are fitted here, and hold here
# alone. Goodput is that of full frames, and not fitted.
HERE = {"message": "110 us", "burst": "4500 B", "acknowledgements": 0.08, "handover": 0.5, "send_buffer": "50 kB",
        "queued_share": 0.25, "queue": "150 kB"}
# Models by the name they are printed with, each with constants of ethernet-tcp; None: not that model.
MODELS = {"ideal": None, "lv08": None, "ethernet-tcp": HERE, "ethernet-tcp, defaults": {}}
# The values that are tried.
TRIED = {
    "message": ["80 us", "90 us", "0.1 ms", "110 us", "120 us", "130 us"],
    "burst": ["1 B", "1500 B", "3000 B", "4500 B", "6000 B"],
    "acknowledgements": [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12],
    "handover": [0, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0, 1.2],
    "send_buffer": ["1 B", "10 kB", "25 kB", "50 kB", "100 kB", "200 kB"],
    "queued_share": [0, 0.25, 0.5, 0.75, 1],
    "queue": ["50 kB", "100 kB", "150 kB", "250 kB"],
}
TIMES = ["communication_s", "iteration_s", "iteration_low_s", "iteration_high_s"]
COLUMNS = KEY + ["half", "network_model", "measured_s", "measured_low_s", "measured_high_s", "predicted_s",
                 "predicted_low_s", "predicted_high_s", "measured_communication_s", "predicted_communication_s"]


class Prediction:
    """What `simrun` says of rows of measured.csv."""

    def __init__(self, simrun):
        self._simrun = simrun

    def points(self, rows, model, tcp):
        """The row of points.csv for each of `rows`, all with one of MODELS and these constants of ethernet-tcp."""
        order = sorted(range(len(rows)), key=lambda i: conditions(rows[i]))
        groups = [list(group) for _, group in groupby(order, key=lambda i: conditions(rows[i]))]
        points = [None] * len(rows)
        with ThreadPoolExecutor() as pool:
            for group, found in zip(groups, pool.map(lambda g: self._run([rows[i] for i in g], model, tcp), groups)):
                for i, point in zip(group, found, strict=True):
                    points[i] = point
        return points

    def _run(self, rows, model, tcp):
        configurations = [configuration(row) for row in rows]
        text = scenario(configurations)
        text["network"]["model"] = model.partition(",")[0]
        if tcp is not None:
            text["network"]["tcp"] = tcp | {"eager_limit": f"{configurations[0].eager_limit} B"}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "scenario.json"
            file.write_text(json.dumps(text))
            ended = subprocess.run([self._simrun, file, "-j", "1", "--format", "csv", "-o", folder],
                                   capture_output=True, text=True)
        if ended.returncode != 0:
            sys.exit(ended.stderr)
        return list(csv.DictReader(ended.stdout.splitlines()))


def runs(file):
    """The rows of measured.csv, those of one configuration together."""
    found = defaultdict(list)
    for row in csv.DictReader(file):
        if (row["rate_mbit"], row["workers"]) != ("200", "8"):
            found[tuple(row[column] for column in KEY)].append(row)
    return list(found.values())


def median(together):
    """One row for the runs of one configuration."""
    return together[0] | {column: statistics.median(float(row[column]) for row in together) for column in TIMES}


def configuration(row):
    return Configuration(mbit=int(row["rate_mbit"]), hosts_per_switch=int(row["hosts_per_switch"]),
                         eager_limit=int(row["eager_limit"]), gap=float(row["gap_s"]), workers=int(row["workers"]),
                         parameters=int(row["parameters"]), method=(row["method"], row["collective"], row["server"]))


def conditions(row):
    """Rows for which this is the same fit into one scenario."""
    return tuple(row[column] for column in KEY[:-3])


def half(row):
    return "fit" if zlib.crc32("|".join(row[column] for column in KEY).encode()) % 2 == 0 else "test"


def errors(rows, points):
    """Relative errors of the predicted communication time."""
    return [float(p["communication_s"]) / float(r["communication_s"]) - 1 for r, p in zip(rows, points, strict=True)]


def summary(values):
    sizes = sorted(abs(value) for value in values)
    within = sum(size <= 0.25 for size in sizes) / len(sizes)
    return {"rows": len(sizes), "median": statistics.median(sizes), "90 %": sizes[int(0.9 * len(sizes))],
            "within 25 %": within, "bias": statistics.median(values)}


def line(name, values):
    found = summary(values)
    print(f"{name:40} {found.pop('rows'):5}" + "".join(f"{100 * value:12.1f}%" for value in found.values()))


def compare(prediction, rows, tcp, out):
    """Prints errors on the test half; writes all rows of both halves."""
    table = []
    for model, constants in MODELS.items():
        if constants is HERE:
            constants = tcp
        points = prediction.points(rows, model, constants)
        for row, point in zip(rows, points, strict=True):
            table.append({column: row[column] for column in KEY} | {
                "half": half(row), "network_model": model, "measured_s": row["iteration_s"],
                "measured_low_s": row["iteration_low_s"], "measured_high_s": row["iteration_high_s"],
                "predicted_s": point["iteration_s"], "predicted_low_s": point["iteration_low_s"],
                "predicted_high_s": point["iteration_high_s"], "measured_communication_s": row["communication_s"],
                "predicted_communication_s": point["communication_s"]})
        print_errors(model, rows, points)
        print_residuals(model, rows, points)
        print_pairs(model, rows, points)
    if out:
        with open(out, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)


def print_repeats(measured):
    """How far one run lies from the median of the others: no model can be nearer to a single run than that."""
    print_head("one run beside the others")
    for name, low, high in [("below 1 ms", 0, 1e-3), ("1 to 10 ms", 1e-3, 1e-2), ("10 ms and more", 1e-2, math.inf)]:
        found = [float(together[0]["communication_s"]) / median(together[1:])["communication_s"] - 1
                 for together in measured if len(together) > 2 and low <= float(together[0]["communication_s"]) < high]
        line(name, found)


def print_head(title):
    print(f"\n{title:40} {'rows':>5}" + "".join(f"{name:>13}" for name in list(summary([0]))[1:]))


def print_errors(model, rows, points):
    judged = [(r, p, e) for r, p, e in zip(rows, points, errors(rows, points), strict=True) if half(r) == "test"]
    print_head(model + ", test half")
    line("all", [e for _, _, e in judged])
    for name, rule in {"payload time 10 ms and more": lambda r: float(r["communication_s"]) >= 0.01,
                       "less": lambda r: float(r["communication_s"]) < 0.01}.items():
        line(name, [e for r, _, e in judged if rule(r)])
    for column in ("topology", "rate_mbit", "eager_limit", "workers"):
        for value in sorted({r[column] for r, _, _ in judged}):
            line(f"{column} {value}", [e for r, _, e in judged if r[column] == value])
    for method in sorted({(r["method"], r["collective"], r["server"]) for r, _, _ in judged}):
        line(" ".join(method), [e for r, _, e in judged if (r["method"], r["collective"], r["server"]) == method])


def print_residuals(model, rows, points):
    """The lines of sim/simulation/network_error.cpp, from the fit half, and what share of the test half lies between them."""
    for topology in ("star", "tree"):
        ratios = {"fit": [], "test": []}
        for row, error in zip(rows, errors(rows, points), strict=True):
            if row["topology"] == topology:
                ratios[half(row)].append(1 / (1 + error))
        quantiles = statistics.quantiles(ratios["fit"], n=20)
        low, high = min(1, quantiles[0]), max(1, quantiles[-1])
        covered = statistics.fmean(low <= ratio <= high for ratio in ratios["test"])
        print(f"measured / predicted, {topology}: {low:.2f} to {high:.2f}; within, of the test half: {covered:.1%}")


def pairs(rows, points):
    """Two ways of exchanging on one network, with the same parameters: (measured, predicted) communication of each, the
    one that is predicted to take longer first."""
    found = defaultdict(list)
    for row, point in zip(rows, points, strict=True):
        times = float(row["communication_s"]), float(point["communication_s"])
        found[conditions(row), row["parameters"]].append(((row["method"], row["collective"]), times))
    for together in found.values():
        for (way, a), (other, b) in combinations(together, 2):
            if way != other and min(a + b) > 0:
                yield (a, b) if a[1] >= b[1] else (b, a)


def print_pairs(model, rows, points):
    """By topology: what share of the error two ways of exchanging do not have in common, from the fit half; and how often
    the interval of their difference (simulation/interval.hpp) holds in the test half, and tells them apart rightly."""
    for topology in ("star", "tree"):
        halves = {which: [(r, p) for r, p in zip(rows, points, strict=True)
                          if r["topology"] == topology and half(r) == which] for which in ("fit", "test")}
        log_errors = [math.log(float(r["communication_s"]) / float(p["communication_s"])) for r, p in halves["fit"]
                      if float(r["communication_s"]) > 0 and float(p["communication_s"]) > 0]
        quantiles = statistics.quantiles((math.exp(error) for error in log_errors), n=20)
        low, high = 1 - min(1, quantiles[0]), max(1, quantiles[-1]) - 1
        apart = [math.log(a[0] / a[1]) - math.log(b[0] / b[1]) for a, b in pairs(*zip(*halves["fit"], strict=True))]
        own = math.sqrt(min(1, statistics.fmean(x * x for x in apart) / 2 / statistics.pvariance(log_errors)))
        common = math.sqrt(1 - own * own)
        holds, told, wrong = 0, 0, 0
        tested = list(pairs(*zip(*halves["test"], strict=True)))
        for (measured, predicted), (other_measured, other_predicted) in tested:
            difference = predicted - other_predicted
            shorter = math.hypot(common * low * difference, own * low * predicted, own * high * other_predicted)
            longer = math.hypot(common * high * difference, own * high * predicted, own * low * other_predicted)
            holds += difference - shorter <= measured - other_measured <= difference + longer
            told += shorter < difference
            wrong += shorter < difference and measured < other_measured
        print(f"pairs, {topology}: own share of the error {own:.2f}; of {len(tested)} in the test half the interval holds "
              f"{holds / len(tested):.1%} and tells apart {told / len(tested):.1%}, {wrong} of them wrongly")


def fit(prediction, rows, tcp):
    """One constant after the other, as long as it helps: the least mean of |predicted / measured - 1|, cut at 50 %."""
    rows = [row for row in rows if half(row) == "fit"]

    def loss(constants):
        found = errors(rows, prediction.points(rows, "ethernet-tcp", constants))
        return statistics.fmean(min(abs(error), 0.5) for error in found), found

    best, found = loss(tcp)
    improved = True
    while improved:
        improved = False
        for name, values in TRIED.items():
            for value in values:
                if tcp.get(name) == value:
                    continue
                now, now_found = loss(tcp | {name: value})
                if now < best - 1e-4:
                    best, found, tcp, improved = now, now_found, tcp | {name: value}, True
            print(f"{name}: {tcp.get(name)}, mean error {best:.4f}", file=sys.stderr)
    print(json.dumps(tcp, indent=2))
    line("fitted to", found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simrun", help="the program")
    parser.add_argument("--measured", type=Path, default=FOLDER / "measured.csv", help="default: %(default)s")
    parser.add_argument("-o", "--out", type=Path, help="write every row with its predictions there, as CSV")
    parser.add_argument("--every", type=int, default=1, help="only every N-th scenario, to be quick")
    parser.add_argument("--fit", action="store_true", help="fit the constants of ethernet-tcp")
    parser.add_argument("--tcp", type=json.loads, default={}, help="of this network's constants, others, as JSON")
    arguments = parser.parse_args()
    with open(arguments.measured, newline="") as file:
        measured = runs(file)
    rows = [median(together) for together in measured]
    kept = sorted({conditions(row) for row in rows})[:: arguments.every]
    rows = [row for row in rows if conditions(row) in kept]
    if not arguments.fit:
        print_repeats(measured)
    work = fit if arguments.fit else lambda *given: compare(*given, arguments.out)
    work(Prediction(arguments.simrun), rows, HERE | arguments.tcp)


if __name__ == "__main__":
    main()
