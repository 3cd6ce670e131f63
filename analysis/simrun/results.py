"""Reads what simrun wrote, and derives what the notebooks draw beside it.

Times are in seconds, sizes in bytes, bandwidths in bytes per second, latencies in seconds, densities K/N.
"""

import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simrun import files
from simrun.errors import ResultsError
from simrun.files import attribute, read_json
from simrun.files import load_trace as load_trace

COLUMNS = (
    "method workers k density index collective model parameters payload_bytes result_bytes sent_bytes received_bytes "
    "compute_s encode_s communication_s decode_s iteration_s samples_per_s scaling_efficiency speedup_over_sgd device "
    "network_model source staging_s iteration_low_s iteration_high_s encode_break_even_s"
).split()

# What was run. Two points that agree in these, and in what else was swept, are the same one, simulated or measured.
KEYS = "method workers k density index collective model parameters payload_bytes".split()

# What is an axis of figures, or a way of running a method of which the best is shown.
WAYS = "workers density k collective grouping schedule.grouping hierarchy".split()
WAY_COLUMNS = WAYS[3:]
PARTS = {
    "compute_s": "compute",
    "encode_s": "encode",
    "staging_s": "staging",
    "communication_s": "exposed communication",
    "decode_s": "decode",
}


def parts_of(points: pd.DataFrame) -> dict[str, str]:
    """Names of the parts of an iteration by column; staging only where a host takes time."""
    return {column: part for column, part in PARTS.items() if column != "staging_s" or (points[column] > 0).any()}


# Reading


def folder_of(name: str) -> Path:
    """The results folder of the sweep `name`: beside the others in $SIMRUN_RESULTS, or in results/ of the checkout that this
    file is in, or of the working folder where it is installed.
    """
    checkout = Path(__file__).resolve().parents[2]
    root = checkout if (checkout / "CMakeLists.txt").exists() else Path()
    return Path(os.environ.get("SIMRUN_RESULTS") or root / "results") / name


def sweep_folder() -> Path:
    """The results folder of the sweep over workers and density to show: $SIMRUN_SWEEP, or sweep_k_m."""
    return folder_of(os.environ.get("SIMRUN_SWEEP") or "sweep_k_m")


def load(folder: str | os.PathLike[str], also: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of points.csv in `folder`, one a point, as a DataFrame with the columns of the file.

    Columns are read by name: those of COLUMNS and of `also` must be there, others may. Cells that do not apply are NaN or
    NA; dtypes are those of files.KINDS. `attrs` has `scenario` and `versions` of report.json, `folder`, `units` (see
    files.units_of) and `notes`, empty where the folder keeps none; pandas copies it often, so not the rest. Raises
    ResultsError.
    """
    folder = files.folder_at(folder)
    table = files.read_table(folder, "points.csv", (*COLUMNS, *also))
    table.attrs = files.attributes(read_json(folder / "report.json"), folder, table)
    return table


def entries(folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The method's entry of each point as it was resolved, in the order of points.csv; of a sweep in which no point failed.
    Raises ResultsError.
    """
    report = read_json(Path(folder) / "report.json")
    if report["failed"]:
        raise ResultsError(f"{folder}: some points failed; report.json says which")
    return [scenario["methods"][0] for scenario in report["resolved"]]


def provenance(table: pd.DataFrame) -> str:
    """One line that says where the numbers of `table` come from: scenario, versions, network model, devices."""
    program = "simrun {simrun}, SimGrid {simgrid}".format(**attribute(table, "versions"))
    return f"{title_of(table)}; {program}; {_network_of(table)}; device {', '.join(table['device'].unique())}"


def _network_of(table: pd.DataFrame) -> str:
    """Which network model, or that it was measured."""
    is_measured = (table["source"] == "measured").all()
    return "measured" if is_measured else f"network model {', '.join(table['network_model'].unique())}"


def title_of(table: pd.DataFrame) -> str:
    """The name that the scenario gives itself."""
    return attribute(table, "scenario").get("name", "unnamed scenario")


def link_of(table: pd.DataFrame) -> tuple[float, float]:
    """(latency in s, bandwidth in B/s) of the star network that all points of `table` share. Raises ResultsError."""
    network = attribute(table, "scenario")["network"]
    try:
        return quantity(network["latency"]), quantity(network["bandwidth"])
    except KeyError as key:
        raise ResultsError(f"the scenario's network has no {key}; a break-even line needs one link for all") from None


def quantity(text: str) -> float:
    """A scenario's quantity in s, B or B/s. Raises ResultsError.

    >>> quantity("50 ms"), quantity("1 Gbps"), quantity("2 KiB")
    (0.05, 125000000.0, 2048.0)
    """
    found = re.fullmatch(r"([0-9.eE+-]+) *([kMGT]|[KMGT]i|[munµ])?(s|[Bb](?:ps|/s)?)", text.strip())
    if not found:
        raise ResultsError(f"{text!r}: is not a quantity; a number with s, B, b, B/s or bps is")
    prefixes = {None: 1, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    prefixes |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    return float(found[1]) * prefixes[found[2]] / (8 if found[3].startswith("b") else 1)


def nearest(values: Iterable[float], wanted: float) -> float:
    """The value among `values` that is nearest to `wanted` on a logarithmic scale.

    >>> float(nearest([0.001, 0.01, 0.1], 0.004))
    0.01
    """
    return min(pd.Series(values).dropna().unique(), key=lambda value: abs(math.log(value / wanted)))


# Derived quantities


def ideal_samples_per_s(table: pd.DataFrame, workers: Any) -> np.ndarray:
    """Samples/s of `workers` workers that neither compress nor communicate: workers x samples_per_s of one such worker.

    One worker's rate follows from any row: samples_per_s / (workers x scaling_efficiency).
    """
    row = table.iloc[0]
    return np.asarray(workers) * row["samples_per_s"] / (row["workers"] * row["scaling_efficiency"])


def bits_an_index(table: pd.DataFrame) -> pd.Series:
    """What a Top-K payload spends on each index, in bits: all but the header (32 bytes) and the K fp32 values."""
    return 8 * (table["payload_bytes"] - 32 - 4 * table["k"]) / table["k"]


def interval(table: pd.DataFrame, value: str = "iteration_s") -> tuple[pd.Series, pd.Series]:
    """(low, high) of `value` for 90 % of medians over iterations, one of each a row: iteration_s, or a column
    in proportion to 1 / iteration_s (samples_per_s, scaling_efficiency). NaN where nothing is known of the time besides
    the time.
    """
    low, high = table["iteration_low_s"].astype(float), table["iteration_high_s"].astype(float)
    if value == "iteration_s":
        return low, high
    return table[value] * table["iteration_s"] / high, table[value] * table["iteration_s"] / low


def beside(predicted: pd.DataFrame, measured: pd.DataFrame, also: Sequence[str] = ()) -> pd.DataFrame:
    """What was measured and what was predicted of it, one row a point that is in both.

    KEYS and the columns `also` (what else was swept), by which points are matched; `measured_s`, `predicted_s`, `low_s`
    and `high_s`, seconds an iteration (low and high are NaN without an interval); `error`, relative to what was
    measured. Raises ResultsError where points repeat.
    """
    keys = [*KEYS, *also]
    for name, table in (("predicted", predicted), ("measured", measured)):
        if table.duplicated(keys).any():
            raise ResultsError(f"several {name} points agree in {', '.join(keys)}; name what else was swept")
    both = predicted.merge(measured[[*keys, "iteration_s"]], on=keys, suffixes=("", "_measured"))
    low, high = interval(both)
    return both[keys].assign(measured_s=both["iteration_s_measured"], predicted_s=both["iteration_s"], low_s=low,
                             high_s=high, error=both["iteration_s"] / both["iteration_s_measured"] - 1)


def coverage(predicted: pd.DataFrame, measured: pd.DataFrame, also: Sequence[str] = ()) -> float:
    """Share of the points of `measured` whose iteration lies within the interval that `predicted` gives, ends included.

    Points are matched as in `beside`; those without a partner or without an interval do not count. Intervals are honest
    where the share is near 0.9. Raises ResultsError where points repeat, or where none count.
    """
    both = beside(predicted, measured, also).dropna(subset="low_s")
    if both.empty:
        raise ResultsError("no measured point has a predicted one with an interval")
    return both["measured_s"].between(both["low_s"], both["high_s"]).mean()


def settings_of(table: pd.DataFrame) -> list[str]:
    """The columns of options in which points of one method differ, by entries or by the sweep, like `levels`, `index`
    or `local_steps`; collectives, groupings and hierarchies are not among them.
    """
    scenario = table.attrs.get("scenario", {})
    keys = dict.fromkeys(key for entry in scenario.get("methods", []) for key in entry)
    keys |= dict.fromkeys(key for key in scenario.get("sweep", {}) if key not in scenario and "." not in key)
    options = [key for key in keys if key in table and key not in WAYS and key != "name"]
    texts = table[["method", *options]].astype(str)
    return [key for key in options if (texts.groupby("method")[key].nunique() > 1).any()]


def best_of_each(table: pd.DataFrame, settings: Sequence[str] = ()) -> pd.DataFrame:
    """Of every method at each number of workers and K, the row with the least iteration_s: the best of the collectives,
    groupings and hierarchies that were run; of methods that are run in several `settings` (columns) for each of them.
    `table` must differ in nothing else. A column `setting` says which, "levels 4", and is empty where a method has one. A
    column `way` names the best, "ring, 25 MB buckets", as far as several were run of the method; it is empty elsewhere.
    Methods come in the order of the scenario's entries.
    """
    ways = table.assign(way=_way_names(table), setting=_setting_names(table, settings))
    keys = ["method", "setting", "workers", "k", "density"]
    best = ways.groupby(keys, dropna=False, sort=False)["iteration_s"].idxmin()
    order = [entry["name"] for entry in table.attrs.get("scenario", {}).get("methods", [])] or list(table["method"])
    return ways.loc[best.sort_values()].sort_values("method", key=lambda names: names.map(order.index), kind="stable")


def _way_names(table: pd.DataFrame) -> list[str]:
    """By row, "ring, 25 MB buckets": those of WAY_COLUMNS in which points of its method differ."""
    names = pd.DataFrame(index=table.index)
    for column in [column for column in WAY_COLUMNS if column in table]:
        values = table[column].map(grouping_name, na_action="ignore") if "grouping" in column else table[column]
        names[column] = values.fillna("").where(values.groupby(table["method"]).transform("nunique") > 1, "")
    return [", ".join(filter(None, row)) for row in names.itertuples(index=False)]


def _setting_names(table: pd.DataFrame, settings: Sequence[str]) -> list[str]:
    """By row, "levels 4, packing int8": those of `settings` in which points of its method differ."""
    names = [""] * len(table)
    for key in settings:
        several = table[key].astype(str).groupby(table["method"]).transform("nunique") > 1
        shown = several & table[key].notna()
        words = [f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for value in table[key]]
        names = [", ".join(filter(None, (name, word if is_shown else ""))) for name, word, is_shown in zip(names, words, shown)]
    return names


def ways_of(rows: pd.DataFrame, most: int = 2) -> str:
    """Names of the ways in which rows of best_of_each are run: the `most` that are best most often, and dots for others;
    "" where a method was run in one way.
    """
    ways = [way for way in rows["way"].value_counts().index if way]
    return "; ".join(ways[:most] + (["..."] if len(ways) > most else []))


def grouping_name(text: str) -> str:
    """A grouping as points.csv has it, for people: "whole model", "25 MB buckets"."""
    if not text.startswith("{"):
        return {"model": "whole model", "tensor": "tensor by tensor"}[text]
    grouping = json.loads(text)
    if "search" in grouping:
        name = {"mergecomp": "MergeComp's search", "optimal": "optimal"}[grouping["search"]]
        mixed = ", mixed" if grouping.get("mixed") else ""
        return name + mixed + (f", at most {grouping['max_groups']} groups" if "max_groups" in grouping else "")
    return f"{grouping['bucket']} buckets" if "bucket" in grouping else f"{len(grouping['groups'])} groups"


def at_all_densities(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with the rows of methods that take no density repeated at every density that others have."""
    plain = table[table["density"].isna()].drop(columns="density")
    densities = pd.DataFrame({"density": table["density"].dropna().unique()})
    both = pd.concat([table[table["density"].notna()], plain.merge(densities, how="cross")], ignore_index=True)
    both.attrs = table.attrs
    return both


def fastest(table: pd.DataFrame) -> pd.DataFrame:
    """The row with the least iteration_s at each number of workers and density."""
    return table.loc[table.groupby(["workers", "density"])["iteration_s"].idxmin()]


def second_fastest(table: pd.DataFrame) -> pd.DataFrame:
    """What fastest() is without its rows: where `table` has a row a method, the second best method at each point."""
    return fastest(table.drop(fastest(table).index))


def undecided(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of fastest() at whose workers and density another row's interval reaches below the end of theirs: which
    is faster is not known. A row without an interval counts as exact.
    """
    low, high = interval(table)
    ends = table.assign(low=low.fillna(table["iteration_s"]), high=high.fillna(table["iteration_s"]))
    best = fastest(ends)
    others = ends.drop(best.index).groupby(["workers", "density"])["low"].min().rename("rival")
    both = best.join(others, on=["workers", "density"])
    return both[both["rival"] < both["high"]].drop(columns=["low", "high", "rival"])


def grid(table: pd.DataFrame, value: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`table` as (workers, densities, Z): Z[i, j] is `value` at densities[i] and workers[j], both ascending, NaN where
    there is no such point. Rows without a density are left out. Raises ResultsError where points repeat.
    """
    table = table[table["density"].notna()]
    if table.duplicated(["workers", "density"]).any():
        raise ResultsError("several points have the same workers and density; choose one of them first")
    wide = table.pivot(index="density", columns="workers", values=value).sort_index().sort_index(axis=1)
    return wide.columns.to_numpy(), wide.index.to_numpy(), wide.to_numpy()
