"""Reads files of results folders: tables with a kind for each column, and what stands beside them."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simrun.errors import ResultsError

# Text that simrun has put an apostrophe before.
GUARDED = re.compile(r"^'('*[=+\-@\t\r\n])")

# dtypes by pattern of a column's whole name, the first that fits; text and further options are what pandas takes them for.
# What may be empty is float64 or boolean, so that dtypes do not depend on what was run.
KINDS = {
    r"[^.]*_s(_to_target)?|[^.]*_bytes_to_target|rounds_to_target": "float64",
    r"scaling_efficiency|speedup_over_sgd|utilization|k|density|learning_rate|train_loss|estimated_share": "float64",
    r"(.*_)?accuracy(_sd)?|consensus_distance|rank|levels|merge_weight": "float64",
    r"workers|hosts|parameters|seed|seeds|round|entry|[^.]*_bytes|diverged": "int64",
    r"local_steps|fragments|delay|full_every": "int64",
    r"pareto|best|error_feedback": "boolean",
}

# What leaves which file behind, and how the folder is read; of a training summary.csv comes when it has ended.
MADE_BY = {
    "points.csv": "simrun.run; simrun.load reads it",
    "plan.json": "simrun.plan, which returns what plan.json has",
    "schedule.json": "`simrun schedule`; pandas.read_csv reads its schedule.csv",
    "training.json": "simrun.train; simrun.load reads its summary, simrun.curves.load_curves its curves",
}


def kind_of(column: str) -> str | None:
    """The dtype of a column by KINDS, None where it is what pandas takes it for.

    >>> kind_of("staging_s"), kind_of("sent_bytes"), kind_of("pareto"), kind_of("method")
    ('float64', 'int64', 'boolean', None)
    """
    return next((kind for pattern, kind in KINDS.items() if re.fullmatch(pattern, column)), None)


def units_of(columns: Iterable[str]) -> dict[str, str]:
    """The unit of each column that has one: s, B (byte) or 1/s. The others are text, numbers of things and ratios.

    >>> units_of(["method", "workers", "iteration_s", "payload_bytes", "samples_per_s", "simulated_s_to_target"])
    {'iteration_s': 's', 'payload_bytes': 'B', 'samples_per_s': '1/s', 'simulated_s_to_target': 's'}
    """
    units = {}
    for name in columns:
        if found := re.search(r"_(per_s|s|bytes)(_to_target)?$", name):
            units[name] = {"per_s": "1/s", "s": "s", "bytes": "B"}[found[1]]
    return units


def folder_at(place: str | os.PathLike[str]) -> Path:
    """The folder `place`, or the folder of the file `place`. Raises ResultsError where there is nothing."""
    if not isinstance(place, (str, os.PathLike)):
        raise ResultsError(f"the folder is of type {type(place).__name__}; accepted: the path of a results folder")
    path = Path(place)
    if not path.exists():
        raise ResultsError(f"{path}: does not exist; accepted: the folder of a run or a training", file=str(path))
    return path if path.is_dir() else path.parent


def read_table(folder: Path, name: str, columns: Iterable[str], kinds: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The rows of the file `name` in `folder`, columns in their kinds, by KINDS but for `kinds`; those of `columns` must be
    there, and rows. Raises ResultsError.
    """
    file = folder / name
    wanted, report = ("points", "report.json") if name == "points.csv" else ("rows", "training.json")
    try:
        table = _in_kinds(_without_guard(pd.read_csv(file)), kinds or {})
    except FileNotFoundError:
        raise ResultsError(f"{folder}: has no {name}: {_what_is(folder)}", file=str(folder)) from None
    except ValueError as error:
        raise ResultsError(f"{file}: is not a table of simrun's: {error}", file=str(file)) from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ResultsError(f"{file}: has no column {', '.join(missing)}; make it again with this simrun", file=str(file))
    if table.empty:
        raise ResultsError(f"{file}: has no {wanted}; {report} says which failed", file=str(file))
    return table


def _what_is(folder: Path) -> str:
    """Words for what a folder is that lacks a file."""
    made = next((by for name, by in MADE_BY.items() if (folder / name).exists()), None)
    if made is None:
        return "it is no results folder, or its run has not ended; accepted: the folder of a run or a training"
    ended = "" if "train" not in made or (folder / "summary.csv").exists() else ", of which no method has ended"
    return f"it is of {made}{ended}"


def _without_guard(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the apostrophe taken off that simrun puts before text which a spreadsheet would take for a formula."""
    text = table.select_dtypes(include=["object", "string"])
    return table.assign(**{name: column.replace(GUARDED, r"\1", regex=True) for name, column in text.items()})


def _in_kinds(table: pd.DataFrame, others: Mapping[str, str]) -> pd.DataFrame:
    """The table with each column in its kind; whole numbers of which some are missing are float64."""
    kinds = {name: kind for name in table if (kind := others.get(name) or kind_of(name))}
    gaps = {name: "float64" for name, kind in kinds.items() if kind == "int64" and table[name].isna().any()}
    return table.astype(kinds | gaps)


def read_json(file: Path) -> Any:
    """What the JSON file `file`, a Path, holds. Raises ResultsError."""
    try:
        return json.loads(file.read_text())
    except OSError as error:
        raise ResultsError(f"{file}: cannot be read: {error.strerror}", file=str(file)) from None
    except ValueError as error:
        raise ResultsError(f"{file}: is not JSON: {error}", file=str(file)) from None


def load_trace(folder: str | os.PathLike[str], row: int) -> pd.DataFrame:
    """The trace of the point in row `row` of points.csv, one row a span; of a sweep in which no point failed.

    Columns: `worker`, `activity` (compute, encode, communication, decode, or exchange for a whole exchange, hidden or
    not), `begin_s`, `end_s`. Raises ResultsError.
    """
    traces = Path(folder) / "trace"
    files = sorted(traces.glob(f"{row:04d}-*.json"))
    if not files:
        what = f"of point {row}, but of others" if any(traces.glob("*.json")) else "of any point"
        raise ResultsError(f"{folder}: has no trace {what}; run it with trace=True (--trace)", file=str(folder))
    spans = [event for event in read_json(files[0])["traceEvents"] if event["ph"] == "X"]
    begin = np.array([span["ts"] for span in spans]) * 1e-6
    return pd.DataFrame(
        {
            "worker": [span["tid"] for span in spans],
            "activity": [span["name"] for span in spans],
            "begin_s": begin,
            "end_s": begin + np.array([span["dur"] for span in spans]) * 1e-6,
        }
    )


def attributes(report: Mapping[str, Any], folder: str | os.PathLike[str], table: pd.DataFrame) -> dict[str, Any]:
    """What `attrs` of a table from `folder` have; `report` is the JSON file beside it."""
    where = {"folder": os.path.abspath(folder), "units": units_of(table.columns), "notes": report.get("notes", [])}
    return {"scenario": report["scenario"], "versions": report["versions"]} | where


def attribute(table: pd.DataFrame, name: str) -> Any:
    """What `attrs` of points have under `name`. Raises ResultsError where they have nothing: pandas leaves out the attrs of
    tables that are joined, unless all have the same.
    """
    if name not in table.attrs:
        raise ResultsError(
            f"the table's attrs have no {name}, which pandas.concat and merge leave out; accepted: points as simrun.run or "
            "simrun.load return them, or attrs that are set, table.attrs = points.attrs"
        )
    return table.attrs[name]
