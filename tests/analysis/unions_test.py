"""Unions of what workers send: small ones by hand, large ones by their expectation."""

import numpy as np
import pytest

import results
import unions


def test_unions_by_hand():
    # K = 2. Rows keep {0, 1}, {1, 2}, {4, 5}; the first merge sums to 5, 7, 4, so {0, 1} stays, and meets {4, 5}.
    rows = np.array([[5.0, 4, 0, 0, 0, 1], [0, 3, 4, 1, 0, 0], [0, 1, 0, 0, 9, 8]])
    assert unions.union_of_all(rows, 2) == 5
    assert unions.merged_unions(rows, 2) == [3, 4]


def test_workers_that_agree_send_the_same():
    rows = np.tile(np.arange(1.0, 101), (4, 1))
    assert unions.union_of_all(rows, 10) == 10
    assert unions.merged_unions(rows, 10) == [10, 10]
    assert unions.union_of_all(rows[:1], 10) == 10 and unions.merged_unions(rows[:1], 10) == []


def test_without_agreement_supports_are_independent():
    # The union of M independent sets of K has N (1 - (1 - K/N)^M) entries on average; its deviation is below sqrt(N d).
    rows = unions.synthetic(0, 8, 20000)
    assert unions.union_of_all(rows, 200) == pytest.approx(results.union_size(20000, 200, 8), abs=4 * 200**0.5)
    assert unions.union_of_all(unions.synthetic(1, 8, 20000), 200) == 200


def test_files_are_read_in_the_order_of_workers(tmp_path):
    for worker in range(11):
        np.save(tmp_path / f"worker-{worker}.npy", np.full(3, worker, np.float32))
    assert unions.load(tmp_path)[:, 0].tolist() == list(range(11))
    with pytest.raises(SystemExit, match="has no worker-0.npy"):
        unions.load(tmp_path / "nowhere")


def test_a_line_says_it_all():
    rows = np.tile(np.arange(1.0, 101), (4, 1))
    assert unions.describe("g", rows, 0.1) == "g: union of 4 1.00 K, of merges 1.00, 1.00 K"
