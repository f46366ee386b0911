"""All planned cells count, also those that were not looked at twice."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.multiple import adjusted, least_p
from reports.stats.signed_rank import fewest_pairs


def test_it_is_the_example_of_benjamini_and_hochberg() -> None:
    """The fifteen p of their section 3.2; at 5 % they call four different, and Bonferroni three."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
         0.7590, 1.0000]  # fmt: skip
    expected = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06386, 0.06386, 0.0645, 0.0765, 0.486, 0.58118, 0.714875,
                0.75323, 0.81321, 1.0]  # fmt: skip
    assert adjusted(p) == pytest.approx(expected, abs=1e-5)
    assert sum(value <= 0.05 for value in adjusted(p)) == 4


@given(st.lists(st.floats(0, 1) | st.none(), min_size=1, max_size=30))
def test_a_cell_is_below_q_exactly_where_the_step_up_rule_takes_it(p: list[float | None]) -> None:
    q = 0.01
    whole = np.array([1.0 if value is None else value for value in p])
    taken = [k for k in range(1, len(p) + 1) if np.sort(whole)[k - 1] <= q * k / len(p)]
    line = np.sort(whole)[taken[-1] - 1] if taken else -1.0
    for value, mine in zip(whole, adjusted(p), strict=True):
        if abs(mine - q) > 1e-12:
            assert (mine < q) == (value <= line)


def test_cells_that_were_not_confirmed_count_as_one() -> None:
    assert adjusted([1e-4, None, None, None]) == pytest.approx([4e-4, 1.0, 1.0, 1.0])
    assert adjusted([None, None]) == [1.0, 1.0]
    assert adjusted([]) == []


def test_the_share_of_false_ones_is_at_most_q() -> None:
    """Nine cells in ten are the same, one is not; only those with a small p in a first look are looked at again."""
    rng = np.random.default_rng(20261128)
    false_share = []
    for _ in range(400):
        null, real = rng.random(90), rng.random(10) * 1e-4
        confirmed = [float(p) if rng.random() < 0.5 else None for p in (*null, *real)]
        called = [value < 0.05 for value in adjusted(confirmed)]
        false_share.append(sum(called[:90]) / max(1, sum(called)))
    assert np.mean(false_share) <= 0.05


def test_one_cell_among_many_needs_this_p() -> None:
    assert least_p(100, 0.01) == pytest.approx(1e-4)
    assert adjusted([least_p(100, 0.01), *[None] * 99])[0] == pytest.approx(0.01)
    assert fewest_pairs(least_p(100, 0.01) / 2) == 15


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_what_is_no_p_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="p: "):
        adjusted([0.5, bad])


def test_what_is_no_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="planned: 0"):
        least_p(0, 0.01)
