"""The least slowdown that is found four times in five, over rules whose power is known."""

from __future__ import annotations

from math import log1p

import numpy as np
import pytest

from reports.stats.found import Least, least
from reports.stats.shares import Share

AMOUNTS = (0.02, 0.05, 0.1, 0.2)
POWER = (0.1, 0.6, 0.96, 1.0)
TRUTH = float(np.expm1(np.interp(0.8, POWER[1:3], np.log1p(AMOUNTS[1:3]))))


def found(*hits: int, of: int = 20) -> Least:
    shares = [Share.counted([True] * some + [False] * (of - some)) for some in hits]
    return least("a size", list(zip(AMOUNTS, shares, strict=False)))


def test_it_is_read_between_the_amounts_that_were_tried() -> None:
    seen = found(*(round(4000 * share) for share in POWER), of=4000)
    assert seen.amount == pytest.approx(TRUTH, rel=0.01)
    assert seen.low is not None
    assert seen.high is not None
    assert 0.05 < seen.low < TRUTH < seen.high < 0.1
    assert (seen.smallest, seen.largest) == (0.02, 0.2)


def test_it_is_too_high_as_often_as_too_low_and_its_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(0)
    seen = [found(*rng.binomial(20, POWER)) for _ in range(400)]
    too_low = np.mean([one.amount is not None and one.amount < TRUTH for one in seen])
    assert 0.42 < too_low < 0.58
    held = [(one.low or 0) <= TRUTH and (one.high is None or one.high >= TRUTH) for one in seen]
    assert np.mean(held) > 0.93


def test_what_was_tried_bounds_what_can_be_said() -> None:
    never, always = found(0, 0, 0, 0), found(20, 20, 20, 20)
    assert (never.amount, never.low, never.high) == (None, None, None)
    assert (always.amount, always.low, always.high) == (0.0, 0.0, 0.0)
    once = found(16)
    assert (once.low, once.high) == (0.0, None), "one amount of a few trials tells nothing"
    few = found(0, 3, 3, 3, of=3)
    assert few.amount is not None
    assert few.high is None, "three of three may be less than four of five"


def test_shares_that_fall_are_pooled() -> None:
    seen = found(0, 18, 10, 20)
    assert seen.amount is not None
    assert log1p(0.1) < log1p(seen.amount) < log1p(0.2), "the two in the middle are 70 % together"
