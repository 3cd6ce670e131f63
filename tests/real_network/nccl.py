#!/usr/bin/env python3
"""Predicts published all-reduces of NCCL over TCP, each rate with constants that were fitted at the other.

    tests/real_network/nccl.py SIMRUN

nccl_tcp_l40s_2026.csv has the measured times and their source, the scenario of the same name what was run. The one
constant that is fitted is network.tcp.striped_share. Ends with 1 if a median error is more than 5 %.
"""

import csv
import io
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).resolve().parent / "nccl_tcp_l40s_2026.csv"
RATES = {"200m": "200 Mbps", "5g": "5 Gbps"}
MOST = 0.05  # of a median error
SHAPER = 8949 / 9015  # goodput: it counts 14 bytes of Ethernet a frame; iperf3 found 0.9925 to 0.9927, column link_bps
SCENARIO = DATA.with_suffix(".json")


def measured():
    """Seconds of every row, by nominal rate."""
    lines = [line for line in DATA.read_text().splitlines() if not line.startswith("#")]
    found = {rate: [] for rate in RATES}
    for row in csv.DictReader(lines):
        found[row["nominal"]].append(float(row["median_ms"]) * 1e-3)
    return found


def predicted(simrun, rate, model=None, **constants):
    """Seconds that the program says, with these of network.tcp or with another model."""
    scenario = json.loads(SCENARIO.read_text())
    network = scenario["network"] | {"bandwidth": RATES[rate]}
    if constants:
        network["tcp"] = constants
    if model:
        network = {key: network[key] for key in ("bandwidth", "latency")} | {"model": model}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.json"
        file.write_text(json.dumps(scenario | {"network": network}))
        ended = subprocess.run([simrun, file, "--format", "csv", "-o", folder], capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(ended.stderr)
    return float(next(csv.DictReader(io.StringIO(ended.stdout)))["iteration_s"])


def error(rows, prediction):
    """Median error of the rows, and the error of their median."""
    return statistics.median(abs(prediction / row - 1) for row in rows), prediction / statistics.median(rows) - 1


def main():
    simrun = sys.argv[1]
    rows = measured()
    # The prediction is a line in the constant.
    none = {rate: predicted(simrun, rate, goodput=SHAPER, striped_share=0) for rate in RATES}
    slope = {rate: predicted(simrun, rate, goodput=SHAPER, striped_share=1) - none[rate] for rate in RATES}
    fitted = {rate: max(0, (statistics.median(rows[rate]) - none[rate]) / slope[rate]) for rate in RATES}
    good = True
    print(f"{'constants':24}{'rate':8}{'measured s':>12}{'predicted s':>12}{'median error':>14}{'of the median':>15}")

    def judge(name, rate, prediction, most=None):
        nonlocal good
        middle, signed = error(rows[rate], prediction)
        print(f"{name:24}{rate:8}{statistics.median(rows[rate]):12.4f}{prediction:12.4f}{middle:14.1%}{signed:+15.1%}")
        good &= most is None or middle <= most

    for rate in RATES:
        judge("ideal", rate, predicted(simrun, rate, model="ideal"))
        judge("not spread", rate, predicted(simrun, rate, striped_share=0))
        judge("shipped (both rates)", rate, predicted(simrun, rate), MOST)
        for other, share in fitted.items():
            judge(f"{share:.3f}, from {other}", rate, none[rate] + share * slope[rate], MOST)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
