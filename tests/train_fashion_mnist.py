#!/usr/bin/env python3
"""Trains the shipped scenario for some rounds on the whole of Fashion-MNIST.

usage: train_fashion_mnist.py SIMRUN

Skipped (status 77) where Debian's package dataset-fashion-mnist is not installed.
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
SCENARIO = pathlib.Path(__file__).resolve().parent.parent / "scenarios/train_fashion_mnist.json"
SETTINGS = ["training.rounds=20", "training.seeds=[1]", "training.evaluate_every=20"]


def main():
    simrun = str(pathlib.Path(sys.argv[1]).resolve())
    if not DATA.is_dir():
        print(f"skipped: there is no {DATA} (Debian: dataset-fashion-mnist)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        settings = [word for setting in SETTINGS for word in ("--set", setting)]
        subprocess.run([simrun, "train", SCENARIO, "-o", "out", *settings], cwd=folder, check=True)
        out = pathlib.Path(folder) / "out"
        data = json.loads((out / "training.json").read_text())["data"][0]
        rows = list(csv.DictReader((out / "curves.csv").open()))
    assert (data["train"], data["test"], data["classes"]) == (60000, 10000, 10), data
    assert len(rows) == 7 * 3, len(rows)  # methods, step sizes
    best = [row for row in rows if row["best"] == "true"]
    assert len(best) == 7, len(best)
    for row in best:  # ten classes: guessing gives 0.1
        assert float(row["test_accuracy"]) > 0.5, row
    parameters = 784 * 200 + 200 + 200 * 10 + 10
    sgd, signs = (next(row for row in rows if row["method"] == name) for name in ("sgd", "signsgd-mv"))
    assert int(sgd["uplink_bytes"]) == 20 * 4 * parameters, sgd
    assert int(signs["uplink_bytes"]) == 20 * (32 + 4 * -(-parameters // 32)), signs


if __name__ == "__main__":
    main()
