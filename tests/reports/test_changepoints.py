"""Steps are found where they are, and not where noise, single points, slopes or a machine's states look like some."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reports.stats.changepoints import COUNTS, TIMES, spikes, steps

Array = NDArray[np.float64]


def noise(length: int, seed: int = 0, sd: float = 0.02) -> Array:
    return np.random.default_rng(seed).normal(0, sd, length)


def places(values: Sequence[float] | Array) -> list[int]:
    return [step.at for step in steps(list(values), TIMES)]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_step_is_found_with_its_place_its_size_and_its_doubt(sign: int) -> None:
    series = noise(30)
    series[18:] += sign * math.log(1.3)
    (found,) = steps(series.tolist(), TIMES)
    assert (found.at, found.before, found.after) == (18, 18, 12)
    assert found.change == pytest.approx(sign * math.log(1.3), abs=0.02)
    assert found.p is not None
    assert 0 < found.p < 1e-9


def test_two_points_of_a_large_step_are_enough_at_the_end_and_one_is_not() -> None:
    series = noise(12)
    series[10:] += 0.5
    assert places(series) == [10]
    assert places(series[:11]) == []


def test_noise_has_no_steps() -> None:
    assert [seed for seed in range(200) if places(noise(40, seed, 0.03))] == []


def test_single_points_are_named_and_make_no_step() -> None:
    series = noise(20)
    series[7] += math.log(1.8)
    assert places(series) == []
    (found,) = spikes(series.tolist(), TIMES)
    assert (found.at, found.p) == (7, None)
    assert found.change == pytest.approx(math.log(1.8), abs=0.06)


def test_two_points_of_which_one_stands_apart_are_no_level() -> None:
    series = noise(40, seed=3)
    series[-1] += 0.6
    assert places(series) == []


def test_a_slope_has_no_steps_and_a_staircase_has() -> None:
    slope = noise(60, sd=0.01) + np.linspace(0, 0.2, 60)
    assert places(slope) == []
    assert places(noise(60, sd=0.01) + np.repeat([0, 0.2, 0.4], 20)) == [20, 40]


def to_and_fro(size: float) -> Array:
    return noise(40, seed=1, sd=0.01) + size * np.repeat([0, 1, 0, 1, 0], 8)


def test_the_two_states_of_a_machine_are_no_steps() -> None:
    assert places(to_and_fro(math.log(1.09))) == []
    careless = replace(TIMES, states=0.0)
    assert [step.at for step in steps(to_and_fro(math.log(1.09)).tolist(), careless)] == [8, 16, 24, 32]


def test_a_small_fault_that_is_repaired_after_a_while_is_two_steps() -> None:
    away = noise(60, seed=1, sd=0.01) + math.log(1.10) * np.repeat([0, 1, 0], 20)
    assert places(away) == [20, 40]
    assert places(noise(60, seed=1, sd=0.01) + math.log(1.10) * np.repeat([0, 1, 0], [20, 6, 34])) == []


def test_a_large_step_that_comes_back_is_two_steps() -> None:
    assert places(to_and_fro(math.log(1.4))) == [8, 16, 24, 32]


def test_noise_that_grows_is_no_step() -> None:
    series = noise(60, seed=5, sd=0.01)
    series[40:] *= 4
    assert places(series) == []


def test_counts_step_by_little() -> None:
    counts = [16_777_216.0] * 5 + [17_301_504.0] * 3
    (found,) = steps([math.log(count) for count in counts], COUNTS)
    assert found.at == 5
    assert steps([math.log(count) for count in counts], TIMES) == ()


@given(st.lists(st.floats(-1, 1), min_size=0, max_size=30), st.floats(-5, 5))
def test_a_mirrored_or_moved_series_steps_at_the_same_places(values: list[float], by: float) -> None:
    found = steps(values, TIMES)
    mirrored = steps([-value for value in values], TIMES)
    assert [step.at for step in mirrored] == [step.at for step in found]
    assert [step.change for step in mirrored] == pytest.approx([-step.change for step in found])
    assert all(step.p is not None and step.p <= TIMES.alpha for step in found)
    assert sum(step.before for step in found[:1]) + sum(step.after for step in found) == (len(values) if found else 0)
    moved = steps([round(value, 3) + round(by, 3) for value in values], TIMES)
    assert [step.at for step in moved] == [step.at for step in steps([round(value, 3) for value in values], TIMES)]


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="values: holds a number that is not finite"):
        steps([0.0, math.nan, 1.0, 1.0], TIMES)


def test_a_series_of_three_says_nothing() -> None:
    assert steps([0.0, 0.0, 5.0], TIMES) == ()
    assert spikes([0.0, 5.0, 0.0], TIMES) == ()
