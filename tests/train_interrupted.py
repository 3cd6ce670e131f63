#!/usr/bin/env python3
"""Ends `simrun train` at random rounds, starts it again until it is done, and compares with a run that was left alone.

usage: train_interrupted.py SIMRUN [SEED]

By kill -9, by Ctrl-C's signal and by SIGTERM's. After the latter two the rows so far must be in curves.csv, and be the
first rows of each run that was left alone.
"""

import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

SCENARIO = {
    "workers": 4,
    "model": {"name": "mlp", "tensors": [{"name": "fc1.weight", "shape": [40, 64]}, {"name": "fc1.bias", "shape": [40]},
                                         {"name": "fc2.weight", "shape": [4, 40]}, {"name": "fc2.bias", "shape": [4]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "training": {"data": "./images", "rounds": 300, "evaluate_every": 20, "seeds": [1, 2], "momentum": 0.9,
                 "momentum_at": "worker"},
    "methods": [{"name": "sgd"}, {"name": "gtop-k", "density": 0.05},
                {"name": "sparse-signsgd", "density": 0.05, "training": {"learning_rate": 0.001}}],
    "sweep": {"network.bandwidth": ["1 Gbps", "10 Gbps"]},
}
RUNS = 12
SHARED = 6  # those of the other bandwidth
RESULTS = ["curves.csv", "summary.csv", "training.json"]


def say(problem):
    sys.exit(f"failed: {problem}")


def write_images(folder, which, count, draw):
    """Images of 8 by 8 pixels of four classes: class c has bright rows 2c and 2c + 1."""
    labels = bytes(draw.randrange(4) for _ in range(count))
    pixels = bytes(draw.randrange(150) + (100 if y // 2 == label else 0)
                   for label in labels for y in range(8) for _ in range(8))
    (folder / f"{which}-images-idx3-ubyte").write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, count, 8, 8) + pixels)
    (folder / f"{which}-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + labels)


def start(simrun, folder, out):
    return subprocess.Popen([simrun, "train", "s.json", "-o", out, "-j", "2"], cwd=folder, start_new_session=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def files_in(folder):
    """What a run leaves as it goes on: names and times of writing."""
    return {(path.name, path.stat().st_mtime_ns) for path in folder.glob("runs/*") if path.exists()}


def run_until(simrun, folder, out, changes, pause, how):
    """Starts training and ends it by `how` once so many files were written."""
    run = start(simrun, folder, out)
    seen = files_in(folder / out)
    while run.poll() is None and changes > 0:
        try:
            now = files_in(folder / out)
        except FileNotFoundError:
            continue
        changes -= len(now - seen)
        seen |= now
        time.sleep(0.001)
    time.sleep(pause)
    run.send_signal(how)
    return run.communicate()[1], run.returncode


def check_prefix(folder, out, whole):
    """Rows of a run that was ended are those of the one that was left alone, as far as they go."""
    rows = (folder / out / "curves.csv").read_text().splitlines()
    if not set(rows) <= set(whole.splitlines()) or rows != [row for row in whole.splitlines() if row in set(rows)]:
        say(f"{out}: rows that the run which was left alone does not have")


def main():
    simrun = str(pathlib.Path(sys.argv[1]).resolve())
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    print(f"seed {seed}")
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        folder = pathlib.Path(temporary)
        (folder / "s.json").write_text(json.dumps(SCENARIO))
        (folder / "images").mkdir()
        write_images(folder / "images", "train", 200, random.Random(1))
        write_images(folder / "images", "t10k", 50, random.Random(2))
        whole = start(simrun, folder, "whole")
        stderr = whole.communicate()[1]
        end = f"results in whole: {RUNS} runs, {SHARED} of them trained with another\n"
        if whole.returncode != 0 or not stderr.endswith(end):
            say(f"the run that was left alone: {stderr}")
        expected = {name: (folder / "whole" / name).read_text() for name in RESULTS}
        for how, wanted in [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            out = how.name.lower()
            ended = []
            while True:
                stderr, status = run_until(simrun, folder, out, draw.randrange(1, 16), draw.uniform(0, 0.02), how)
                if status == 0:
                    break
                ended.append(status)
                # Before it has begun, a signal ends the process as it ends any other.
                if status not in (wanted, -how):
                    say(f"status {status} instead of {wanted}: {stderr}")
                if status == wanted and how != signal.SIGKILL:
                    if "the same command goes on" not in stderr:
                        say(f"it does not say how to go on: {stderr}")
                    check_prefix(folder, out, expected["curves.csv"])
            for name in RESULTS:
                if (folder / out / name).read_text() != expected[name]:
                    say(f"{out}/{name} differs from that of a run that was left alone")
            if left := [path.name for path in (folder / out).rglob("*") if path.suffix in (".state", ".simrun-part")]:
                say(f"left in {out}: {left}")
            print(f"{how.name}: ended {len(ended)} times; then: {stderr.splitlines()[-1]}")
            if wanted not in ended:
                say(f"not one of {len(ended)} runs ended with status {wanted}: {ended}")


if __name__ == "__main__":
    main()
