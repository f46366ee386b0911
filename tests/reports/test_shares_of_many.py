"""Shares and their intervals: exact where counts are independent, wider where a gate errs as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom, binomtest

from reports.stats.shares import Share


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (1, 100), (37, 90), (10, 10), (0, 1)])
def test_the_interval_of_independent_counts_is_the_exact_one(hits: int, of: int) -> None:
    found = Share.counted([True] * hits + [False] * (of - hits))
    exact = binomtest(hits, of).proportion_ci(0.95, method="exact")
    assert (found.hits, found.of, found.share) == (hits, of, hits / of)
    assert (found.low, found.high) == (pytest.approx(exact.low), pytest.approx(exact.high))


def test_of_nothing_there_is_no_share() -> None:
    empty = Share.counted([])
    assert (empty.share, empty.low, empty.high, empty.middle) == (None, None, None, None)


@pytest.mark.parametrize(("hits", "of"), [(0, 3), (3, 3), (4, 10), (19, 20), (1, 400)])
def test_the_middle_is_the_median_unbiased_share(hits: int, of: int) -> None:
    def or_more(share: float) -> float:
        return float(binom.sf(hits - 1, of, share)) - 0.5

    def or_fewer(share: float) -> float:
        return float(binom.cdf(hits, of, share)) - 0.5

    low, high = brentq(or_more, 0, 1) if hits else 0, brentq(or_fewer, 0, 1) if hits < of else 1
    middle = Share.counted([True] * hits + [False] * (of - hits)).middle
    assert middle == pytest.approx((low + high) / 2, abs=1e-9)


def test_intervals_hold_the_truth_where_the_comparisons_of_a_gate_err_together() -> None:
    truth, alike, gates, each = 0.95, 0.05, 20, 60
    rng = np.random.default_rng(0)
    held = {"clustered": 0, "independent": 0}
    for _ in range(400):
        shares = rng.beta(truth * (1 / alike - 1), (1 - truth) * (1 / alike - 1), gates)
        drawn = [(str(gate), bool(hit)) for gate in range(gates) for hit in rng.random(each) < shares[gate]]
        for name, found in (("clustered", Share.clustered(drawn)), ("independent", Share.counted(h for _, h in drawn))):
            assert found.low is not None
            assert found.high is not None
            held[name] += found.low <= truth <= found.high
    assert 0.92 <= held["clustered"] / 400 <= 0.98
    assert held["independent"] / 400 < 0.8, "the exact interval alone claims too much"


def test_few_gates_tell_less_than_many_and_one_alone_tells_nothing_of_its_scatter() -> None:
    flagged = (np.random.default_rng(0).random(600) < 0.04).tolist()

    def of(gates: int) -> float:
        found = Share.clustered((str(k % gates), flag) for k, flag in enumerate(flagged))
        assert found.high is not None
        return found.high

    assert of(3) > of(20) > of(600)
    assert of(1) == pytest.approx(of(600)) == Share.counted(flagged).high
