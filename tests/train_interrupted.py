#!/usr/bin/env python3
"""Ends `simrun train` at random rounds, starts it again until it is done, and compares with a run that was left alone.

usage: train_interrupted.py SIMRUN [SEED]

After Ctrl-C's signal and SIGTERM's the rows so far must be in curves.csv, and be those of the run that was left alone.
"""

import csv
import random
import struct
from collections import defaultdict

import end_and_go_on

SCENARIO = {
    "workers": 4,
    "model": {"name": "mlp", "tensors": [{"name": "fc1.weight", "shape": [40, 64]}, {"name": "fc1.bias", "shape": [40]},
                                         {"name": "fc2.weight", "shape": [4, 40]}, {"name": "fc2.bias", "shape": [4]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "network": {"bandwidth": "1 Gbps", "latency": "50 us", "gpus_per_host": 2,
                "intra_host": {"kind": "nvlink", "bandwidth": "10 GB/s", "latency": "5 us"}},
    "training": {"data": "./images", "rounds": 300, "evaluate_every": 20, "seeds": [1, 2], "tuning_seeds": 1, "momentum": 0.9,
                 "momentum_at": "worker"},
    "methods": [{"name": "sgd"}, {"name": "gtop-k", "density": 0.05, "training": {"learning_rate": [0.1, 0.3]}},
                {"name": "sparse-signsgd", "density": 0.05, "training": {"learning_rate": 0.001}},
                {"name": "top-k", "density": 0.05, "hierarchy": "shard"},
                {"name": "ef-signsgd", "hierarchy": "leader"}],
    "sweep": {"network.bandwidth": ["1 Gbps", "10 Gbps"]},
}
RUNS = 22
SHARED = 11  # those of the other bandwidth


def write_images(folder, which, count, draw):
    """Images of 8 by 8 pixels of four classes: class c has bright rows 2c and 2c + 1."""
    labels = bytes(draw.randrange(4) for _ in range(count))
    pixels = bytes(draw.randrange(150) + (100 if y // 2 == label else 0)
                   for label in labels for y in range(8) for _ in range(8))
    (folder / f"{which}-images-idx3-ubyte").write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, count, 8, 8) + pixels)
    (folder / f"{which}-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + labels)


def write_data(folder):
    (folder / "images").mkdir()
    write_images(folder / "images", "train", 200, random.Random(1))
    write_images(folder / "images", "t10k", 50, random.Random(2))


def runs(text):
    """The rows of each run in curves.csv."""
    found = defaultdict(list)
    for row in csv.DictReader(text.splitlines()):
        best = row.pop("best")  # known only once all step sizes are done
        assert best in ("", "true", "false"), best
        found[row["entry"], row["seed"], row["network.bandwidth"], row["learning_rate"]].append(row)
    return found


def check_rows(folder, expected):
    """Every run that was ended has the first rows of the one that was left alone."""
    whole = runs(expected["curves.csv"])
    for run, rows in runs((folder / "curves.csv").read_text()).items():
        if rows != whole[run][:len(rows)]:
            end_and_go_on.say(f"{folder.name}: rows of {run} that the run which was left alone does not have")


if __name__ == "__main__":
    end_and_go_on.main(end_and_go_on.Task(SCENARIO, ["train", "-j", "2"], written=end_and_go_on.files("runs/*"), count=RUNS,
                                          done=f"{RUNS} runs, {SHARED} of them trained with another", results=["curves.csv", "summary.csv", "steps.csv", "training.json"],
                                          prepare=write_data, check_ended=check_rows))
