"""The module on groupings: what it makes of a sweep, and the ratios that notebook 07 draws."""

import json

import pandas as pd
import pytest

import groupings
import tables
from results_test import row
from simrun import results

SECONDS = {  # by grouping, of sgd, sgd in fp16 and onebit, with 2 and 8 GPUs
    "tensor": [[3, 6], [2, 4], [9, 12]],
    '{"bucket":"25 MB"}': [[2, 4], [1, 2], [5, 8]],
    '{"search":"optimal"}': [[1, 4], [1, 2], [3, 2]],
}
METHODS = [{"name": "sgd", "precision": "fp32"}, {"name": "sgd", "precision": "fp16"}, {"name": "onebit"}]
PCIE = '{"intra_host":{"kind":"pcie","bandwidth":"12 GB/s","shared_bandwidth":"16 GB/s"},"bandwidth":"10 Gbps"}'
NVLINK = '{"bandwidth":"10 Gbps","intra_host":{"kind":"nvlink","bandwidth":"150 GB/s"}}'


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMRUN_RESULTS", str(tmp_path))

    def write_results(provenance="published", failed=()):
        rows, resolved = [], []
        for grouping, seconds in SECONDS.items():
            for i, workers in enumerate([2, 8]):
                for method, times in zip(METHODS, seconds):
                    rows.append(row(method["name"], workers, iteration_s=times[i]) | {"schedule.grouping": grouping})
                    resolved.append({"methods": [method]})
        names = ["encode.dense16", "decode.dense16", "encode.two-means", "decode.two-means"]
        known = dict.fromkeys(names, {"provenance": "published"}) | {"decode.two-means": {"provenance": provenance}}
        report = {"scenario": {}, "versions": {}, "resolved": resolved, "failed": failed, "devices": [{"operations": known}]}
        (tmp_path / "s").mkdir()
        pd.DataFrame(rows).to_csv(tmp_path / "s" / "points.csv", index=False)
        (tmp_path / "s" / "report.json").write_text(json.dumps(report))

    return write_results


def test_points_have_labels_and_groupings(write):
    write()
    table = groupings.load("s")
    assert table["label"].tolist() == ["sgd", "sgd, fp16", "onebit"] * 6
    assert table["grouping"].unique().tolist() == [groupings.LAYERS, groupings.BUCKETS, groupings.BEST]


def test_points_without_their_entries_are_refused(write):
    write(failed=[{"method": "sgd"}])
    with pytest.raises(results.ResultsError, match="some points failed"):
        groupings.load("s")


@pytest.mark.parametrize("provenance, title", [("published", "onebit"), ("scaled", "onebit *")])
def test_a_star_marks_scaled_coding(write, provenance, title):
    write(provenance)
    table = groupings.load("s")
    assert groupings.title_of(table, "onebit") == title
    assert groupings.title_of(table, "sgd") == "sgd"


def test_gains_are_over_the_best_groups(write):
    write()
    gain = groupings.gain(groupings.load("s"), "workers")
    assert gain.index.tolist() == ["sgd", "sgd, fp16", "onebit"]
    assert gain.to_dict("list") == {2: [3, 2, 3], 8: [1.5, 2, 6]}


def test_dense_is_sgd_in_buckets(write):
    write()
    slower = groupings.over_dense(groupings.load("s"), groupings.LAYERS, "workers")
    assert slower.index.tolist() == ["sgd, fp16", "onebit"]
    assert slower.to_dict("list") == {2: [1, 4.5], 8: [1, 3]}


def test_labels_that_agree_stand_together():
    some, most = [True, False, True, False], [True, True, True, False]
    table = pd.DataFrame({2: some, 4: most, 8: most}, index=list("abcd"))
    assert groupings.where(table) == "`a`, `c` with 2, 4 and 8 GPUs; `b` with 4 and 8 GPUs; never `d`"
    assert groupings.where(table[[2]]) == "`a`, `c` with 2 GPUs; never `b`, `d`"


@pytest.mark.parametrize(
    "network, name",
    [
        (PCIE, "PCIe\n2 GB/s"),  # 16 GB/s shared by 8
        (PCIE.replace("16", "160"), "PCIe\n12 GB/s"),
        (NVLINK, "NVLink\n150 GB/s"),
        ('{"bandwidth":"1 Gbps","latency":"50 us"}', "1 Gbps\nEthernet\n0.125 GB/s"),
    ],
)
def test_networks_have_names(network, name):
    assert groupings.network_name(network, 8) == name


def test_every_method_of_the_scenario_has_its_operation():
    scenario = results.read_json(tables.ROOT / "scenarios" / "mergecomp_8gpu.json")
    labels = [groupings.label_of(entry) for entry in scenario["methods"]]
    assert set(labels) - set(groupings.OPERATIONS) == {"sgd"}
    profile = results.read_json(tables.ROOT / "platforms" / "devices" / "v100-pytorch.json")
    codecs = {name for label, name in groupings.OPERATIONS.items() if label != "sgd, fp16"}
    assert {f"{way}.{codec}" for way in ("encode", "decode") for codec in codecs} <= set(profile["operations"])
