"""The laws that the notebooks' formulas obey."""

import math

import numpy as np
import pytest

import closed_forms

# N parameters, latency a, bandwidth B.
N, A, B = 269722, 5e-5, 1.25e8


@pytest.mark.parametrize("m", [2, 3, 8, 100, 256])
def test_top_k_and_the_dense_ring_take_equally_long_at_their_break_even(m):
    k = N * closed_forms.ring_break_even(m, N, A, B)
    assert (m - 1) * (A + 8 * k / B) == pytest.approx(2 * (m - 1) * (A + 4 * N / (m * B)))
    assert closed_forms.ring_break_even(m, N) == pytest.approx(1 / m)


@pytest.mark.parametrize("m", [8, 11, 16, 32, 100, 256])
def test_doubling_and_gtop_k_take_equally_long_at_their_break_even(m):
    rounds = math.ceil(math.log2(m))
    density = closed_forms.doubling_break_even(m, N, A, B)

    def difference(payload):
        return rounds * A + (m - 1) * payload / B - 2 * rounds * (A + payload / B)

    payload = 32 + 8 * density * N
    assert difference(payload) == pytest.approx(0, abs=1e-12)
    assert difference(2 * payload) > 0 > difference(payload / 2)


def test_gtop_k_never_wins_where_its_tree_sends_as_much():
    assert np.isnan(closed_forms.doubling_break_even([2, 3, 4, 5, 6, 7, 9], N, A, B)).all()


@pytest.mark.parametrize("n, k", [(10, 3), (1000, 1), (1000, 500), (64, 64)])
def test_the_information_bound_counts_sets(n, k):
    assert closed_forms.information_bound(n, k) == pytest.approx(math.log2(math.comb(n, k)), abs=1e-9)


def test_a_union_is_inclusion_and_exclusion():
    assert closed_forms.union_size(1000, 10, 1) == pytest.approx(10)
    assert closed_forms.union_size(1000, 10, 2) == pytest.approx(10 + 10 - 0.1)
    assert closed_forms.union_size(1000, 10, 10**6) == pytest.approx(1000)
