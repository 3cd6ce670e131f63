#!/usr/bin/env python3
"""How far workers agree on which entries are largest: unions of what they send, over K.

    unions.py [--density D] FOLDER...    gradients in worker-0.npy, worker-1.npy, ... (simrun train, capture_gradients.py)
    unions.py [--density D] --agreement A --workers M --elements N    synthetic ones, Laplace

Prints for each the union of all workers' K entries, which the reply to sparse signs covers, and, for each round of
gTop-k's merges, the mean union of the two payloads merged.
"""

import sys
from pathlib import Path

import numpy as np

import one_line


MOST = 10**9  # synthetic values: 8 GB


class UnionsError(Exception):
    """Gradients that cannot be used. The message names the file, what is wrong and what is accepted."""


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
    """The gradients that worker-0.npy, worker-1.npy, ... in `folder` hold, shape (M, N). Raises UnionsError."""
    gradients = []
    while (file := Path(folder) / f"worker-{len(gradients)}.npy").exists():
        gradients.append(load_gradient(file))
        if gradients[-1].size != gradients[0].size:
            raise UnionsError(f"{file}: has {gradients[-1].size} values; accepted: as many as worker-0.npy, {gradients[0].size}")
    if not gradients:
        raise UnionsError(
            f"{folder}: has no worker-0.npy; accepted: what simrun train writes where training.save_gradients says so"
        )
    if len(list(Path(folder).glob("worker-*.npy"))) > len(gradients):
        raise UnionsError(f"{folder}: has no worker-{len(gradients)}.npy; accepted: workers without a gap")
    return np.stack(gradients)


def load_gradient(file):
    """What the .npy file `file` holds: shape (N,), finite. Raises UnionsError."""
    try:
        with file.open("rb") as content:
            gradient = np.lib.format.read_array(content, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        cause = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UnionsError(f"{file}: cannot be read: {cause}; accepted: a .npy file") from None
    if gradient.ndim != 1 or not np.issubdtype(gradient.dtype, np.floating):
        raise UnionsError(f"{file}: is not one row of floating-point numbers; accepted: a gradient, shape (N,)")
    if not np.isfinite(gradient).all():
        raise UnionsError(f"{file}: has NaN or infinity; accepted: finite values")
    return gradient


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
    parser = one_line.Parser(description="Unions of what workers send, over K.")
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="gradients: worker-0.npy, ...")
    parser.add_argument("--density", type=float, default=0.01, metavar="D", help="K/N (default: 0.01)")
    parser.add_argument("--agreement", type=float, metavar="A", help="synthetic gradients with this agreement")
    parser.add_argument("--workers", type=int, default=15, metavar="M", help="of synthetic gradients (default: 15)")
    parser.add_argument("--elements", type=int, default=159010, metavar="N", help="likewise (default: 159010)")
    arguments = parser.parse_args()
    if not arguments.folders and arguments.agreement is None:
        parser.error("neither FOLDER nor --agreement is given")
    if not 0 < arguments.density <= 1:
        parser.error(f"--density: {arguments.density} is out of range; accepted: above 0, at most 1")
    if arguments.agreement is not None and not 0 <= arguments.agreement <= 1:
        parser.error(f"--agreement: {arguments.agreement} is out of range; accepted: from 0 to 1")
    if not (1 <= arguments.workers and 1 <= arguments.elements and arguments.workers * arguments.elements <= MOST):
        parser.error(f"--workers and --elements: accepted: 1 or more, their product at most {MOST:g}")
    try:
        for folder in arguments.folders:
            print(describe(Path(folder).name, load(folder), arguments.density))
    except UnionsError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.agreement is not None:
        made = synthetic(arguments.agreement, arguments.workers, arguments.elements)
        print(describe(f"agreement {arguments.agreement:g}", made, arguments.density))
    return 0


if __name__ == "__main__":
    sys.exit(main())
