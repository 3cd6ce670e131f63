"""Reads what `simrun train` wrote, and derives what notebooks draw from it.

Accuracies are shares of the test set, sizes bytes of one worker, times seconds, densities K/N.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from simrun import files, results

CURVE_COLUMNS = (
    "method workers k density seed round train_loss test_accuracy uplink_bytes downlink_bytes simulated_s entry index "
    "error_feedback model learning_rate validation_accuracy diverged best"
).split()

SUMMARY_COLUMNS = (
    "method workers k density seeds accuracy accuracy_sd target_accuracy rounds_to_target uplink_bytes_to_target "
    "downlink_bytes_to_target simulated_s_to_target pareto entry index error_feedback model learning_rate validation_accuracy "
    "diverged"
).split()

STEP_COLUMNS = (
    "method workers k density learning_rate seeds validation_accuracy accuracy accuracy_sd diverged best entry index "
    "error_feedback model"
).split()

# What was trained, apart from the seed.
POINT = "split entry label method workers density".split()


def load_curves(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The rows of curves.csv in `folder`, one for each evaluation of each run with a point's best step size, with the
    columns of the file, but for `label`, which tells how an entry trains (see label_of) and the rest where that is not
    enough, and `split` (see split_name); `attrs` as results.load() has them. Raises ResultsError.
    """
    table = _load(folder, "curves.csv", CURVE_COLUMNS, {"diverged": "boolean"})
    table = table[table["best"].fillna(False)].reset_index(drop=True)
    if table.empty:
        raise results.ResultsError(f"{folder}: has no rows with a best step size yet", file=str(folder))
    return table


def load_summary(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The rows of summary.csv in `folder`, one a point whose runs have all ended, as load_curves() has them. What a
    target takes is NaN where a seed never got there, `accuracy_sd` where there is one seed; `diverged` counts seeds.
    Raises ResultsError.
    """
    return _load(folder, "summary.csv", SUMMARY_COLUMNS)


def load_steps(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The rows of steps.csv in `folder`, one a point and step size, as load_curves() has them. Raises ResultsError."""
    return _load(folder, "steps.csv", STEP_COLUMNS)


def _load(
    folder: str | os.PathLike[str], name: str, columns: Iterable[str], kinds: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The rows of a file; the standard deviation over one seed is NaN."""
    folder = files.folder_at(folder)
    table = files.read_table(folder, name, columns, kinds)
    if "accuracy_sd" in table:
        table["accuracy_sd"] = table["accuracy_sd"].where(table["seeds"] > 1)
    report = results.read_json(folder / "training.json")
    scenario = report["scenario"]
    swept = "density" in scenario.get("sweep", {})
    if "training.split" not in table.columns:
        split = scenario["training"].get("split", "iid")
        table["training.split"] = split if isinstance(split, str) else json.dumps(split)
    table["split"] = table["training.split"].map(split_name)
    entries = scenario["methods"]
    short = [label_of(entry, swept) for entry in entries]
    names = table["label"] if "label" in table.columns else [None] * len(table)
    table["label"] = [
        short[number] if short.count(short[number]) == 1 else label_of(entries[number], swept, name)
        for number, name in zip(table["entry"], names)
    ]
    table.attrs = files.attributes(report, folder, table)
    return table


def label_of(entry: Mapping[str, Any], swept: bool = False, name: str | None = None) -> str:
    """What an entry of a scenario's `methods` is called: its name or method, its density unless that is swept, and how it
    trains otherwise than by default.
    """
    label = name or entry["name"]
    if "density" in entry and not swept:
        label += f" {entry['density']:g}"
    training = entry.get("training", {})
    if "momentum" in training:
        label += f", momentum {training['momentum']:g}"
    if entry.get("error_feedback") is False:
        label += ", no error feedback"
    if training.get("residual_rule") == "exact":
        label += ", exact residuals"
    return label


def split_name(text: str) -> str:
    """What a cell of the column `training.split` is called."""
    if text == "iid":
        return "IID"
    (kind, value), *_ = json.loads(text).items()
    return _counted(value, "label") + " a worker" if kind == "labels_per_worker" else f"Dirichlet({value:g})"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def provenance(table: pd.DataFrame) -> str:
    """One line that says where the numbers of `table` come from: scenario, version, model, number of seeds."""
    seeds = table["seed"].nunique() if "seed" in table else table["seeds"].max()
    versions = results.attribute(table, "versions")
    return (
        f"{results.title_of(table)}; simrun {versions['simrun']}; {', '.join(table['model'].unique())}; "
        f"{_counted(seeds, 'seed')}"
    )


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Means over the seeds: a row for each of POINT and round, with `accuracy`, its least and largest, bytes and seconds."""
    return curves.groupby([*POINT, "round"], dropna=False, sort=False, as_index=False).agg(
        accuracy=("test_accuracy", "mean"),
        accuracy_low=("test_accuracy", "min"),
        accuracy_high=("test_accuracy", "max"),
        uplink_bytes=("uplink_bytes", "mean"),
        downlink_bytes=("downlink_bytes", "mean"),
        simulated_s=("simulated_s", "mean"),
    )


def last_rounds(curves: pd.DataFrame) -> pd.DataFrame:
    """The last row of each run."""
    return curves.loc[curves.groupby([*POINT, "seed"], dropna=False)["round"].idxmax()]


def differences(curves: pd.DataFrame, split: str, label: str, other: str) -> pd.Series:
    """Test accuracy after the last round of `label` less that of `other`, by seed, in percentage points; both trained on
    `split`. With equal seeds both begin with the same parameters and see the same samples. Raises ResultsError.
    """
    last = last_rounds(curves)
    wide = last[last["split"] == split].pivot(index="seed", columns="label", values="test_accuracy")
    for name in (label, other):
        if name not in wide:
            raise results.ResultsError(f"{name!r} was not trained on {split!r}; trained: {', '.join(wide.columns)}")
    return 100 * (wide[label] - wide[other])


def pareto(costs: Any) -> np.ndarray:
    """Which rows of `costs`, shape (n, m), no other row beats: at most as large everywhere and smaller somewhere. Rows
    with a NaN are beaten, and beat none. Shape (n,), bool.

    >>> pareto([[1, 3], [2, 2], [3, 3]]).tolist()
    [True, True, False]
    """
    costs = np.asarray(costs, float)
    no_worse = (costs[:, None] <= costs[None]).all(axis=2)  # [i, j]: i is nowhere worse than j
    better = (costs[:, None] < costs[None]).any(axis=2)
    return ~(no_worse & better).any(axis=0) & ~np.isnan(costs).any(axis=1)
