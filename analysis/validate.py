#!/usr/bin/env python3
"""Runs the scenarios of published tables and prints predicted beside published.

usage: validate.py [--set PATH=VALUE]... [--without-host | --fit PATH [--by-method]] [--seeds N] [-o FILE] [TABLE.csv]...   (default: all of published/)

Beside TABLE.csv lies TABLE.json, the scenario. The table has a row for each measurement, with the columns
  method, workers               what was run, method by the scenario's name; none with 1 worker is the baseline of
                                scaling efficiency, where there is none the predicted rate of one worker is
  samples_per_s_per_worker, samples_per_s (of the cluster), iteration_s (1.2, 350 ms) or scaling_efficiency (0.9, 90 %)
                                what was measured; a row fills one of them
  model                         a shipped model or a file beside the table; left out: the scenario's
  density, k, index, collective if the scenario has a method more than once: which of its points is meant
  label                         what to print instead of the method and what chooses it
  used_for                      calibration, baseline or test; left out: test
  note                          anything; it is not read
and any others whose names are fields of the scenario by dotted path (batch_per_worker, compute.forward, host.bandwidth):
they are set for that row, an empty cell leaves the scenario's value. Lines that begin with # are comments.

Rates are printed in samples/s of one worker, efficiencies and errors of the rate in %; error is predicted over
published - 1.

--set changes the scenario, after what rows set. --without-host runs with a host that takes no time.
--fit PATH fits the quantity PATH (host.bandwidth) to the rows for calibration, beginning with the value that is there,
and writes it into the table as a column: one value for all methods, or one each --by-method.
--seeds N predicts with each of the seeds 1 to N of a shuffled placement (network.placement_seed), and prints how the
errors are distributed, beside those of a predictor that knows no network: the time to compute and a constant a
parameter, one for each method, fitted to the rows for calibration.
-o FILE writes the rows as CSV, too, rates in samples/s of one worker.
$SIMRUN names the program (default: ./simrun).
Exit status: 0 done, 1 a run failed, 2 wrong input; one line on stderr says what.
"""

import argparse
import csv
import io
import json
import signal
import statistics
from collections import defaultdict
from pathlib import Path

import fitting
import one_line
import tables

NO_TIME = {"bandwidth": "1e6 GB/s"}  # a host that takes none, with merges on the device
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
    all_rows = rows
    rows = [row for row in rows if row["method"] != "none"]
    print(f"{file}{', without host' if arguments.without_host else ''}\n")
    print_rows(rows)
    print()
    print_summary(rows)
    print()
    if arguments.seeds:
        over_seeds(file, scenario_file, [row.copy() for row in all_rows], options, arguments.seeds)
    return rows


def over_seeds(file, scenario_file, rows, options, seeds):
    """Prints how errors of the rows for testing are distributed over seeds 1 to `seeds` of the placement."""
    test = [row for row in rows if row["used_for"] == "test" and row["method"] != "none"]
    groups = {"all": test} | {label: [row for row in test if row["label"] == label] for label in labels_of(test)}
    medians = {name: [] for name in groups}
    right = []
    for seed in range(1, seeds + 1):
        tables.predict(scenario_file, rows, [*options, "--set", f"network.placement_seed={seed}"])
        for name, group in groups.items():
            medians[name].append(tables.median_error(group))
        orders = tables.right_orders([row for row in rows if row["method"] != "none"])
        right.append(sum(orders.values()))
    without = fitting.without_network(file, rows)
    print(f"{file}: rows for testing, seeds 1 to {seeds} of network.placement_seed\n")
    print("median error of the rate, in %: median of the seeds, least and most; a constant a parameter and method, no network")
    for name, group in groups.items():
        low, middle, high = spread([100 * error for error in medians[name]])
        alone = 100 * tables.median_error([without[id(row)] for row in group])
        print(f"{f'{name} ({len(group)})':24} {middle:5.1f} ({low:.1f} to {high:.1f}){alone:12.1f}")
    low, middle, high = spread(right)
    alone = tables.right_orders(list(without.values()))
    print(f"order of methods right in {middle:g} ({low} to {high}) of {len(orders)} (model, M); no network: {sum(alone.values())}\n")


def labels_of(rows):
    return list(dict.fromkeys(row["label"] for row in rows))


def spread(values):
    """Least, median, most."""
    return min(values), statistics.median(values), max(values)


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


def count(text):
    """A number of seeds; argparse names the option where it raises."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; accepted: 1 to 1000")
    return int(text)


def main():
    parser = one_line.parser_of(__doc__, "validate.py [options] [TABLE.csv]...")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE")
    host = parser.add_mutually_exclusive_group()
    host.add_argument("--without-host", action="store_true")
    host.add_argument("--fit", metavar="PATH")
    parser.add_argument("--by-method", action="store_true")
    parser.add_argument("--seeds", type=count, metavar="N")
    parser.add_argument("-o", "--out", metavar="FILE")
    parser.add_argument("tables", nargs="*", default=tables.published())
    arguments = parser.parse_args()
    if arguments.by_method and not arguments.fit:
        parser.error("--by-method goes with --fit")
    options = [word for setting in arguments.set for word in ("--set", setting)]
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it
    with one_line.ended_by(tables.TableError):
        if arguments.out is not None:
            check_out(arguments.out, arguments.tables)
        rows = [row for table in arguments.tables for row in validate(table, options, arguments)]
        if arguments.out is not None:
            tables.write_file(arguments.out, csv_of(rows))


if __name__ == "__main__":
    main()
