"""Runs the program: a scenario in, a table out."""

import codecs
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from simrun import curves, results
from simrun.results import SimrunError

with warnings.catch_warnings():  # of a notebook without ipywidgets, where the bar is text
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm

Scenario = str | os.PathLike[str] | Mapping[str, Any]
Results = Scenario | pd.DataFrame

# A bar as the program draws it: what is done, how much of it, and of how much.
PROGRESS = re.compile(r"(.*) \[[= ]{30}\] (\d+)/(\d+)")

# What the command line calls arguments of these functions.
ARGUMENTS = {"--set": "settings", "--out": "out", "--jobs": "jobs", "POINT": "point", "SECOND": "second", "RESULTS": "what"}


def program() -> str:
    """The path of the program: $SIMRUN, else what ./simrun has built in the checkout that this package is part of or was
    installed from, else `simrun` on the PATH. Raises SimrunError.
    """
    if named := os.environ.get("SIMRUN"):
        if found := shutil.which(named):
            return os.path.abspath(found)
        raise SimrunError(f"$SIMRUN: {named} cannot be run; accepted: the path of simrun")
    for checkout in _checkouts():
        if found := shutil.which(os.fspath(checkout / "build/release/sim/simrun")):
            return found
    if found := shutil.which("simrun"):
        return found
    raise SimrunError("no simrun is found: build it with ./simrun in its checkout, install it, or set $SIMRUN to its path")


def _checkouts() -> Iterator[Path]:
    yield Path(__file__).resolve().parents[2]
    try:
        url = urlsplit(json.loads(distribution("simrun").read_text("direct_url.json") or "{}").get("url", ""))
    except PackageNotFoundError:
        return
    if url.scheme == "file":
        yield Path(unquote(url.path)).parent


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
    simrun.results.SimrunError: ...scenarios/32gpu_1gbe.json: sweep.workers.0: -1 is out of range; accepted: ...
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
        return _answer(["compare", *_jobs(jobs), "--", one, other], progress)


def explain(
    what: Results, point: int | str | None = None, settings: Mapping[str, Any] | None = None, *, progress: bool = True
) -> dict[str, Any]:
    """Asks `simrun explain` what an iteration consists of: of the points that run() or load() returned, of a folder, or of
    a scenario, a path or a dict. Returns what --format json prints; times are in seconds.

    `point` is a row of the points, from 0, as they are given, sorted or filtered; or a part of a label in their folder
    (default: the fastest there). The command line counts the same points from 1. `settings` are those of run(), of a
    scenario alone. "conclusions" has it in words; "critical_path" has its pieces; "shorter_by_1_percent_of" is how much
    shorter an iteration is, as a share, with 1 % more of each; "notes" is what the program noted. Raises SimrunError.

    >>> explain("scenarios/two_switches.json", "gtop-k")["conclusions"][0]
    'The critical path consists of 99.5 % computing, ...'
    """
    with _as_argument(what) as name:
        is_label = isinstance(point, str) and not point.isdecimal()
        row = None if point is None or is_label else int(point)
        named = [] if point is None else [str(point) if row is None else str(_number_of(what, row))]
        try:
            return _answer(["explain", *_changes(settings or {}), "--", name, *named], progress)
        except SimrunError as error:
            if row is None or error.path != "point":
                raise
            raise SimrunError(f"arguments: point: there is no row {row}; accepted: a row from 0, or a part of a label") from None


def load(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """What a run or a training has left in `folder`: the points (results.load), or a row for each method that was trained
    (curves.load_summary). Raises ResultsError.
    """
    trained = (Path(folder) / "summary.csv").exists()
    return curves.load_summary(folder) if trained else results.load(folder)


# The program

FOLDERS = {"train": "-trained", "plan": "-plan"}  # what folders' names end in, by command


def _jobs(jobs: int | None) -> list[str]:
    return [] if jobs is None else ["--jobs", str(jobs)]


def _notes(said: list[str]) -> list[str]:
    return [line for line in said if line.startswith(("note: ", "warning: "))]


def _changes(settings: Mapping[str, Any]) -> list[str]:
    return [word for path, value in settings.items() for word in ("--set", f"{path}={_json(value)}")]


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
        changes["methods"] = _entries(methods)
    flags = [*flags, *_changes(changes | dict(settings or {}))]
    with _as_file(scenario) as file:
        folder = Path(out) if out is not None else results.folder_of(_stem_of(scenario) + FOLDERS.get("".join(command), ""))
        arguments = [program(), *command, "--out", os.fspath(folder), *flags, "--", file]
        status, said, answer = _execute(arguments, progress)
        if isinstance(scenario, Mapping):
            said = [line.replace(file, "scenario") for line in said]
    _show_notes(said, progress)
    if failed := [line for line in said if line.startswith("failed: ")]:
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise SimrunError(f"{failed[0]}{more}; simrun.load({str(folder)!r}) has what did not fail", status)
    _check(status, said, arguments)
    return folder, said, answer


def _answer(command: list[str], progress: bool) -> dict[str, Any]:
    """Runs a command that prints what it found; returns that, and its notes. Raises SimrunError."""
    arguments = [program(), command[0], "--format", "json", *command[1:]]
    status, said, answer = _execute(arguments, progress)
    _show_notes(said, progress)
    _check(status, said, arguments)
    return json.loads(answer) | {"notes": _notes(said)}


def _check(status: int, said: list[str], arguments: list[str]) -> None:
    """Raises SimrunError where the program found a mistake."""
    if status != 0:
        raise SimrunError(_in_python((said or [f"{arguments[0]}: ended with status {status}"])[-1]), status)


def _in_python(line: str) -> str:
    """The program's line, with arguments by their names here."""
    word = re.match(r"command line: ([^:]+): ", line)
    if word and word[1] in ARGUMENTS:
        line = f"arguments: {ARGUMENTS[word[1]]}: {line[word.end():]}"
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
    if not isinstance(scenario, Mapping):
        yield os.fspath(scenario)
        return
    with tempfile.TemporaryDirectory(prefix="simrun-") as folder:
        file = Path(folder) / "scenario.json"
        entries = {"methods": _entries(scenario["methods"])} if "methods" in scenario else {}
        file.write_text(_json(dict(scenario) | entries), encoding="utf-8")
        yield str(file)


@contextmanager
def _as_argument(what: Results) -> Iterator[str]:
    """The name of a folder or a file that has the points or the scenario. Raises SimrunError where the folder has others."""
    if isinstance(what, pd.DataFrame):
        folder = results.attribute(what, "folder")
        _places(what)
        yield folder
        return
    with _as_file(what) as name:
        yield name


def _places(points: pd.DataFrame) -> list[int]:
    """Which row of their folder's table each of the points is, from 0. Raises SimrunError where it is none of them."""
    folder = points.attrs["folder"]
    held = load(folder)
    columns = [column for column in held.columns if column in points.columns]

    def rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
        return [tuple(map(str, row)) for row in table[columns].itertuples(index=False)]

    places = {row: place for place, row in enumerate(rows(held))}
    try:
        return [places[row] for row in rows(points)]
    except KeyError:
        raise SimrunError(
            f"{folder}: has other points than these, of a later run or before they were changed; "
            "accepted: points as they are in their folder; out=... gives a run a folder of its own"
        ) from None


def _number_of(what: Results, point: int) -> int:
    """The number that the program knows a point by, from 1. Raises SimrunError where the table has no such row."""
    if not isinstance(what, pd.DataFrame):
        return point + 1
    if not 0 <= point < len(what):
        raise SimrunError(f"there is no row {point}; accepted: 0 to {len(what) - 1}")
    return _places(what)[point] + 1


def _execute(arguments: list[str], progress: bool) -> tuple[int, list[str], str]:
    """Runs the program; returns its exit status, the lines on stderr, and stdout. It is ended if this is interrupted.

    It draws bars on terminals, and gets one; what it draws there moves a bar of tqdm's.
    """
    ours, its = pty.openpty()
    with tempfile.TemporaryFile() as answer, tqdm(disable=not _is_watched(progress), delay=1, leave=False, unit="") as bar:
        try:
            try:
                process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=answer, stderr=its)
            finally:
                os.close(its)
            try:
                said = [line for line in _lines(ours) if not _moves(bar, line)]
            except BaseException:
                process.terminate()
                raise
            finally:
                status = process.wait()
        finally:
            os.close(ours)
        answer.seek(0)
        return status, said, answer.read().decode("utf-8", "replace")


def _is_watched(progress: bool) -> bool:
    """Whether somebody sees what is shown beside the results."""
    return progress and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def _show_notes(said: list[str], progress: bool) -> None:
    """Notes are shown where a bar is; warnings are Python's."""
    for line in said:
        if line.startswith("note: ") and _is_watched(progress):
            print(line, file=sys.stderr)


def _moves(bar: tqdm, line: str) -> bool:
    """Whether the line is a bar; the bar is set to it."""
    found = PROGRESS.match(line)
    if found and not bar.disable:
        what, done, total = f"{found[1]}: ", int(found[2]), int(found[3])
        if (what, total) != (bar.desc, bar.total):
            bar.set_description_str(what, refresh=False)
            bar.reset(total)
        bar.update(done - bar.n)
    return found is not None


def _lines(terminal: int) -> Iterator[str]:
    """What is written on a terminal until nobody has it any more, by lines; a bar is a line as soon as it is drawn."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    last = ""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # Linux says so where others say that there is no more
            read = b""
        *lines, last = re.split(r"\r\n|\r\x1b\[K", last + decode(read))
        if PROGRESS.match(last) or not read:
            lines.append(last)
        yield from filter(None, lines)
        if not read:
            return
