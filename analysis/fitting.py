"""Fits a quantity of a scenario to rows of a published table."""

import csv
import io
import math
import re
from pathlib import Path

from tables import NUMBER, TableError, predict, read_scenario, write_file

STEPS = 18  # of a search by golden section: each leaves 0.618 of the range, so that they give three digits
RANGE = 1.5  # powers of ten that are tried either way
LOG_CONSTANTS = (-12, -5)  # powers of ten, in seconds a parameter


def fit(file, scenario_file, path, rows, by_method=False, options=()):
    """Fits the scenario's quantity `path` to the rows used for calibration, one value for all methods or one each: the
    least sum of squares of log(predicted / published). Sets it in the rows; returns the values by method."""
    chosen = [row for row in rows if row["used_for"] == "calibration" and row["method"] != "none"]
    if not chosen:
        raise TableError(f"{file}: used_for: no row is for calibration; required for a fit: at least one")
    fitted = dict.fromkeys(row["method"] for row in (chosen if by_method else rows) if row["method"] != "none")
    for method in fitted if by_method else [None]:
        some = [row for row in chosen if method in (None, row["method"])]
        value = best_value(file, scenario_file, path, some, options)
        fitted |= {method: value} if by_method else dict.fromkeys(fitted, value)
    for row in rows:
        if row["method"] in fitted:
            row["settings"] = row["settings"] | {path: fitted[row["method"]]}
    return fitted


def best_value(file, scenario_file, path, rows, options):
    """The value of the quantity `path`, with its unit, that fits `rows` best."""
    number, unit = quantity_at(path, rows[0], scenario_file)

    def cost(log_value):
        for row in rows:
            row["settings"] = row["settings"] | {path: f"{10**log_value:.6g} {unit}"}
        predict(scenario_file, rows, options)
        return sum(math.log(row["predicted"] / row["published"]) ** 2 for row in rows)

    low, high = math.log10(number) - RANGE, math.log10(number) + RANGE
    best = least(cost, low, high)
    if min(best - low, high - best) < 0.01:
        raise TableError(
            f"{file}: {path}: {10**best:.3g} {unit}, the end of what was tried, fits {rows[0]['method']} best; required: a "
            f"quantity that explains its rates, with a value between {10**low:.3g} and {10**high:.3g} {unit}"
        )
    return f"{float(f'{10**best:.3g}'):g} {unit}"


def without_network(file, rows):
    """Predictions that know no network, of rows that are predicted: what a worker computes, and a constant a parameter
    for each method, fitted to the rows for calibration as in fit(). Returns copies of the rows by id() of the row."""
    predicted = {}
    for method in dict.fromkeys(row["method"] for row in rows if row["method"] != "none"):
        own = [row for row in rows if row["method"] == method]
        chosen = [row for row in own if row["used_for"] == "calibration"]
        if not chosen:
            raise TableError(f"{file}: used_for: no row of {method} is for calibration; required with --seeds: one")

        def rate(row, constant):
            return row["batch"] / (row["compute_s"] + constant * row["parameters"])

        def cost(log_constant):
            return sum(math.log(rate(row, 10**log_constant) / row["published"]) ** 2 for row in chosen)

        constant = 10 ** least(cost, *LOG_CONSTANTS, steps=2 * STEPS)
        for row in own:
            some = rate(row, constant)
            predicted[id(row)] = row | {"predicted": some, "error": some / row["published"] - 1}
    return predicted


def quantity_at(path, row, scenario_file):
    """(number, unit) that the row or else the scenario has at `path`."""
    found = row["settings"].get(path)
    value = read_scenario(scenario_file)
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    text = re.fullmatch(NUMBER + "(.*)", str(found or value))
    if not text or float(text[1]) == 0:
        raise TableError(
            f"{scenario_file}: {path}: {found or value!r} is nothing to begin a fit with; required: a quantity above 0"
        )
    return float(text[1]), text[2]


def least(cost, low, high, steps=STEPS):
    """Where `cost`, which falls and then rises, is least between low and high."""
    golden = (math.sqrt(5) - 1) / 2
    a, b = high - golden * (high - low), low + golden * (high - low)
    at_a, at_b = cost(a), cost(b)
    for _ in range(steps):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - golden * (high - low)
            at_a = cost(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + golden * (high - low)
            at_b = cost(b)
    return a if at_a < at_b else b


def write_column(file, path, values, by="method"):
    """Writes what was fitted into the table, as its column `path`: a value for each cell of the column `by`. The rest
    stays as it is."""
    lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    header = None
    for number, line in enumerate(lines):
        if line.startswith("#") or not line.strip():
            continue
        cells = next(csv.reader([line], skipinitialspace=True))
        if header is None:
            header = cells if path in cells else [*cells, path]
            cells = header
        else:
            cells += [""] * (len(header) - len(cells))
            own = cells[header.index(path)]
            cells[header.index(path)] = values.get(cells[header.index(by)].strip(), own)
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(cells)
        lines[number] = text.getvalue()
    write_file(file, "\n".join(lines) + "\n")
