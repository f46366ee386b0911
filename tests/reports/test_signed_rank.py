"""p is the share of the 2ⁿ signs that give as much, with ties and zeros too."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import rankdata, wilcoxon

from reports.stats.signed_rank import fewest_pairs, p_values
from reports.stats.speedup import location, walsh_averages

CONTINUOUS = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=14, unique_by=abs)
COARSE = st.lists(st.integers(-4, 4), min_size=1, max_size=9)
"""Full of ties and zeros."""


@given(CONTINUOUS)
def test_it_is_scipys_exact_test_where_there_is_no_tie(changes: list[float]) -> None:
    assume(all(changes))
    found = p_values(changes)
    for p, alternative in ((found.slower, "greater"), (found.faster, "less"), (found.two_sided, "two-sided")):
        assert p == pytest.approx(wilcoxon(changes, method="exact", alternative=alternative).pvalue, rel=1e-12)


@given(COARSE)
def test_with_ties_and_zeros_it_is_what_counting_all_signs_gives(changes: list[int]) -> None:
    ranks = rankdata(np.abs(changes))[np.array(changes) != 0]
    seen = sum(rank for rank, change in zip(rankdata(np.abs(changes)), changes, strict=True) if change > 0)
    sums = [float(np.dot(ranks, signs)) for signs in product((0, 1), repeat=len(ranks))]
    found = p_values([float(change) for change in changes])
    assert found.slower == pytest.approx(np.mean([s >= seen for s in sums]), rel=1e-12)
    assert found.faster == pytest.approx(np.mean([s <= seen for s in sums]), rel=1e-12)


def test_slower_is_above_zero() -> None:
    found = p_values([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])
    assert (found.slower, found.faster, found.two_sided) == (2**-6, 1.0, 2**-5)


@given(COARSE)
def test_swapping_base_and_head_swaps_the_sides(changes: list[int]) -> None:
    one, other = p_values([float(c) for c in changes]), p_values([-float(c) for c in changes])
    assert (one.slower, one.faster, one.two_sided) == (other.faster, other.slower, other.two_sided)


@given(st.lists(st.integers(-40, 40).filter(bool), min_size=1, max_size=12, unique_by=abs), st.data())
def test_a_change_that_grows_never_makes_faster_surer(changes: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(changes) - 1))
    grown = data.draw(st.integers(changes[at], 50).filter(bool))
    assume(abs(grown) not in {abs(change) for i, change in enumerate(changes) if i != at})
    before = p_values([float(change) for change in changes])
    after = p_values([float(grown if i == at else change) for i, change in enumerate(changes)])
    assert after.faster >= before.faster
    assert after.slower <= before.slower


@given(st.lists(st.integers(-999, 999).filter(bool), min_size=6, max_size=14, unique_by=abs), st.floats(0.5, 0.99))
def test_the_interval_holds_no_change_where_the_two_sided_test_keeps_it(changes: list[int], confidence: float) -> None:
    exact = [float(change) for change in changes]
    found = location(exact, confidence)
    assume(0 not in walsh_averages(exact))
    if found.low is not None and found.high is not None and found.confidence is not None:
        assert (found.low <= 0 <= found.high) == (p_values(exact).two_sided > 1 - found.confidence + 1e-12)


def test_nothing_shows_nothing() -> None:
    assert p_values([]).two_sided == 1.0
    assert p_values([0.0] * 9).two_sided == 1.0


def test_many_pairs_keep_the_digits_of_a_small_p() -> None:
    assert p_values(np.linspace(0.01, 0.4, 40).tolist()).slower == 2**-40


@pytest.mark.parametrize(("alpha", "n"), [(0.5, 1), (0.05, 5), (0.03125, 5), (0.001, 10), (1e-4, 14)])
def test_so_many_pairs_attain_alpha(alpha: float, n: int) -> None:
    assert fewest_pairs(alpha) == n
    assert p_values([0.1] * n).slower <= alpha


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"log_changes: .* finite numbers"):
        p_values([0.1, bad])
    with pytest.raises(ValueError, match="alpha: 0 was given"):
        fewest_pairs(0)
