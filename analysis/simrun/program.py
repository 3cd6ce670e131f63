"""Runs the program: a scenario in, a table out."""

import json
import operator
import os
import re
import tempfile
import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from simrun import curves, executable, files, folders, results, terminal
from simrun.errors import SimrunError, place_in

Scenario = str | os.PathLike[str] | Mapping[str, Any]
Results = Scenario | pd.DataFrame

# What the command line calls arguments of these functions.
ARGUMENTS = {"--set": "settings", "--out": "out", "--jobs": "jobs", "POINT": "point", "SECOND": "second", "RESULTS": "what"}


def run(
    scenario: Scenario,
    sweep: Mapping[str, Iterable[Any]] | None = None,
    methods: Sequence[str | Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    trace: bool = False,
    break_even: bool = False,
    fresh: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Simulates a scenario, a path or a dict, and returns its points, a row each, as results.load has them.

    Times are in seconds, sizes in bytes; `attrs["units"]` has each column's unit, `attrs["notes"]` what the program noted.
    `sweep` (values by key: workers, density, any path of the scenario) and `methods` (entries, or names alone) take the
    place of the scenario's own; `settings` are values by dotted path ("network.bandwidth": "10 Gbps").

    Results go to the folder `out` (default: results.folder_of the file's stem, or of a dict's name). Points that are
    there are not run again, unless `fresh`. `jobs` points run side by side (default: one a core). `trace` is for
    plot_timeline; `break_even` searches for break-evens of encoding where groups overlap, too. Relative names in a dict
    are of the working folder. `progress` shows a bar and then the notes, in a notebook or a terminal.

    Raises SimrunError with the program's line where there is a mistake, or where points failed; then load() has the others.
    Its warnings are Python's, too.

    >>> points = run("scenarios/32gpu_1gbe.json", sweep={"workers": [4, 8]}, methods=["sgd", "signsgd-mv"])
    >>> points[["method", "workers"]].values.tolist()
    [['sgd', 4], ['signsgd-mv', 4], ['sgd', 8], ['signsgd-mv', 8]]
    >>> points.attrs["units"]["iteration_s"]
    's'
    >>> run("scenarios/32gpu_1gbe.json", sweep={"workers": [-1]})
    Traceback (most recent call last):
    simrun.errors.SimrunError: ...scenarios/32gpu_1gbe.json: sweep.workers.0: -1 is out of range; accepted: ...
    """
    flags = ["--trace"] * trace + ["--break-even"] * break_even + ["--fresh"] * fresh + _jobs(jobs)
    folder, said, _ = _run([], scenario, sweep, methods, settings, out, flags, progress)
    return _noted(results.load(folder), said)


def train(
    scenario: Scenario,
    sweep: Mapping[str, Iterable[Any]] | None = None,
    methods: Sequence[str | Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Trains a scenario's model with its methods and returns a row for each, as curves.load_summary has them: accuracies
    are shares of the test set, times to a target simulated seconds, sizes bytes of a worker. curves.load_curves reads
    accuracy by round from `attrs["folder"]`.

    Arguments are those of run(); `jobs` are threads. The folder's name ends in -trained. Raises SimrunError.
    """
    flags = ["--fresh"] * fresh + _jobs(jobs)
    folder, said, _ = _run(["train"], scenario, sweep, methods, settings, out, flags, progress)
    return _noted(curves.load_summary(folder), said)


def plan(
    scenario: Scenario,
    settings: Mapping[str, Any] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Asks `simrun plan` for the fastest way to train, and returns what its plan.json has; times are in seconds, sizes in
    bytes, bandwidths of "turns" in bits per second, of a platform file's links in times the file's. Under "answer" is
    what it says in words, under "notes" what it noted.

    Arguments are those of run(). The folder's name ends in -plan. Raises SimrunError.
    """
    folder, said, _ = _run(["plan"], scenario, None, None, settings, out, [], progress)
    return results.read_json(folder / "plan.json") | {"notes": _notes(said)}


def compare(first: Results, second: Results, *, jobs: int | None = None, progress: bool = True) -> dict[str, Any]:
    """Asks `simrun compare` what differs between two runs: each the points that run() or load() returned, a folder, or a
    scenario, a path or a dict. Returns what --format json prints; times are in seconds, changes are shares of the first.

    "conclusions" has it in words; "inputs" is what differs in what went in, with what each changes "alone" in each of
    "points"; "notes" is what the program noted. Raises SimrunError.

    >>> before = run("scenarios/two_switches.json", methods=["sgd"])
    >>> all = compare(before, run("scenarios/two_switches.json", methods=["sgd"], settings={"workers": 8}, out="eight"))
    >>> [each["path"] for each in all["inputs"]]
    ['workers']
    """
    with _as_argument(first) as one, _as_argument(second) as other:
        found = _answer(["compare", *_jobs(jobs), "--", one, other], progress)
    for change in found["inputs"]:
        change["alone"] = {int(pair): alone for pair, alone in change["alone"].items()}
    return found


def explain(
    what: Results,
    point: Hashable | pd.Series = None,
    settings: Mapping[str, Any] | None = None,
    *,
    progress: bool = True,
) -> dict[str, Any]:
    """Asks `simrun explain` what an iteration consists of: of the points that run() or load() returned, of a folder, or of
    a scenario, a path or a dict. Returns what --format json prints; times are in seconds.

    `point` of points is a label in their index, as idxmin() gives it, or a row of theirs (default: the fastest of those
    given); of a folder or a scenario it is the row that run() returns the point in, from 0 (default: the fastest). Text is a part of the point's label in the folder. The command line counts points from 1. `settings` are
    those of run(), of a scenario alone. "conclusions" has it in words; "critical_path" has its pieces;
    "shorter_by_1_percent_of" is how much shorter an iteration is, as a share, with 1 % more of each; "notes" is what the
    program noted. Raises SimrunError.

    >>> explain("scenarios/two_switches.json", "gtop-k")["conclusions"][0]
    'The critical path consists of 99.5 % computing, ...'
    """
    with _as_argument(what) as name:
        named = _point_of(what, point)
        try:
            return _answer(["explain", *_changes(settings or {}), "--", name, *named], progress)
        except SimrunError as error:
            if _is_text(point) or not str(error).startswith("arguments: point: "):
                raise
            raise SimrunError(f"arguments: point: there is no row {point}; {A_POINT}") from None


A_POINT = "accepted: a row from 0, or a part of a label"
FOLDERS = {"train": "-trained", "plan": "-plan"}  # what folders' names end in, by command


def _is_text(point: Any) -> bool:
    return isinstance(point, str) and not point.isdecimal()


def _point_of(what: Results, point: Any) -> list[str]:
    """What the program knows a point by: a part of a label, or a number from 1; nothing for its choice."""
    if _is_text(point):
        return [point]
    row = int(point) if isinstance(point, str) else point
    if isinstance(what, pd.DataFrame):
        if row is None and "iteration_s" in what and what["iteration_s"].notna().any():
            row = what["iteration_s"].idxmin()
        return [str(folders.places_of(what)[folders.row_of(what, row)] + 1)]
    if row is None:
        return []
    try:
        return [str(operator.index(row) + 1)]
    except TypeError:
        raise SimrunError(f"arguments: point: is of type {type(row).__name__}; {A_POINT}") from None


def _jobs(jobs: int | None) -> list[str]:
    return [] if jobs is None else ["--jobs", str(jobs)]


def _notes(said: list[str]) -> list[str]:
    return [line for line in said if line.startswith(("note: ", "warning: "))]


def _changes(settings: Mapping[str, Any]) -> list[str]:
    values = {path: _entries(value) if path == "methods" else value for path, value in settings.items()}
    return [word for path, value in values.items() for word in ("--set", f"{path}={_json(value)}")]


def _noted(table: pd.DataFrame, said: list[str]) -> pd.DataFrame:
    """The table with the program's notes; its warnings are Python's, too."""
    table.attrs["notes"] = _notes(said)
    for line in said:
        if line.startswith("warning: "):
            warnings.warn(line.removeprefix("warning: "), stacklevel=3)
    return table


def _run(
    command: list[str],
    scenario: Scenario,
    sweep: Mapping[str, Iterable[Any]] | None,
    methods: Sequence[str | Mapping[str, Any]] | None,
    settings: Mapping[str, Any] | None,
    out: str | os.PathLike[str] | None,
    flags: list[str],
    progress: bool,
) -> tuple[Path, list[str], str]:
    """Runs a command; returns the results folder, the lines on stderr and stdout. Raises SimrunError."""
    changes: dict[str, Any] = {}
    if sweep is not None:
        changes["sweep"] = sweep
    if methods is not None:
        changes["methods"] = methods
    flags = [*flags, *_changes(changes | dict(settings or {}))]
    with _as_file(scenario) as file:
        folder = Path(out) if out is not None else results.folder_of(_stem_of(scenario) + FOLDERS.get("".join(command), ""))
        arguments = [executable.simrun(), *command, "--out", os.fspath(folder), *flags, "--", file]
        status, said, answer = _execute(arguments, progress)
    if failed := [line for line in said if line.startswith("failed: ")]:
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise SimrunError(f"{failed[0]}{more}; simrun.load({str(folder)!r}) has what did not fail", status)
    _check(status, said, arguments)
    return folder, said, answer


def _answer(command: list[str], progress: bool) -> dict[str, Any]:
    """Runs a command that prints what it found; returns that, and its notes. Raises SimrunError."""
    arguments = [executable.simrun(), command[0], "--format", "json", *command[1:]]
    status, said, answer = _execute(arguments, progress)
    _check(status, said, arguments)
    return json.loads(answer) | {"notes": _notes(said)}


def _execute(arguments: list[str], progress: bool) -> tuple[int, list[str], str]:
    """terminal.execute, of a scenario given as a dict by that name; shows notes."""
    status, said, answer = terminal.execute(arguments, progress)
    said = [re.sub(r"\S*/simrun-\w+/scenario\.json", "scenario", line) for line in said]
    terminal.show_notes(said, progress)
    return status, said, answer


def _check(status: int, said: list[str], arguments: list[str]) -> None:
    """Raises SimrunError where the program found a mistake."""
    if status != 0:
        line = _in_python(said[-1] if said else f"{arguments[0]}: ended with status {status}")
        raise SimrunError(line, status, **place_in(line) if status == 2 else {})


def _in_python(line: str) -> str:
    """The program's line, with arguments by their names here."""
    word = re.match(r"command line: (?:arguments: )?([^:]+): ", line)
    if word and word[1] in ARGUMENTS:
        line = f"arguments: {ARGUMENTS[word[1]]}: {line[word.end():].split('; see simrun')[0]}"
    return re.sub(r"--set ([\w.-]+)=(.+)$", r'settings={"\1": \2}', line)


def _entries(methods: Any) -> Any:
    """Entries of methods, of which a name alone has no options."""
    if isinstance(methods, str) or not isinstance(methods, Sequence):
        return methods  # the program says what it should be
    return [{"name": entry} if isinstance(entry, str) else entry for entry in methods]


def _json(value: Any) -> str:
    """JSON of anything that is made of lists or of NumPy's and pandas' arrays and numbers."""
    return json.dumps(value, default=lambda other: other.tolist() if hasattr(other, "tolist") else list(other))


def _stem_of(scenario: Scenario) -> str:
    if not isinstance(scenario, Mapping):
        return Path(scenario).stem
    return re.sub(r"\W+", "_", str(scenario.get("name", "")).lower()).strip("_") or "scenario"


@contextmanager
def _as_file(scenario: Scenario) -> Iterator[str]:
    """The name of a file that has the scenario."""
    if isinstance(scenario, (str, os.PathLike)):
        yield os.fspath(scenario)
        return
    if not isinstance(scenario, Mapping):
        raise SimrunError(f"the scenario is of type {type(scenario).__name__}; accepted: a path or a dict")
    with tempfile.TemporaryDirectory(prefix="simrun-") as folder:
        file = Path(folder) / "scenario.json"
        entries = {"methods": _entries(scenario["methods"])} if "methods" in scenario else {}
        file.write_text(_json(dict(scenario) | entries), encoding="utf-8")
        yield str(file)


@contextmanager
def _as_argument(what: Results) -> Iterator[str]:
    """The name of a folder or a file that has the points or the scenario. Raises SimrunError where the folder has others."""
    if isinstance(what, pd.DataFrame):
        folders.places_of(what)
        yield files.attribute(what, "folder")
        return
    with _as_file(what) as name:
        yield name
