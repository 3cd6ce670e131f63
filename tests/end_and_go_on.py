"""Ends runs of simrun by signals, at random moments, until one gets to its end: interrupted.py and train_interrupted.py.

By kill -9 of the process alone, after which its children must end too, then by Ctrl-C's signal and SIGTERM's, after which
simrun says how to go on. No moment is a matter of how fast the machine is: a run is ended once it has written down so
many results, drawn at random, and at most 20 ms later.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Callable

STATUS = {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}  # by the signal that ended a run
MOST_RESULTS = 16  # written by a run before it is ended


@dataclass
class Task:
    """What is run, as `simrun ARGUMENTS s.json -o FOLDER`, and what it writes there."""

    scenario: dict
    arguments: list
    written: Callable  # the results that a folder has so far, each as something that tells it from others
    count: int  # of these results at the end
    done: str  # how its last line ends
    results: list
    prepare: Callable = lambda folder: None  # writes what the scenario names
    check_ended: Callable = lambda folder, results: None  # of a folder whose run was ended, and the whole run's results


def say(problem):
    sys.exit(f"failed: {problem}")


def start(simrun, task, folder, out):
    """The run is leader of a process group of its own, and Ctrl-C's signal ends it also where it is ignored here."""
    return subprocess.Popen([simrun, *task.arguments, "s.json", "-o", out], cwd=folder, start_new_session=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def is_alive(group):
    """True if a process of the group runs: one that has ended but was not waited for does not."""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of) == group and state not in "ZX":
            return True
    return False


def wait_until_gone(group):
    for _ in range(1000):
        if not is_alive(group):
            return
        time.sleep(0.02)
    say("child processes go on without their parent")


def files(pattern):
    """Every file is a result: its name and time."""
    def written(folder):
        found = set()
        for path in folder.glob(pattern):
            try:
                found.add((path.name, path.stat().st_mtime_ns))
            except FileNotFoundError:
                pass  # removed meanwhile
        return found
    return written


def lines(pattern):
    """Every line that was written to its end is a result."""
    def written(folder):
        found = set()
        for path in folder.glob(pattern):
            try:
                found.update((path.name, number) for number in range(path.read_bytes().count(b"\n")))
            except FileNotFoundError:
                pass  # removed meanwhile
        return found
    return written


def run_until(simrun, task, folder, out, enough, pause, how):
    """Starts the run and ends it by the signal `how` once it wrote `enough` results. Returns its status and stderr."""
    before = task.written(folder / out)
    seen = set(before)
    run = start(simrun, task, folder, out)
    while run.poll() is None and len(seen) - len(before) < enough:
        seen |= task.written(folder / out)
        time.sleep(0.001)
    time.sleep(pause)
    run.send_signal(how)
    stderr = run.communicate()[1]
    wait_until_gone(run.pid)
    return run.returncode, stderr


def check_whole(task, folder, expected):
    """The folder of a run that got to its end, however often it was ended before."""
    for name in task.results:
        if (folder / name).read_text() != expected[name]:
            say(f"{folder.name}/{name} differs from that of a run that was left alone")
    left = [path.name for path in folder.rglob("*") if path.name.endswith(("part", ".state"))]
    count = len(task.written(folder))
    if left or count != task.count:
        say(f"{folder.name}: {count} results instead of {task.count}, left: {left}")


def run_in_pieces(simrun, task, folder, how, expected, draw):
    """Ends the run by `how` again and again until it is done, checking what each leaves."""
    out = how.name.lower()
    statuses = []
    while True:
        status, stderr = run_until(simrun, task, folder, out, draw.randrange(MOST_RESULTS), draw.uniform(0, 0.02), how)
        if status == 0:
            break
        statuses.append(status)
        # Before it has begun, a signal ends the process as it ends any other.
        if status not in (STATUS[how], -how):
            say(f"status {status} instead of {STATUS[how]}: {stderr}")
        if status == STATUS[how] and how != signal.SIGKILL:
            if "the same command goes on" not in stderr:
                say(f"it does not say how to go on: {stderr}")
            task.check_ended(folder / out, expected)
    check_whole(task, folder / out, expected)
    print(f"{how.name}: ended {len(statuses)} times; then: {stderr.splitlines()[-1]}")
    if STATUS[how] not in statuses:
        say(f"not one of {len(statuses)} runs ended with status {STATUS[how]}: {statuses}")


def main(task):
    """Of a test whose command line is SIMRUN [SEED]."""
    simrun = str(pathlib.Path(sys.argv[1]).resolve())
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        folder = pathlib.Path(temporary)
        (folder / "s.json").write_text(json.dumps(task.scenario))
        task.prepare(folder)
        whole = start(simrun, task, folder, "whole")
        stderr = whole.communicate()[1]
        if whole.returncode != 0 or not stderr.endswith(f"results in whole: {task.done}\n"):
            say(f"the run that was left alone: {stderr}")
        expected = {name: (folder / "whole" / name).read_text() for name in task.results}
        draw = random.Random(seed)
        for how in STATUS:
            run_in_pieces(simrun, task, folder, how, expected, draw)
