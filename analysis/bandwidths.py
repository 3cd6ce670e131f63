"""Reads the sweep `bandwidths` over network.bandwidth and device: how long a method may encode, and how long it does."""

import re
from pathlib import Path

import pandas as pd

from simrun import results

# The operation that a method's encoding is, where the profile has it: else the next one.
ENCODINGS = {
    "top-k": ("encode.top-k", "encode.pairs"),
    "gtop-k": ("encode.gtop-k", "encode.pairs"),
    "ef-signsgd": ("encode.scaled-signs",),
    "qsgd": ("encode.qsgd",),
}
PROVENANCES = {"scaled": "assumed"}  # of PyTorch's operations that nobody has published: those of another one


def load(name="bandwidths"):
    """The points of the sweep, as results.load has them, and more columns: `gbps`; `encode_ns` and `may_take_ns`, what
    encoding takes and the longest with which the method is as fast as sgd, in ns an element; `low_ns` and `high_ns`,
    the range of encode_ns by the profile; `provenance` of it. NaN for sgd. Raises ResultsError.
    """
    folder = results.folder_of(name)
    table = results.load(folder, also=["network.bandwidth", "implementation"])
    table["gbps"] = [8e-9 * results.quantity(text) for text in table["network.bandwidth"]]
    devices = {
        (device["name"], device["implementation"]): device["operations"]
        for device in results.read_json(folder / "report.json")["devices"]
    }
    known = [encoding_of(row, devices[row.device, row.implementation]) for row in table.itertuples()]
    encoding = pd.DataFrame(known, columns=["provenance", "low_s", "high_s"], index=table.index)
    ns = 1e9 / table["parameters"]
    more = {
        "encode_ns": table["encode_s"].where(table["method"].isin(ENCODINGS)) * ns,
        "may_take_ns": table["encode_break_even_s"].astype(float) * ns,
        "low_ns": encoding["low_s"].astype(float) * ns,
        "high_ns": encoding["high_s"].astype(float) * ns,
        "provenance": encoding["provenance"],
    }
    return table.assign(**more)


def encoding_of(row, operations):
    """(provenance, low, high) of a point's encoding, in seconds; `operations` of its device as report.json has them."""
    names = [name for name in ENCODINGS.get(row.method, ()) if name in operations]
    if not names:
        return None, None, None
    operation = operations[names[0]]
    profile = profile_of(row.device, row.implementation)
    provenance = operation["provenance"]
    if provenance == "modelled":
        return provenance, *modelled_range(row.encode_s, launches_of(operation["source"]), profile["model"])
    low, high = profile["operations"][names[0]].get("range", (1, 1))
    return PROVENANCES.get(provenance, provenance), low * row.encode_s, high * row.encode_s


def profile_of(name, implementation):
    """The shipped profile of that name and implementation."""
    folder = Path(__file__).resolve().parent.parent / "platforms/devices"
    named = folder / f"{name}-{implementation}.json"
    return results.read_json(named if named.exists() else folder / f"{name}.json")


def launches_of(source):
    """How many launches a modelled operation has, by what report.json says of it. Raises ResultsError."""
    found = re.search(r"(\d+) launches of ", source)
    if not found:
        raise results.ResultsError(f"{source!r}: does not say how many launches")
    return int(found[1])


def modelled_range(seconds, launches, model):
    """What a modelled time may be, in seconds: launches x launch latency, and the rest, which goes by the share of the
    bandwidth or by clock cycles (docs/devices.md). Which of them is not known here, so that the range is the wider one,
    and at least the program's.
    """
    launch, share = [results.quantity(text) for text in model["launch"]], model["bandwidth_share"]
    cycles = model["cycles"] if "multiprocessors" in model else [1, 1, 1]
    least, most = (min(share[1] / share[2], cycles[0]), max(share[1] / share[0], cycles[2]))
    rest = seconds - launches * launch[1]
    return launches * launch[0] + least * rest, launches * launch[2] + most * rest


def gains_up_to(rows, least=1.01):
    """The highest bandwidth, in Gbps, at which the rows of one method and device are `least` times as fast as sgd or
    more; 0 where they never are."""
    return rows.loc[rows["speedup_over_sgd"] >= least, "gbps"].max() if (rows["speedup_over_sgd"] >= least).any() else 0
