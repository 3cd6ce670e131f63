"""Loads results folders, and finds points of a table in them."""

import os
from typing import Any

import pandas as pd

from simrun import curves, files, results
from simrun.errors import ResultsError, SimrunError


def load(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """What a run or a training has left in `folder`, which may be named by a file in it, too: the points (results.load), or
    a row for each method that was trained (curves.load_summary). Raises ResultsError.
    """
    trained = (files.folder_at(folder) / "summary.csv").exists()
    return curves.load_summary(folder) if trained else results.load(folder)


def row_of(points: pd.DataFrame, row: Any = None) -> int:
    """Where in `points` a row is, from 0: a label in its index, a row itself (a Series of points.loc, iloc or iterrows), or
    None for the first. Raises SimrunError where there is no such row, with the labels there are.
    """
    if points.empty:
        raise SimrunError("the table has no rows; accepted: points with at least one")
    if row is None:
        return 0
    label = row.name if isinstance(row, pd.Series) else row
    try:
        place = points.index.get_loc(label)
    except (KeyError, TypeError, pd.errors.InvalidIndexError):
        raise SimrunError(f"there is no row {label!r}; accepted: the labels {_some(points.index)}") from None
    if not isinstance(place, int):
        raise SimrunError(f"several rows have the label {label!r}; accepted: labels that differ, as of reset_index(drop=True)")
    if isinstance(row, pd.Series):
        shared = row.index.intersection(points.columns)
        if not row[shared].astype(str).equals(points.iloc[place][shared].astype(str)):
            raise SimrunError(f"row {label!r} of the table has other values than this one; accepted: a row of the table itself")
    return place


def _some(labels: pd.Index, most: int = 12) -> str:
    names = [str(label) for label in labels]
    return ", ".join(names if len(names) <= most else [*names[: most - 1], "...", names[-1]])


def places_of(points: pd.DataFrame) -> list[int]:
    """Which row of their folder's table each of the points is, from 0. Raises ResultsError where it is none of them."""
    folder = files.attribute(points, "folder")
    held = load(folder)
    columns = [column for column in held.columns if column in points.columns]

    def rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
        return [tuple(map(str, row)) for row in table[columns].itertuples(index=False)]

    places = {row: place for place, row in enumerate(rows(held))}
    try:
        return [places[row] for row in rows(points)]
    except KeyError:
        raise ResultsError(
            f"{folder}: has other points than these, of a later run or before they were changed; "
            "accepted: points as they are in their folder; out=... gives a run a folder of its own",
            file=str(folder),
        ) from None
