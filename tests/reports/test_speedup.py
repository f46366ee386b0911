"""The interval is the one that inverts the exact signed-rank test, and it covers what it says it covers."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from reports.stats.speedup import critical_rank, location, paired_ratio, shared, walsh_averages

SAMPLES = st.lists(st.floats(-50, 50, allow_subnormal=False), min_size=6, max_size=14, unique=True)


@settings(suppress_health_check=[HealthCheck.filter_too_much])  # values that tie are drawn often, and left out
@given(SAMPLES, st.floats(-60, 60), st.sampled_from([0.8, 0.9, 0.95]))
def test_a_value_is_inside_exactly_where_scipys_exact_test_does_not_reject_it(
    values: list[float], shift: float, confidence: float
) -> None:
    moved = np.array(values) - shift
    assume(len(np.unique(np.abs(moved))) == len(values) and np.all(moved != 0))
    assume(np.min(np.abs(walsh_averages(values) - shift)) > 1e-9)
    found = location(values, confidence)
    if found.low is None or found.high is None:
        assert len(values) < 6 or critical_rank(len(values), confidence) is None
        return
    p = wilcoxon(moved, method="exact").pvalue
    assert found.confidence is not None
    assert (found.low < shift < found.high) == (p > 1 - found.confidence + 1e-12)


@given(SAMPLES)
def test_the_interval_is_the_smallest_that_attains_the_confidence(values: list[float]) -> None:
    n = len(values)
    rank = critical_rank(n, 0.95)
    assert rank is not None
    signs = np.array(list(product([0, 1], repeat=min(n, 12))))
    if n <= 12:
        statistic = signs @ np.arange(1, n + 1)
        assert 1 - 2 * np.mean(statistic <= rank - 1) >= 0.95
        assert 1 - 2 * np.mean(statistic <= rank) < 0.95
    found = location(values)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.estimate <= found.high


def test_six_processes_give_the_whole_range_at_96_9_percent() -> None:
    found = location([3.0, 1.0, 2.0, 5.0, 4.0, 9.0])
    assert (found.low, found.high, found.n) == (1.0, 9.0, 6)
    assert found.confidence == pytest.approx(0.96875)
    assert found.estimate == 3.5


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_fewer_than_six_processes_give_no_interval_at_any_confidence(n: int) -> None:
    found = paired_ratio([2.0] * n, [1.0] * n, confidence=0.5)
    assert found.estimate == pytest.approx(2.0)
    assert (found.low, found.high, found.confidence, found.n) == (None, None, None, n)


def test_a_confidence_that_n_cannot_attain_gives_no_interval() -> None:
    assert location(list(range(6)), confidence=0.99).low is None
    assert location(list(range(8)), confidence=0.99).low is not None


def test_the_ratio_is_reference_over_candidate() -> None:
    found = paired_ratio([9.0] * 6, [3.0] * 6)
    assert found.low is not None
    assert [found.estimate, found.low, found.high] == pytest.approx([3.0, 3.0, 3.0])


@given(st.lists(st.tuples(st.floats(1e-6, 10), st.floats(1e-6, 10)), min_size=6, max_size=12))
def test_swapping_the_sides_inverts_the_interval(pairs: list[tuple[float, float]]) -> None:
    reference, candidate = [a for a, _ in pairs], [b for _, b in pairs]
    one, other = paired_ratio(reference, candidate), paired_ratio(candidate, reference)
    assert one.low is not None
    assert one.high is not None
    assert other.low is not None
    assert other.high is not None
    assert [other.estimate, other.low, other.high] == pytest.approx([1 / one.estimate, 1 / one.high, 1 / one.low])


@given(st.lists(st.floats(1e-6, 10), min_size=6, max_size=12), st.lists(st.floats(0.5, 3), min_size=12, max_size=12))
def test_a_slow_phase_that_hits_both_sides_changes_nothing(times: list[float], phases: list[float]) -> None:
    candidate = [t / (2 + 0.1 * i) for i, t in enumerate(times)]
    calm = paired_ratio(times, candidate)
    noisy = paired_ratio(
        [t * p for t, p in zip(times, phases, strict=False)], [t * p for t, p in zip(candidate, phases, strict=False)]
    )
    assert noisy.estimate == pytest.approx(calm.estimate)
    assert noisy.low == pytest.approx(calm.low)


@pytest.mark.parametrize("n", [6, 8, 12])
def test_the_interval_covers_the_truth_as_often_as_it_says(n: int) -> None:
    rng = np.random.default_rng(20250101)
    trials = 2000
    inside, attained = 0, 0.0
    for noise in rng.standard_t(3, size=(trials, n)):
        found = location((0.7 + 0.1 * noise).tolist())
        assert found.low is not None
        assert found.high is not None
        assert found.confidence is not None
        inside += found.low <= 0.7 <= found.high
        attained = found.confidence
    error = math.sqrt(attained * (1 - attained) / trials)
    assert abs(inside / trials - attained) < 4 * error


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_time_that_is_no_time_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="candidate: times were"):
        paired_ratio([1.0, 1.0], [1.0, bad])


def test_what_does_not_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="2 processes, reference 3"):
        paired_ratio([1.0] * 3, [1.0] * 2)
    with pytest.raises(ValueError, match="empty"):
        paired_ratio([], [])
    with pytest.raises(ValueError, match="between 0 and 1"):
        location([1.0] * 6, confidence=95)


def test_pairs_are_the_processes_that_both_have() -> None:
    assert shared({2: 0.2, 0: 0.0, 1: 0.1}, {1: 1.1, 2: 1.2, 5: 1.5}) == ([0.1, 0.2], [1.1, 1.2])
