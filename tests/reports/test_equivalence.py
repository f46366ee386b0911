"""Equivalent is shown, never assumed, and the same whichever of the two is the base."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reports.stats.equivalence import bounds, equivalent, p_equivalent

CHANGES = st.lists(st.floats(-0.06, 0.06, allow_subnormal=False), min_size=6, max_size=14, unique_by=abs)


def test_the_margin_is_as_wide_either_way() -> None:
    low, high = bounds(0.03)
    assert (math.exp(low), math.exp(high)) == pytest.approx((1 / 1.03, 1.03))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([0.001, -0.002, 0.003, -0.001, 0.002, 0.0005], True),
        ([0.025, 0.024, 0.026, 0.0245, 0.0255, 0.0252], True),  # a change, but one that counts as the same
        ([0.031, 0.032, 0.033, 0.0315, 0.0325, 0.0335], False),
        ([-0.031, -0.032, -0.033, -0.0315, -0.0325, -0.0335], False),
        ([0.05, -0.05, 0.06, -0.06, 0.04, -0.04], False),  # no difference found, and nothing shown
        ([0.0] * 5, False),  # fewer than six pairs
        ([], False),
    ],
)
def test_equivalent_is_within_the_margin_as_a_whole(changes: list[float], expected: bool) -> None:
    assert equivalent(changes) is expected


@given(CHANGES)
def test_swapping_base_and_head_changes_nothing(changes: list[float]) -> None:
    assert equivalent(changes) == equivalent([-change for change in changes])


@given(CHANGES)
def test_the_interval_and_the_two_tests_agree(changes: list[float]) -> None:
    low, high = bounds()
    for end in (low, high):
        sizes = np.abs(np.array(changes) - end)
        assume(np.unique(sizes).size == sizes.size and sizes.min() > 1e-9)
    assert equivalent(changes) == (p_equivalent(changes) <= 0.05)


@pytest.mark.parametrize("sd", [0.005, 0.02])
@pytest.mark.parametrize("side", [0, 1])
def test_a_change_of_the_margin_is_called_equivalent_once_in_twenty_at_most(sd: float, side: int) -> None:
    rng = np.random.default_rng(20261128)
    trials = 1500
    cells = bounds()[side] + sd * rng.standard_normal((trials, 12))
    rate = sum(equivalent(cell.tolist()) for cell in cells) / trials
    assert rate <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)


def test_what_is_no_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="margin: 0 was given"):
        equivalent([0.0] * 6, margin=0)
    with pytest.raises(ValueError, match="log_changes"):
        equivalent([math.nan] * 6)
