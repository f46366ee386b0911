"""Intervals of a run hold what other runs find: the scatter of processes, and what varies between runs beside it."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from reports.stats import run_ratio as module
from reports.stats.run_ratio import run_ratio, widened
from reports.stats.speedup import Interval, paired_ratio

SIX = (1.0, 1.1, 0.9, 1.05, 0.95, 1.02)


@pytest.fixture
def three_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RUN_SD", 0.03)


@pytest.mark.usefixtures("three_percent")
def test_the_two_kinds_of_scatter_add_as_squares_by_hand() -> None:
    found = widened(Interval(2.0, 2.0 * exp(-0.04), 2.0 * exp(0.08), 0.95, 12))
    beside = 1.959964 * 0.03
    assert found.low == pytest.approx(2.0 * exp(-sqrt(0.04**2 + beside**2)))
    assert found.high == pytest.approx(2.0 * exp(sqrt(0.08**2 + beside**2)))
    assert (found.estimate, found.confidence, found.n) == (2.0, 0.95, 12)


@pytest.mark.usefixtures("three_percent")
def test_processes_that_all_agree_do_not_make_a_ratio_certain() -> None:
    found = run_ratio([9.0] * 6, [3.0] * 6)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 2.85
    assert found.high > 3.15


def test_a_time_held_against_itself_is_as_long_in_every_run() -> None:
    assert run_ratio(SIX, SIX) == paired_ratio(SIX, SIX)


@pytest.mark.usefixtures("three_percent")
def test_too_few_processes_have_no_interval_to_widen() -> None:
    assert run_ratio([2.0] * 5, [1.0] * 5) == paired_ratio([2.0] * 5, [1.0] * 5)


@pytest.mark.usefixtures("three_percent")
def test_the_interval_holds_the_ratio_over_many_runs_where_the_plain_one_does_not() -> None:
    rng = np.random.default_rng(20_261_129)
    runs, plain, wide = 1500, 0, 0
    for _ in range(runs):
        logs = log(2.0) + 0.03 * rng.normal() + 0.02 * rng.normal(size=8)
        candidate = [1e-3] * 8
        reference = [1e-3 * exp(one) for one in logs]
        for found, is_wide in ((paired_ratio(reference, candidate), False), (run_ratio(reference, candidate), True)):
            assert found.low is not None
            assert found.high is not None
            held = found.low <= 2.0 <= found.high
            wide, plain = wide + (held and is_wide), plain + (held and not is_wide)
    assert plain / runs < 0.7
    assert 0.94 <= wide / runs <= 0.985
