"""Reads sweeps over `schedule.grouping`, and tells what merging tensors into groups is worth there."""

import json

from simrun import results

LAYERS, BUCKETS, TWO, BEST = "tensor by tensor", "25 MB buckets", "MergeComp's search", "optimal"

# The operations of a device profile whose times a method's coding takes where the profile has codecs of their own
# (docs/devices.md). sgd with fp32 has none.
OPERATIONS = {
    "sgd, fp16": "dense16",
    "top-k": "top-k",
    "dgc": "sampled-pairs",
    "rand-k": "random-entries",
    "qsgd": "qsgd",
    "ef-signsgd": "scaled-signs",
    "signsgd": "gathered-signs",
    "signum": "momentum-signs",
    "onebit": "two-means",
}


def load(name):
    """The points of the sweep `name` over schedule.grouping, as results.load has them, and three more columns: `label`,
    the method and its precision, if that is not fp32; `grouping` in words; `scaled`, whether some of its coding times
    were not published but follow from other operations', or are modelled. Raises ResultsError.
    """
    folder = results.folder_of(name)
    table = results.load(folder, also=["schedule.grouping"])
    table["label"] = [label_of(entry) for entry in results.entries(folder)]
    table["grouping"] = table["schedule.grouping"].map(results.grouping_name)
    known = {}
    for device in results.read_json(folder / "report.json")["devices"]:
        known |= {name: operation["provenance"] for name, operation in device["operations"].items()}
    table["scaled"] = [is_scaled(label, known) for label in table["label"]]
    return table


def label_of(entry):
    """A method's entry in a scenario, for people: its name, and its precision where that is not fp32."""
    precision = entry.get("precision", "fp32")
    return entry["name"] if precision == "fp32" else f"{entry['name']}, {precision}"


def names_of(labels):
    """Labels in a sentence of Markdown."""
    return ", ".join(f"`{label}`" for label in labels) or "none"


def where(table):
    """For which numbers of GPUs, its columns, each label of a table of booleans is true, as a part of a sentence: labels
    that agree stand together, those with most GPUs first.
    """
    counts = table.apply(lambda row: tuple(row.index[row]), axis=1)
    texts = []
    for some in sorted(set(counts), key=lambda some: (-len(some), some)):
        labels = names_of(counts.index[counts == some])
        *first, last = map(str, some or [0])
        number = " and ".join(filter(None, [", ".join(first), last]))
        texts.append(f"{labels} with {number} GPUs" if some else f"never {labels}")
    return "; ".join(texts)


def is_scaled(label, provenances):
    """Whether an operation that codes for the method `label` is `scaled` or `modelled`, by the provenance of each."""
    codec = OPERATIONS.get(label)
    return any(provenances.get(f"{way}.{codec}") in ("scaled", "modelled") for way in ("encode", "decode"))


def title_of(table, label):
    """The method's label, with a star where some of its coding times are scaled."""
    return label + " *" * bool(table.loc[table["label"] == label, "scaled"].any())


def times(table, grouping, by):
    """Seconds an iteration in one grouping: a row a label, in the order of `table`, a column a value of `by`."""
    rows = table[table["grouping"] == grouping]
    wide = rows.pivot(index="label", columns=by, values="iteration_s")
    return wide.loc[rows["label"].unique(), rows[by].unique()]


def gain(table, by):
    """How many times as long an iteration takes tensor by tensor as in the best groups; shaped as times()."""
    return times(table, LAYERS, by) / times(table, BEST, by)


def over_dense(table, grouping, by):
    """How many times as long an iteration takes with each other method in `grouping` as with sgd in buckets of 25 MB, the
    way in which frameworks send what is not compressed; shaped as times().
    """
    dense = times(table, BUCKETS, by).loc["sgd"]
    return (times(table, grouping, by) / dense).drop(index="sgd")


def network_name(text, workers):
    """A scenario's `network`, the text of a swept one, for people: the kind of its links, and the share of each of `workers`
    when all send at once.
    """
    network = json.loads(text)
    inside = network.get("intra_host")
    kind = {"pcie": "PCIe", "nvlink": "NVLink"}[inside["kind"]] if inside else f"{network['bandwidth']}\nEthernet"
    return f"{kind}\n{share_of(text, workers) / 1e9:.3g} GB/s"


def share_of(text, workers):
    """Bytes a second that each of `workers` can send when all do, on one host of several GPUs or each on a host of its own;
    `text` as for network_name().
    """
    network = json.loads(text)
    inside = network.get("intra_host", network)
    shares = [results.quantity(inside["bandwidth"])]
    if "shared_bandwidth" in inside:
        shares.append(results.quantity(inside["shared_bandwidth"]) / workers)
    return min(shares)
