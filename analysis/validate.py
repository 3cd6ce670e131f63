#!/usr/bin/env python3
"""Runs the scenarios of published tables and prints predicted beside published.

usage: validate.py [--set PATH=VALUE]... [--without-host | --fit PATH [--by-method]] [-o FILE] [TABLE.csv]...   (default: all of published/)

Beside TABLE.csv lies TABLE.json, the scenario. The table has a row for each measurement, with the columns
  method, workers               what was run, method by the scenario's name; none with 1 worker is the baseline of
                                scaling efficiency, where there is none the predicted rate of one worker is
  samples_per_s_per_worker, samples_per_s (of the cluster), iteration_s (1.2, 350 ms) or scaling_efficiency (0.9, 90 %)
                                what was measured; a row fills one of them
  model                         a shipped model or a file beside the table; left out: the scenario's
  density, k, index, collective if the scenario has a method more than once: which of its points is meant
  used_for                      calibration, baseline or test; left out: test
  note                          anything; it is not read
and any others whose names are fields of the scenario by dotted path (batch_per_worker, compute.forward, host.bandwidth):
they are set for that row, an empty cell leaves the scenario's value. Lines that begin with # are comments.

--set changes the scenario, after what rows set. --without-host runs with a host that takes no time.
--fit PATH fits the quantity PATH (host.bandwidth) to the rows for calibration, beginning with the value that is there,
and writes it into the table as a column: one value for all methods, or one each --by-method.
-o FILE writes the rows as CSV, too.
$SIMRUN names the program (default: ./simrun).
Exit status: 0 done, 1 a run failed, 2 wrong input; one line on stderr says what.
"""

import argparse
import csv
import io
import json
import signal
import sys
from collections import defaultdict
from pathlib import Path

import fitting
import one_line
import tables

NO_TIME = {"bandwidth": "1e9 GB/s"}  # a host that takes none, with merges on the device
COLUMNS = ["case", "model", "label", "workers", "batch", "published", "predicted", "published_efficiency"]
COLUMNS += ["predicted_efficiency", "error", "used_for"]


def print_rows(rows):
    cases, labels = (max(len(row[name]) for row in rows) for name in ("case", "label"))
    print(
        "samples/s of a worker (published/s, predicted/s) and scaling efficiency (eff)\n"
        f"{'model':{cases}} {'method':{labels}} {'M':>5} {'published/s':>12} {'predicted/s':>12} "
        f"{'published eff':>14} {'predicted eff':>14} {'error':>10}  used for"
    )
    for row in rows:
        print(
            f"{row['case']:{cases}} {row['label']:{labels}} {row['workers']:5} {row['published']:12.2f} "
            f"{row['predicted']:12.2f} {100 * row['published_efficiency']:12.1f} % "
            f"{100 * row['predicted_efficiency']:12.1f} % {100 * row['error']:+8.1f} %  {row['used_for']}"
        )


def print_summary(rows):
    groups = defaultdict(list)
    for row in rows:
        for name in (row["used_for"], f"{row['used_for']}, {row['label']}", f"{row['used_for']}, {row['case']}"):
            groups[name].append(row)
    for name, group in sorted(groups.items()):
        worst = max(abs(row["error"]) for row in group)
        print(
            f"{name}: median error {100 * tables.median_error(group):.1f} %, worst {100 * worst:.1f} %, "
            f"{len(group)} point{'s' if len(group) > 1 else ''}"
        )
    orders = tables.right_orders(rows)
    if not orders:
        return
    wrong = [f"{case} at {workers}" for (case, workers), right in orders.items() if not right]
    print(
        f"order of methods right in {sum(orders.values())} of {len(orders)} (model, M)"
        + (f"; not for {', '.join(wrong)}" if wrong else "")
    )


def validate(file, options, arguments):
    """Prints one table and returns its rows. Errors are relative to published: the same for throughput and scaling
    efficiency, which share their baseline."""
    scenario_file = str(file).removesuffix(".csv") + ".json"
    rows = tables.read_table(file, tables.read_scenario(scenario_file))
    if arguments.without_host:
        for row in rows:
            row["settings"] = {path: cell for path, cell in row["settings"].items() if not path.startswith("host.")}
        options = ["--set", f"host={json.dumps(NO_TIME)}", *options]
    if arguments.fit:
        fitted = fitting.fit(file, scenario_file, arguments.fit, rows, arguments.by_method, options)
        fitting.write_column(file, arguments.fit, fitted)
        print(f"{file}: {arguments.fit} fitted: " + ", ".join(f"{m} {value}" for m, value in fitted.items()) + "\n")
    tables.predict(scenario_file, rows, options)
    rows = [row for row in rows if row["method"] != "none"]
    print(f"{file}{', without host' if arguments.without_host else ''}\n")
    print_rows(rows)
    print()
    print_summary(rows)
    print()
    return rows


def csv_of(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def check_out(out, inputs):
    """Before anything is run. Raises TableError."""
    tables.check_output(out)
    if any(Path(out).resolve() == Path(table).resolve() for table in inputs):
        raise tables.TableError(f"{out}: is a table itself; accepted: another file")


def main():
    parser = one_line.Parser(
        usage="validate.py [options] [TABLE.csv]...",
        description=__doc__.split("\n\n", 2)[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE")
    host = parser.add_mutually_exclusive_group()
    host.add_argument("--without-host", action="store_true")
    host.add_argument("--fit", metavar="PATH")
    parser.add_argument("--by-method", action="store_true")
    parser.add_argument("-o", "--out", metavar="FILE")
    parser.add_argument("tables", nargs="*", default=sorted((tables.ROOT / "analysis" / "published").glob("*.csv")))
    arguments = parser.parse_args()
    if arguments.by_method and not arguments.fit:
        parser.error("--by-method goes with --fit")
    options = [word for setting in arguments.set for word in ("--set", setting)]
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it
    try:
        if arguments.out is not None:
            check_out(arguments.out, arguments.tables)
        rows = [row for table in arguments.tables for row in validate(table, options, arguments)]
        if arguments.out is not None:
            tables.write_file(arguments.out, csv_of(rows))
    except tables.TableError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
