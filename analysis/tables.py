"""Published tables: reads them, lets simrun predict their rows, and judges the predictions."""

import csv
import functools
import io
import json
import math
import os
import re
import statistics
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = ["method", "workers"]
MEASURES = ["samples_per_s_per_worker", "samples_per_s", "iteration_s", "scaling_efficiency"]
CHOOSE = ["density", "k", "index", "collective"]  # a point among those of a method
OWN = ["label", "model", "note", "used_for", *REQUIRED, *MEASURES, *CHOOSE]
USES = ["test", "calibration", "baseline"]
UNITS = {"": 1, "%": 0.01, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60}
NUMBER = r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*"


class TableError(Exception):
    """A table or scenario that cannot be used: the message names the file, what is wrong and what is accepted."""

    def __init__(self, message, status=2):
        super().__init__(message)
        self.status = status  # to exit with


# Reading


def published():
    """The tables of published/: files that have a scenario beside them."""
    folder = ROOT / "analysis" / "published"
    return [file for file in sorted(folder.glob("*.csv")) if file.with_suffix(".json").exists()]


def read_scenario(file):
    """The scenario as JSON has it, an object. Raises TableError."""
    try:
        scenario = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise TableError(f"{file}: cannot be read: {error.strerror}; accepted: a table's scenario beside it") from None
    except ValueError as error:
        raise TableError(f"{file}: is not JSON: {error}; accepted: a scenario") from None
    if not isinstance(scenario, dict):
        raise TableError(f"{file}: is no JSON object; accepted: a scenario")
    return scenario


def methods_of(scenario):
    """Names of the scenario's methods, each once; simrun says what is wrong with others."""
    entries = scenario.get("methods")
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def read_table(file, scenario):
    """Rows of a table by column, each with `settings` (values by path), `label` (the method as printed), `case` (what
    rows must share to be compared) and `measured` (name of the measure, value). Raises TableError."""
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or error
        raise TableError(f"{file}: cannot be read: {cause}; accepted: a CSV file in UTF-8") from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    table = csv.DictReader((line for _, line in numbered), skipinitialspace=True)
    columns = table.fieldnames or []
    for name in columns:
        if not name or columns.count(name) > 1:
            wrong = f"{name}: column given twice" if name else "a column has no name"
            raise TableError(f"{file}: {wrong}; accepted: columns with names of their own")
    missing = [name for name in REQUIRED if name not in columns]
    if missing or not set(MEASURES) & set(columns):
        missing = missing or ["a measurement"]
        raise TableError(
            f"{file}: {missing[0]}: no such column; required: {', '.join(REQUIRED)} and one of {', '.join(MEASURES)}"
        )
    rows = []
    for (number, _), cells in zip(numbered[1:], table):
        rows.append(read_row(f"{file}: line {number}", cells, scenario))
    if all(row["method"] == "none" for row in rows):
        raise TableError(f"{file}: has nothing to predict; required: a row of a method")
    check_baselines(rows)
    sizes = {(row["model"], row["batch"]) for row in rows}
    for row in rows:
        if sum(model == row["model"] for model, _ in sizes) > 1:
            row["case"] += f" batch {row['batch']:g}"
    return rows


def check_baselines(rows):
    """Throws where the baseline of a model and batch is not one worker, or is there twice."""
    known = {}
    for row in rows:
        if row["method"] != "none":
            continue
        if row["workers"] != 1:
            raise TableError(f"{row['where']}: workers: {row['workers']} of method none; accepted: 1")
        first = known.setdefault((row["model"], row["batch"]), row)
        if first is not row:
            raise TableError(f"{row['where']}: the same baseline as in {first['where']}; accepted: one a model and batch")


def read_row(where, cells, scenario):
    if None in cells or None in cells.values():
        raise TableError(f"{where}: has not as many cells as the header; accepted: one for each column")
    row = {name: cell.strip() for name, cell in cells.items()}
    methods = ["none", *methods_of(scenario)]
    if row["method"] not in methods:
        raise TableError(f"{where}: method: {row['method']!r} is not in the scenario; accepted: {', '.join(methods)}")
    if not re.fullmatch("[1-9][0-9]*", row["workers"]):
        raise TableError(f"{where}: workers: {row['workers']!r} is no count; accepted: a whole number above 0")
    row["workers"] = int(row["workers"])
    row["used_for"] = row.get("used_for") or USES[0]
    if row["used_for"] not in USES:
        raise TableError(f"{where}: used_for: {row['used_for']!r} is not known; accepted: {', '.join(USES)}")
    row["settings"] = {path: cell for path, cell in row.items() if path not in OWN and cell}
    model = row.get("model") or scenario.get("model", "")
    if row.get("model"):
        row["settings"] = {"model": row["model"]} | row["settings"]
    row["model"] = model.get("name", "inline") if isinstance(model, dict) else model
    row["batch"] = batch_of(where, row, scenario)
    row["label"] = row.get("label") or " ".join([row["method"], *(row[name] for name in CHOOSE if row.get(name))])
    # What differs from method to method by nature, such as a host's bandwidth, does not make another case.
    network = [cell for path, cell in row["settings"].items() if path.startswith("network")]
    row["case"] = " ".join([row["model"], *network])
    row["measured"] = measured(where, row)
    row["where"] = where
    return row


def batch_of(where, row, scenario):
    """Samples a worker; NaN where the scenario lacks them, of which simrun says so."""
    batch = row.get("batch_per_worker") or scenario.get("batch_per_worker")
    try:
        return float("nan" if batch is None else batch)
    except (TypeError, ValueError):
        raise TableError(f"{where}: batch_per_worker: {batch!r} is no count; accepted: a whole number above 0") from None


def measured(where, row):
    """The name of the row's measure, and its value in samples/s, seconds or as a fraction."""
    given = [name for name in MEASURES if row.get(name)]
    if len(given) != 1:
        raise TableError(f"{where}: has {len(given)} measurements; accepted: one of {', '.join(MEASURES)}")
    name, text = given[0], row[given[0]]
    found = re.fullmatch(NUMBER + r"(%|us|ms|s|min|)", text)
    value = float(found[1]) * UNITS[found[2]] if found else 0
    time = name == "iteration_s"
    if not 0 < value < math.inf or (found[2] == "%" and name != "scaling_efficiency") or (found[2] not in ("", "%") and not time):
        raise TableError(
            f"{where}: {name}: {text!r} is not a measurement; accepted: a number above 0, with ms or min for times, with % "
            "for an efficiency"
        )
    if name == "scaling_efficiency" and value > 2:
        raise TableError(f"{where}: {name}: {text!r} is no fraction; accepted: 0.9 or 90 %")
    return name, value


# Predicting


def is_meant(point, row):
    """Whether a row measures this point."""

    def equal(cell, asked):
        try:
            return float(cell) == float(asked)
        except ValueError:
            return cell == asked

    asked = {name: row[name] for name in ("method", "workers", *CHOOSE) if row.get(name)}
    return all(equal(point[name], value) for name, value in asked.items())


@functools.cache
def program():
    """$SIMRUN, or the one here, which is built first where it is not, saying so. Raises TableError."""
    name = os.environ.get("SIMRUN") or str(ROOT / "simrun")
    try:
        ended = subprocess.run([name, "--version"], check=False, stdout=subprocess.DEVNULL)
    except OSError as error:
        raise TableError(f"{name}: cannot be run: {error.strerror}; accepted: $SIMRUN names the program") from None
    if ended.returncode != 0:
        raise TableError(f"{name}: does not run, status {ended.returncode}; accepted: $SIMRUN names the program", 1)
    return name


def run_points(scenario, settings, workers, options):
    """Points of the scenario with a row's settings, by column. Raises TableError with simrun's own words."""
    words = [word for path, cell in settings.items() for word in ("--set", f"{path}={cell}")]
    with tempfile.TemporaryDirectory() as folder:
        command = [program(), scenario, *words, "--set", f"sweep.workers={workers}", *options]
        command += ["--format", "csv", "-o", folder]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        said = ended.stderr.strip() or f"{command[0]}: ended with status {ended.returncode}"
        raise TableError(said.splitlines()[-1], 2 if ended.returncode == 2 else 1)
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def predict(scenario, rows, options=()):
    """Sets for each row, but those of method none, `predicted`, `published` (samples/s and worker), `error` (relative),
    `published_efficiency` and `predicted_efficiency`, `parameters` and `compute_s`: one run for each set of equal
    settings."""
    runs = defaultdict(list)
    for row in rows:
        if row["method"] != "none":
            runs[tuple(row["settings"].items())].append(row)
    baselines = baselines_of(rows)
    for settings, alike in runs.items():
        workers = sorted({row["workers"] for row in alike})
        points = run_points(scenario, dict(settings), workers, options)
        for row in alike:
            meant = [point for point in points if is_meant(point, row)]
            if len(meant) != 1:
                raise TableError(
                    f"{row['where']}: {len(meant)} points of the scenario are {row['label']}; accepted: 1, chosen by "
                    f"{', '.join(CHOOSE)}"
                )
            set_rates(row, meant[0], baselines.get((row["model"], row["batch"])))


def baselines_of(rows):
    """The published rate of one worker, by model and samples a worker."""
    alone = [row for row in rows if row["method"] == "none" and row["measured"][0] != "scaling_efficiency"]
    return {(row["model"], row["batch"]): rate_of(row, None) for row in alone}


def set_rates(row, point, baseline):
    row["predicted"] = float(point["samples_per_s"]) / row["workers"]
    row["parameters"], row["compute_s"] = float(point["parameters"]), float(point["compute_s"])
    # Without a published rate of one worker efficiency is against the predicted one.
    baseline = baseline or row["predicted"] / float(point["scaling_efficiency"])
    row["published"] = rate_of(row, baseline)
    row["error"] = row["predicted"] / row["published"] - 1
    row["published_efficiency"] = row["published"] / baseline
    row["predicted_efficiency"] = row["predicted"] / baseline


def rate_of(row, baseline):
    """What was measured, in samples/s and worker."""
    name, value = row["measured"]
    if name == "iteration_s":
        return row["batch"] / value
    if name == "scaling_efficiency":
        return value * baseline
    return value / row["workers"] if name == "samples_per_s" else value


# Judging


def right_orders(rows):
    """For each (case, workers) whether its methods come in the published order, from the slowest to the fastest."""
    cells = defaultdict(list)
    for row in rows:
        cells[row["case"], row["workers"]].append(row)

    def order(cell, key):
        return [row["label"] for row in sorted(cell, key=lambda row: row[key])]

    several = {cell: rows for cell, rows in cells.items() if len(rows) > 1}
    return {cell: order(rows, "published") == order(rows, "predicted") for cell, rows in several.items()}


def median_error(rows):
    return statistics.median(abs(row["error"]) for row in rows)


# Writing


def check_output(file):
    """Raises TableError where `file` cannot be written for what it is or lies in."""
    if not str(file) or Path(file).is_dir() or not Path(file).parent.is_dir():
        raise TableError(f"{str(file)!r}: cannot be written; accepted: a file in a folder that is there")


def write_file(file, text):
    """Writes `file` whole or not at all. Raises TableError."""
    written = Path(f"{file}.new")
    try:
        check_output(file)
        written.write_text(text, encoding="utf-8")
        written.replace(file)
    except OSError as error:
        raise TableError(f"{file}: cannot be written: {error.strerror}; accepted: a file in a folder") from None
