"""What the formula promises is what the exact test finds."""

from __future__ import annotations

import math
from math import log1p

import numpy as np
import pytest

from reports.stats.power import Law, least_change, p_slower, pairs_needed, simulated_least_change, simulated_power
from reports.stats.signed_rank import p_values


def test_the_constant_is_4_73() -> None:
    assert least_change(16, 1.0) * 4 == pytest.approx(4.735, abs=1e-3)


def test_below_the_floor_nothing_can_be_found() -> None:
    assert least_change(9, 0.01) == simulated_least_change(9, 0.01) == math.inf
    assert least_change(10, 0.01) == pytest.approx(4.735 * 0.01 / math.sqrt(10), rel=1e-3)
    assert simulated_power(10.0, 0.01, 9, trials=200).share == 0.0
    assert simulated_power(10.0, 0.01, 10, trials=200).share == 1.0


@pytest.mark.parametrize("sd", [0.01, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("change", [0.02, 0.05, 0.10])
def test_the_pairs_needed_are_the_fewest_that_reach_the_change(change: float, sd: float) -> None:
    n = pairs_needed(log1p(change), sd)
    assert least_change(n, sd) <= log1p(change)
    assert n == 10 or least_change(n - 1, sd) > log1p(change)
    assert pairs_needed(-log1p(change), sd) == n


def test_with_many_pairs_the_exact_test_finds_nearly_what_the_formula_says() -> None:
    found = simulated_power(least_change(60, 0.02), 0.02, 60, trials=4000)
    assert 0.90 < found.share < 0.96
    assert found.low < found.share < found.high


@pytest.mark.parametrize(("n", "most"), [(10, 0.75), (16, 0.80)])
def test_near_the_floor_the_formula_promises_too_much(n: int, most: float) -> None:
    """Ten pairs attain 0.001 only where all ten are slower."""
    assert simulated_power(least_change(n, 0.02), 0.02, n, trials=4000).high < most


@pytest.mark.parametrize("law", ["normal", "t3"])
def test_the_simulated_least_change_is_found_as_often_as_wanted_in_other_trials(law: Law) -> None:
    change = simulated_least_change(14, 0.02, law=law, trials=4000)
    again = simulated_power(change, 0.02, 14, law=law, trials=4000, seed=1)
    assert 0.935 < again.share < 0.965
    assert change > least_change(14, 0.02)


def test_heavy_tails_of_the_same_deviation_are_easier() -> None:
    change = least_change(20, 0.02, power=0.5)
    normal, heavy = (simulated_power(change, 0.02, 20, law=law, trials=4000) for law in ("normal", "t3"))
    assert heavy.low > normal.high


@pytest.mark.parametrize("law", ["normal", "t3"])
@pytest.mark.parametrize("n", [8, 12])
def test_without_a_change_it_flags_no_more_than_alpha(law: Law, n: int) -> None:
    found = simulated_power(0.0, 0.02, n, alpha=0.05, law=law, trials=20_000, seed=3)
    assert 0.035 < found.share < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 20_000)


def test_a_seed_gives_the_same_trials() -> None:
    one, same, other = (simulated_power(0.02, 0.02, 12, trials=500, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_many_trials_at_once_are_the_trials_one_by_one() -> None:
    trials = np.random.default_rng(5).standard_normal((50, 13))
    assert p_slower(trials).tolist() == [p_values(trial.tolist()).slower for trial in trials]


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="sd: -1"):
        least_change(12, -1)
    with pytest.raises(ValueError, match="log_change: 0"):
        pairs_needed(0, 0.02)
    with pytest.raises(ValueError, match="power: 1"):
        pairs_needed(0.1, 0.02, power=1)
    with pytest.raises(ValueError, match="alpha: 0"):
        simulated_power(0.1, 0.02, 12, alpha=0)
    with pytest.raises(ValueError, match="law: 'cauchy'"):
        simulated_power(0.1, 0.02, 12, law="cauchy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="trials: 0"):
        simulated_power(0.1, 0.02, 12, trials=0)
    with pytest.raises(ValueError, match="log_change: nan"):
        simulated_power(math.nan, 0.02, 12)
