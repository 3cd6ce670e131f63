"""The module on bandwidths: what encoding takes and may take in a sweep, and the range of it."""

import json

import pandas as pd
import pytest

import bandwidths
from results_test import row
from simrun import results

KERNELS = "simrun's kernels: 9 launches of 3.00 us, 12 bytes an element over 70 % of the memory's bandwidth"
MODEL = {"launch": ["2 us", "3 us", "5 us"], "bandwidth_share": [0.5, 0.7, 0.9]}


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """sgd and top-k at 1 and 10 Gbps by simrun's kernels, and at 1 Gbps by PyTorch's operations, on a V100."""
    monkeypatch.setenv("SIMRUN_RESULTS", str(tmp_path))
    known = {"device": "v100", "parameters": 1e9}
    points = [
        ("sgd", "1 Gbps", "simrun", {"encode_s": 0}),
        ("top-k", "1 Gbps", "simrun", {"encode_s": 7.027e-3, "encode_break_even_s": 2.0, "speedup_over_sgd": 3.0}),
        ("top-k", "10 Gbps", "simrun", {"encode_s": 7.027e-3, "encode_break_even_s": 0.0, "speedup_over_sgd": 0.9}),
        ("top-k", "1 Gbps", "pytorch", {"encode_s": 8.5, "encode_break_even_s": 2.0, "speedup_over_sgd": 0.5}),
    ]
    rows = [
        row(method, 8) | known | {"network.bandwidth": bandwidth, "implementation": implementation} | more
        for method, bandwidth, implementation, more in points
    ]
    simrun = {"encode.pairs": {"provenance": "modelled", "source": KERNELS}}
    pytorch = {"encode.pairs": {"provenance": "published"}, "encode.top-k": {"provenance": "published"}}
    devices = [
        {"name": "v100", "implementation": "simrun", "operations": simrun},
        {"name": "v100", "implementation": "pytorch", "operations": pytorch},
    ]
    folder = tmp_path / "bandwidths"
    folder.mkdir()
    pd.DataFrame(rows).to_csv(folder / "points.csv", index=False)
    (folder / "report.json").write_text(json.dumps({"scenario": {}, "versions": {}, "devices": devices}))
    return bandwidths.load()


def test_a_point_has_what_it_takes_and_may_take_an_element(sweep):
    assert list(sweep["gbps"]) == pytest.approx([1, 1, 10, 1])
    assert list(sweep["encode_ns"][1:]) == pytest.approx([7.027e-3, 7.027e-3, 8.5])
    assert list(sweep["may_take_ns"][1:]) == [2, 0, 2]
    assert sweep.loc[0, ["encode_ns", "low_ns", "high_ns", "provenance"]].isna().all()


def test_a_published_time_has_the_range_of_its_profile(sweep):
    assert sweep["provenance"][3] == "published"
    assert (sweep["low_ns"][3], sweep["high_ns"][3]) == pytest.approx((8.5 * 0.588, 8.5 * 1.412))


def test_a_modelled_time_has_the_range_of_latency_and_of_share_or_cycles(sweep):
    # 9 launches of 2, 3, 5 us, and 7 ms: by the shares 0.65, 0.8, 0.9 they are 6.2 to 8.6 ms, by the cycles 0.7, 1, 2
    # from 4.9 to 14 ms.
    assert sweep["provenance"][1] == "modelled"
    assert sweep["low_ns"][1] == pytest.approx(18e-6 + 4.9e-3)
    assert sweep["high_ns"][1] == pytest.approx(45e-6 + 14e-3)
    # Without multiprocessors the shares alone: 7 ms at 70 % are 4.9 ms at all of the bandwidth.
    assert bandwidths.modelled_range(7.027e-3, 9, MODEL) == pytest.approx((18e-6 + 4.9e-3 / 0.9, 45e-6 + 4.9e-3 / 0.5))
    assert bandwidths.modelled_range(27e-6, 9, MODEL) == pytest.approx((18e-6, 45e-6))


def test_a_source_without_launches_is_an_error():
    assert bandwidths.launches_of(KERNELS) == 9
    with pytest.raises(results.ResultsError, match="does not say how many launches"):
        bandwidths.launches_of("as it was")


def test_a_method_gains_up_to_a_bandwidth(sweep):
    by_simrun = sweep[(sweep["method"] == "top-k") & (sweep["implementation"] == "simrun")]
    assert bandwidths.gains_up_to(by_simrun) == pytest.approx(1)
    assert bandwidths.gains_up_to(sweep[sweep["implementation"] == "pytorch"]) == 0


def test_every_shipped_profile_is_found():
    assert bandwidths.profile_of("v100", "pytorch")["implementation"] == "pytorch"
    assert bandwidths.profile_of("v100", "simrun").get("implementation", "simrun") == "simrun"
    assert bandwidths.profile_of("p102-100", "pytorch")["name"] == "p102-100"
