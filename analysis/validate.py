#!/usr/bin/env python3
"""Runs the scenarios of published tables and prints predicted beside published.

usage: validate.py [--set PATH=VALUE]... [--without-host] [TABLE.csv]...   (default: all of published/)

Beside TABLE.csv lies TABLE.json, the scenario. The table has a row for each measurement, with the columns
  model, method, workers        what was run; method none with 1 worker is the baseline of scaling efficiency
  samples_per_s_per_worker      what was measured
  used_for                      baseline, calibration or test
and any others whose names are fields of the scenario by dotted path (batch_per_worker, compute.forward, host.bandwidth):
they are set for that row, an empty cell leaves the scenario's value. Lines that begin with # are comments.

--set changes the scenario, after what rows set. --without-host runs with a host that takes no time. $SIMRUN names the program (default: ./simrun).
Exit status: 0 done, 1 a run failed, 2 wrong input; one line on stderr says what.
"""

import argparse
import csv
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NO_TIME = {"bandwidth": "1e9 GB/s"}  # a host that takes none, with merges on the device
OWN = ["method", "workers", "samples_per_s_per_worker", "used_for"]


class TableError(Exception):
    """A table that cannot be used: the message names the file, what is wrong and what is accepted."""


def read_table(file):
    """Rows of a table, each with its settings by path."""
    lines = [line for line in Path(file).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    missing = [name for name in (*OWN, "model") if not rows or name not in rows[0]]
    if missing:
        raise TableError(f"{file}: {missing[0]}: is missing; required columns: model, {', '.join(OWN)}")
    for number, row in enumerate(rows, 1):
        try:
            row["workers"] = int(row["workers"])
            row["published"] = float(row["samples_per_s_per_worker"])
        except (TypeError, ValueError):
            raise TableError(f"{file}: row {number}: workers or rate is no number; accepted: numbers") from None
        row["settings"] = tuple(
            (path, cell) for path, cell in row.items() if path not in (*OWN, "published") and cell not in (None, "")
        )
    return rows


def settings_of(row):
    """A row's settings as simrun takes them."""
    return [word for path, cell in row["settings"] for word in ("--set", f"{path}={cell}")]


def predict(program, scenario, rows, options):
    """Sets `predicted` of each row, in samples/s and worker: one run for each set of equal settings."""
    runs = defaultdict(list)
    for row in rows:
        if row["method"] != "none":
            runs[row["settings"]].append(row)
    for alike in runs.values():
        workers = sorted({row["workers"] for row in alike})
        with tempfile.TemporaryDirectory() as folder:
            command = [program, scenario, *settings_of(alike[0]), "--set", f"sweep.workers={workers}", *options]
            ended = subprocess.run(
                [*command, "--format", "csv", "-o", folder], check=False, capture_output=True, text=True
            )
        if ended.returncode != 0:
            raise subprocess.CalledProcessError(ended.returncode, command, stderr=ended.stderr)
        points = {(p["method"], int(p["workers"])): p for p in csv.DictReader(io.StringIO(ended.stdout))}
        for row in alike:
            point = points.get((row["method"], row["workers"]))
            if point is None:
                raise TableError(f"{scenario}: methods: {row['method']} is missing; required by the table")
            row["predicted"] = float(point["samples_per_s"]) / row["workers"]


def right_orders(rows):
    """For each (model, workers), whether the methods come in the published order, from the slowest to the fastest."""
    cells = defaultdict(list)
    for row in rows:
        cells[row["model"], row["workers"]].append(row)

    def order(cell, key):
        return [row["method"] for row in sorted(cell, key=lambda row: row[key])]

    return {cell: order(rows, "published") == order(rows, "predicted") for cell, rows in cells.items()}


def print_rows(rows, baseline):
    print(
        f"{'model':15} {'method':8} {'M':>4} {'published/s':>12} {'predicted/s':>12} "
        f"{'published eff':>14} {'predicted eff':>14} {'error':>8}  used for"
    )
    for row in rows:
        base = baseline.get(row["model"])

        def efficiency(rate, base=base):
            return f"{100 * rate / base:.1f} %" if base else ""

        print(
            f"{row['model']:15} {row['method']:8} {row['workers']:4} {row['published']:12.2f} {row['predicted']:12.2f} "
            f"{efficiency(row['published']):>14} {efficiency(row['predicted']):>14} {100 * row['error']:+7.1f} %"
            f"  {row['used_for']}"
        )


def print_summary(rows):
    groups = defaultdict(list)
    for row in rows:
        for name in (row["used_for"], f"{row['used_for']}, {row['method']}", f"{row['used_for']}, {row['model']}"):
            groups[name].append(abs(row["error"]))
    for name, errors in sorted(groups.items()):
        print(
            f"{name}: median error {100 * statistics.median(errors):.1f} %, worst {100 * max(errors):.1f} %, "
            f"{len(errors)} points"
        )
    orders = right_orders(rows)
    wrong = [f"{model} at {workers}" for (model, workers), right in orders.items() if not right]
    print(
        f"order of methods right in {sum(orders.values())} of {len(orders)} (model, M)"
        + (f"; not for {', '.join(wrong)}" if wrong else "")
    )


def validate(file, options, arguments):
    """Prints one table. Errors are relative to published: the same for throughput and scaling efficiency, which share the
    published baseline."""
    rows = read_table(file)
    scenario = Path(file).with_suffix(".json")
    program = os.environ.get("SIMRUN") or str(ROOT / "simrun")
    if arguments.without_host:
        for row in rows:
            row["settings"] = tuple(s for s in row["settings"] if not s[0].startswith("host."))
        options = [*options, "--set", f"host={json.dumps(NO_TIME)}"]
    predict(program, scenario, rows, options)
    baseline = {row["model"]: row["published"] for row in rows if row["method"] == "none"}
    rows = [row for row in rows if row["method"] != "none"]
    for row in rows:
        row["error"] = row["predicted"] / row["published"] - 1
    print(f"{file}{', without host' if arguments.without_host else ''}\n")
    print_rows(rows, baseline)
    print()
    print_summary(rows)
    print()


def main():
    parser = argparse.ArgumentParser(
        usage="validate.py [options] [TABLE.csv]...",
        description=__doc__.split("\n\n", 2)[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--without-host", action="store_true")
    parser.add_argument("tables", nargs="*", default=sorted((ROOT / "analysis" / "published").glob("*.csv")))
    arguments = parser.parse_args()
    options = [word for setting in arguments.set for word in ("--set", setting)]
    try:
        for table in arguments.tables:
            validate(table, options, arguments)
    except (TableError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip().splitlines()[-1], file=sys.stderr)
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
