#!/usr/bin/env python3
"""Ends a sweep at random moments, starts it again until it is done, and compares with one that was left alone.

usage: interrupted.py SIMRUN [SEED]

The process alone is killed (kill -9); its children must end too. Then the same with Ctrl-C's and SIGTERM's signals, after
which simrun says how to go on. No moment is a matter of how fast the machine is: a run is ended once it has finished so
many points, drawn at random, and at most 20 ms later.
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

SCENARIO = {
    "workers": 4,
    "model": {"name": "small", "tensors": [{"name": "a", "shape": [10, 20]}, {"name": "b", "shape": [800]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "sgd"}, {"name": "top-k"}, {"name": "gtop-k"}, {"name": "sparse-signsgd"}],
    "sweep": {"workers": [2, 3, 4, 5, 6, 7, 8, 16], "density": [0.01, 0.02, 0.05, 0.1]},
}
POINTS = 8 * (1 + 3 * 4)
RESULTS = ["points.csv", "report.json"]


def say(problem):
    sys.exit(f"failed: {problem}")


def start(simrun, folder, out):
    """Starts the sweep as the leader of a process group of its own, which Ctrl-C's signal ends also where it is ignored
    here."""
    return subprocess.Popen([simrun, "s.json", "-o", out, "-j", "3"], cwd=folder, start_new_session=True,
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


def points_in(folder):
    return len(list(folder.glob("points/*.json"))) if folder.exists() else 0


def run_until(simrun, folder, out, enough, pause, how):
    """Starts the sweep and ends it by the signal `how` once `enough` points are there. Returns its status and stderr."""
    run = start(simrun, folder, out)
    while run.poll() is None and points_in(folder / out) < enough:
        time.sleep(0.001)
    time.sleep(pause)
    run.send_signal(how)
    stderr = run.communicate()[1]
    wait_until_gone(run.pid)
    return run.returncode, stderr


def run_in_pieces(simrun, folder, out, how, draw):
    """Ends the sweep again and again until it is done; returns what each ended run said, and the last one."""
    ended = []
    while True:
        enough = points_in(folder / out) + draw.randrange(POINTS // 6)
        status, stderr = run_until(simrun, folder, out, enough, draw.uniform(0, 0.02), how)
        if status == 0:
            return ended, stderr
        ended.append((status, stderr))


def check_equal(folder, out, expected):
    for name in RESULTS:
        if (folder / out / name).read_bytes() != expected[name]:
            say(f"{out}/{name} differs from that of a run that was left alone")
    leftovers = [path.name for path in (folder / out).rglob("*part")]
    if leftovers or points_in(folder / out) != POINTS:
        say(f"{points_in(folder / out)} point files instead of {POINTS}, half-written: {leftovers}")


def main():
    simrun = str(pathlib.Path(sys.argv[1]).resolve())
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    print(f"seed {seed}")
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        folder = pathlib.Path(temporary)
        (folder / "s.json").write_text(json.dumps(SCENARIO))
        whole = start(simrun, folder, "whole")
        stderr = whole.communicate()[1]
        if whole.returncode != 0 or not stderr.endswith(f"results in whole: {POINTS} points\n"):
            say(f"the run that was left alone: {stderr}")
        expected = {name: (folder / "whole" / name).read_bytes() for name in RESULTS}

        for how, wanted in [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            out = how.name.lower()
            ended, stderr = run_in_pieces(simrun, folder, out, how, draw)
            check_equal(folder, out, expected)
            print(f"{how.name}: ended {len(ended)} times; then: {stderr.splitlines()[-1]}")
            if all(status != wanted for status, _ in ended):
                say(f"not one of {len(ended)} runs ended with status {wanted}: {[status for status, _ in ended]}")
            for status, said in ended:
                if status == wanted and how != signal.SIGKILL and "the same command goes on" not in said:
                    say(f"it does not say how to go on: {said}")
                # Before there is a results folder, a signal ends the process as it ends any other.
                if status not in (wanted, -how):
                    say(f"status {status} instead of {wanted}: {said}")


if __name__ == "__main__":
    main()
