"""Times of different processes: the Hodges–Lehmann shift, and an interval that covers as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from reports.stats.unpaired import critical_rank, cumulative, unpaired_ratio


@pytest.mark.parametrize(("first", "second"), [(1, 1), (3, 3), (6, 6), (6, 9), (12, 5)])
def test_the_distribution_is_that_of_mann_and_whitney(first: int, second: int) -> None:
    known = cumulative(first, second)
    assert len(known) == first * second + 1
    assert known[-1] == pytest.approx(1.0)
    apart = stats.mannwhitneyu(range(first), range(first, first + second), alternative="less", method="exact")
    assert known[0] == pytest.approx(apart.pvalue)
    mixed = [0.31 + 0.97 * k * second / first for k in range(first)]
    found = stats.mannwhitneyu(mixed, range(second), alternative="less", method="exact")
    assert known[int(found.statistic)] == pytest.approx(found.pvalue)


def test_the_shift_is_the_median_of_all_differences() -> None:
    base, head = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0], [3.0, 6.0, 12.0, 24.0, 48.0, 96.0]
    found = unpaired_ratio(head, base)
    assert found.estimate == pytest.approx(3.0)
    assert found.n == 6
    mirrored = unpaired_ratio(base, head)
    assert mirrored.estimate == pytest.approx(1 / found.estimate)
    assert (found.low, found.high) == pytest.approx((1 / (mirrored.high or 0), 1 / (mirrored.low or 0)))


def test_the_interval_is_the_set_of_shifts_that_the_test_does_not_refuse() -> None:
    rng = np.random.default_rng(5)
    base, head = rng.lognormal(0, 0.1, 7), rng.lognormal(0.1, 0.1, 9)
    found = unpaired_ratio(head.tolist(), base.tolist())
    assert found.low is not None
    assert found.high is not None
    for factor, inside in ((found.low * 1.0001, True), (found.low * 0.9999, False),
                           (found.high * 0.9999, True), (found.high * 1.0001, False)):  # fmt: skip
        p = stats.mannwhitneyu(head / factor, base, method="exact").pvalue
        assert (p > 1 - (found.confidence or 0) + 1e-12) == inside


def test_it_covers_as_often_as_it_says() -> None:
    rng, rounds = np.random.default_rng(11), 2000
    hits = 0
    for _ in range(rounds):
        found = unpaired_ratio(rng.lognormal(0.05, 0.03, 6).tolist(), rng.lognormal(0, 0.03, 6).tolist())
        hits += (found.low or 0) <= math.exp(0.05) <= (found.high or 0)
    assert found.confidence == pytest.approx(0.9588744588744589)
    assert hits / rounds == pytest.approx(found.confidence, abs=0.015)


def test_fewer_than_six_processes_on_a_side_give_no_interval() -> None:
    found = unpaired_ratio([2.0] * 5, [1.0] * 30)
    assert (found.estimate, found.low, found.high, found.confidence, found.n) == (2.0, None, None, None, 5)
    assert critical_rank(2, 2, 0.95) is None


@pytest.mark.parametrize("wrong", [[], [1.0, 0.0], [1.0, math.nan], [math.inf]])
def test_what_is_no_time_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="numerator"):
        unpaired_ratio(wrong, [1.0])


def test_a_confidence_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"confidence: 95 was given"):
        unpaired_ratio([1.0], [1.0], confidence=95)
