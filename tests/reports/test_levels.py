"""Variance by level, from trials whose parts are known."""

from __future__ import annotations

import itertools
from math import exp

import numpy as np
import pytest

from benchmarks.gate.levels import Trial
from reports.stats import levels

STATES = ("as it is", "dropped", "filled")


def trials(
    *, visits: int = 240, state: float = 0.0, visit: float = 0.0, process: float = 0.0, **effects: float
) -> list[Trial]:
    """Return trials of which Rust's time varies by so much at each level, and NumPy's not at all."""
    rng = np.random.default_rng(3)
    of_state = dict(zip(STATES, state * np.array([-1.0, 0.0, 1.0]), strict=True))
    found = []
    for number in range(visits):
        name = STATES[number % len(STATES)]
        shared = of_state[name] + rng.normal(0, visit)
        for ballast, huge in itertools.product((False, True), repeat=2):
            own = shared + rng.normal(0, process)
            own += effects.get("ballast", 0.0) * ballast + effects.get("huge_pages", 0.0) * huge
            blocks = {"numpy": (2e-3,) * 8, "rust": (1e-3 * exp(own),) * 8}
            found.append(Trial(number, name, ballast, huge, 0.0, "evi", "f32_256", blocks))
    return found


def of_rust(found: list[Trial]) -> levels.Levels:
    (one,) = (one for one in levels.levels(found) if one.quantity == "Rust's time")
    return one


@pytest.mark.parametrize("level", ["process", "visit", "state"])
def test_each_level_is_found_where_it_is(level: str) -> None:
    one = of_rust(trials(**{level: 0.03}))
    assert getattr(one, level) == pytest.approx(0.03, rel=0.15)
    others = {"process", "visit", "state"} - {level}
    assert all(getattr(one, other) < 0.006 for other in others)


def test_all_levels_at_once() -> None:
    one = of_rust(trials(state=0.05, visit=0.02, process=0.01))
    assert (one.state, one.visit, one.process) == pytest.approx((0.05, 0.02, 0.01), rel=0.2)
    assert one.by_state["filled"] > 1.03
    assert one.by_state["as it is"] < 0.97
    assert one.visits == 240


def test_what_placement_does_is_an_effect_and_no_scatter() -> None:
    one = of_rust(trials(process=0.005, ballast=0.02, huge_pages=-0.1, visits=40))
    assert one.ballast.estimate == pytest.approx(exp(0.02), abs=0.005)
    assert one.huge_pages.estimate == pytest.approx(exp(-0.1), abs=0.005)
    assert one.ballast.low is not None
    assert one.ballast.low > 1.01
    assert one.process < 0.007


def test_a_ratio_turns_the_other_way_and_has_no_blocks() -> None:
    by_name = {one.quantity: one for one in levels.levels(trials(state=0.05))}
    assert by_name["NumPy's time"].state == 0
    assert by_name["NumPy ÷ Rust"].by_state["filled"] < 1 < by_name["Rust's time"].by_state["filled"]
    assert by_name["NumPy ÷ Rust"].block is None
    assert by_name["Rust's time"].block == 0


def test_visits_that_are_not_whole_are_left_out_and_one_is_too_few() -> None:
    found = trials(visits=6, process=0.01)
    assert of_rust([*found, *trials(visits=7)[-4:-1]]).visits == 6
    with pytest.raises(ValueError, match="has 1 whole visits"):
        levels.levels(found[:6])
