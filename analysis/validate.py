#!/usr/bin/env python3
"""Runs the scenarios of published tables and prints predicted beside published.

usage: validate.py [--set PATH=VALUE]... [--without-host] [TABLE.csv]...   (default: all of published/)

Beside TABLE.csv lies TABLE.json, the scenario. The table has a row for each measurement, with the columns
  method, workers               what was run; method none with 1 worker is the baseline of scaling efficiency
  model                         and any others whose names are fields of the scenario by dotted path (batch_per_worker,
                                compute.forward, host.bandwidth): they are set for that row, an empty cell leaves the
                                scenario's value
  samples_per_s_per_worker, samples_per_s (of the cluster) or iteration_s    what was measured
  density, k, index, collective if the scenario has a method more than once: which of its points is meant
  used_for                      calibration, baseline or test; left out: test
Lines that begin with # are comments.

--set changes the scenario, after what rows set. --without-host runs with a host that takes no time.
$SIMRUN names the program (default: ./simrun).
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
REQUIRED = ["model", "method", "workers"]
MEASURES = ["samples_per_s_per_worker", "samples_per_s", "iteration_s"]
CHOOSE = ["density", "k", "index", "collective"]  # a point among those of a method
OWN = ["method", "workers", "used_for", *MEASURES, *CHOOSE]


class TableError(Exception):
    """A table that cannot be used: the message names the file, what is wrong and what is accepted."""


def read_table(file, batch):
    """Rows of a table, each with its settings by path and `published`, the rate in samples/s and worker. `batch` is for
    rows that do not set it."""
    lines = [line for line in Path(file).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    columns = rows[0] if rows else {}
    measures = [name for name in MEASURES if name in columns]
    missing = [name for name in REQUIRED if name not in columns] or ([] if measures else [MEASURES[0]])
    if missing:
        raise TableError(f"{file}: {missing[0]}: is missing; required columns: {', '.join(REQUIRED)}, a measurement")
    for number, row in enumerate(rows, 1):
        try:
            row["workers"] = int(row["workers"])
            row["published"] = rate_of(measures[0], row, batch)
        except (TypeError, ValueError, ZeroDivisionError):
            raise TableError(f"{file}: row {number}: is not sound; accepted: numbers above 0") from None
        row["used_for"] = row.get("used_for") or "test"
        row["settings"] = tuple(
            (path, cell) for path, cell in row.items() if path not in (*OWN, "published") and cell not in (None, "")
        )
    return rows


def rate_of(measure, row, batch):
    """What was measured, in samples/s and worker."""
    value = float(row[measure])
    if measure == "iteration_s":
        return float(row.get("batch_per_worker") or batch) / value
    return value / row["workers"] if measure == "samples_per_s" else value


def settings_of(row):
    """A row's settings as simrun takes them."""
    return [word for path, cell in row["settings"] for word in ("--set", f"{path}={cell}")]


def is_meant(point, row):
    """Whether a row measures this point."""

    def equal(cell, asked):
        try:
            return float(cell) == float(asked)
        except ValueError:
            return cell == asked

    asked = {name: row[name] for name in ("method", "workers", *CHOOSE) if row.get(name)}
    return all(equal(point[name], value) for name, value in asked.items())


def run_points(program, scenario, row, workers, options):
    """Points of the scenario with the row's settings, by column."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, scenario, *settings_of(row), "--set", f"sweep.workers={workers}", *options]
        command += ["--format", "csv", "-o", folder]
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def predict(program, scenario, rows, options):
    """Sets `predicted` of each row, in samples/s and worker: one run for each set of equal settings."""
    runs = defaultdict(list)
    for row in rows:
        if row["method"] != "none":
            runs[row["settings"]].append(row)
    for alike in runs.values():
        workers = sorted({row["workers"] for row in alike})
        points = run_points(program, scenario, alike[0], workers, options)
        for row in alike:
            meant = [point for point in points if is_meant(point, row)]
            if len(meant) != 1:
                raise TableError(
                    f"{scenario}: methods: {len(meant)} points are {row['method']} as the table has it; accepted: 1"
                )
            row["predicted"] = float(meant[0]["samples_per_s"]) / row["workers"]


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
    """Prints one table. Errors are relative to published: the same for throughput and scaling efficiency, which share
    the published baseline."""
    scenario = Path(file).with_suffix(".json")
    rows = read_table(file, json.loads(scenario.read_text(encoding="utf-8")).get("batch_per_worker"))
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
    except (TableError, OSError, json.JSONDecodeError) as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip().splitlines()[-1], file=sys.stderr)
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
