#!/usr/bin/env python3
"""How far workers agree on which entries are largest: unions of what they send, over K.

    unions.py [--density D] FOLDER...    gradients in worker-0.npy, worker-1.npy, ... (simrun train, capture_gradients.py)
    unions.py [--density D] --agreement A --workers M --elements N    synthetic ones, Laplace

Prints for each the union of all workers' K entries, which the reply to sparse signs covers, and, for each round of
gTop-k's merges, the mean union of the two payloads merged.
"""

import argparse
from pathlib import Path

import numpy as np


def largest(values, k):
    """`values` with all but the K entries of largest magnitude set to 0; shape (N,)."""
    kept = np.zeros_like(values)
    indices = np.argpartition(-np.abs(values), k - 1)[:k]
    kept[indices] = values[indices]
    return kept


def union_of_all(gradients, k):
    """How many entries are among the K largest of at least one row of `gradients`, shape (M, N)."""
    return np.count_nonzero(np.any([largest(row, k) != 0 for row in gradients], axis=0))


def merged_unions(gradients, k):
    """For each round of gTop-k's tree, the mean number of entries in the union of the two payloads that are merged: rank
    r takes in r + 2^i in round i and keeps the K largest of the sum (Shi et al., ICDCS 2019). `gradients` as above.
    """
    kept = [largest(row, k) for row in gradients]
    means, step = [], 1
    while step < len(kept):
        sizes = []
        for rank in range(0, len(kept) - step, 2 * step):
            sizes.append(np.count_nonzero((kept[rank] != 0) | (kept[rank + step] != 0)))
            kept[rank] = largest(kept[rank] + kept[rank + step], k)
        means.append(np.mean(sizes))
        step *= 2
    return means


def load(folder):
    """The gradients that worker-0.npy, worker-1.npy, ... in `folder` hold, shape (M, N)."""
    files = sorted(Path(folder).glob("worker-*.npy"), key=lambda file: int(file.stem.split("-")[1]))
    if not files:
        raise SystemExit(f"{folder}: has no worker-0.npy; simrun train writes it where training.save_gradients says so")
    return np.stack([np.load(file) for file in files])


def synthetic(agreement, workers, elements):
    """Gradients as a scenario's `synthetic` with Laplace has them, of other random numbers: shape (M, N)."""
    random = np.random.default_rng(1)
    common, own = random.laplace(size=elements), random.laplace(size=(workers, elements))
    return np.sqrt(agreement) * common + np.sqrt(1 - agreement) * own


def describe(name, gradients, density):
    """One line on the unions of `gradients` over K."""
    k = max(1, round(density * gradients.shape[1]))
    merges = ", ".join(f"{size / k:.2f}" for size in merged_unions(gradients, k))
    return f"{name}: union of {len(gradients)} {union_of_all(gradients, k) / k:.2f} K, of merges {merges} K"


def main():
    parser = argparse.ArgumentParser(description="Unions of what workers send, over K.")
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="gradients: worker-0.npy, ...")
    parser.add_argument("--density", type=float, default=0.01, metavar="D", help="K/N (default: 0.01)")
    parser.add_argument("--agreement", type=float, metavar="A", help="synthetic gradients with this agreement")
    parser.add_argument("--workers", type=int, default=15, metavar="M", help="of synthetic gradients (default: 15)")
    parser.add_argument("--elements", type=int, default=159010, metavar="N", help="likewise (default: 159010)")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        print(describe(Path(folder).name, load(folder), arguments.density))
    if arguments.agreement is not None:
        made = synthetic(arguments.agreement, arguments.workers, arguments.elements)
        print(describe(f"agreement {arguments.agreement:g}", made, arguments.density))


if __name__ == "__main__":
    main()
