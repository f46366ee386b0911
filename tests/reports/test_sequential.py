"""Several looks spend no more error than one, counted over all signs and tried with noise."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from reports.stats.equivalence import bounds
from reports.stats.power import p_slower
from reports.stats.sequential import Rule, Spending, Step, levels, look, obrien_fleming, pocock
from reports.stats.signed_rank import cumulative

LOOKS = [(8, 12, 16), (4, 6, 9), (12, 16, 20, 24), (10,)]
NOISE = np.array([3.1, -1.7, 0.4, 2.2, -0.9, 1.3, 0.2, -2.6, 0.7])
TIED = np.array([1.0, 1.0, 2.0, 0.0, 2.0, 1.0, 3.0, 3.0, 1.0])


def stops(changes: np.ndarray, rule: Rule) -> Step:
    """Return where a cell ends that is looked at as the rule says."""
    for n in rule.looks:
        found = look(changes[:n].tolist(), rule).step
        if found is not Step.GO_ON:
            return found
    raise AssertionError("the last look must not go on")


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("alpha", [0.001, 0.05])
@pytest.mark.parametrize("spending", [obrien_fleming, pocock])
def test_levels_add_up_to_alpha_and_can_be_attained(looks: tuple[int, ...], alpha: float, spending: Spending) -> None:
    found = levels(looks, alpha, spending)
    assert len(found) == len(looks)
    assert sum(found) == pytest.approx(alpha, rel=1e-12)
    for i, level in enumerate(found[:-1]):
        assert level == 0 or level in cumulative(looks[i])
        assert sum(found[: i + 1]) <= spending(looks[i] / looks[-1], alpha) + 1e-15


def test_spending_ends_with_all_of_alpha() -> None:
    for spending in (obrien_fleming, pocock):
        spent = [spending(t, 0.05) for t in (0.25, 0.5, 0.75, 1.0)]
        assert spent == sorted(spent)
        assert spent[-1] == pytest.approx(0.05)
    assert obrien_fleming(0.5, 0.05) == pytest.approx(0.00557, abs=1e-5)  # 2·(1 − Φ(1.96 ÷ √0.5))


def test_at_one_in_a_thousand_only_the_last_of_the_usual_looks_can_stop_for_a_difference() -> None:
    assert levels((8, 12, 16), 0.001) == (0.0, 0.0, 0.001)
    assert all(levels((8, 12, 16), 0.05))


@pytest.mark.parametrize("sizes", [NOISE, TIED], ids=["distinct", "ties"])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
@pytest.mark.parametrize("spending", [obrien_fleming, pocock])
def test_counted_over_all_signs_the_error_is_at_most_alpha(sizes: np.ndarray, alpha: float, spending: Spending) -> None:
    rule = Rule(looks=(5, 7, 9), alpha=alpha, relevance=0.0, spending=spending)
    ends = [stops(np.abs(sizes) * signs, rule) for signs in product((-1, 1), repeat=9)]
    assert 0 < ends.count(Step.SLOWER) <= alpha * len(ends)
    assert ends.count(Step.SLOWER) == ends.count(Step.FASTER)
    if sizes is NOISE:
        assert ends.count(Step.SLOWER) >= 0.5 * alpha * len(ends), "alpha is wasted"


@pytest.mark.parametrize("side", [0, 1])
def test_counted_over_all_signs_a_change_of_the_margin_is_seldom_called_equivalent(side: int) -> None:
    rule = Rule(looks=(5, 7, 9), alpha=0.05, alpha_equivalent=0.1, relevance=10.0)
    centre = bounds(rule.margin)[side]
    ends = [stops(centre + 0.005 * np.abs(NOISE) * signs, rule) for signs in product((-1, 1), repeat=9)]
    assert 0 < ends.count(Step.EQUIVALENT) <= 0.1 * len(ends)


@pytest.mark.parametrize("law", ["normal", "t3"])
def test_tried_with_noise_the_overall_error_is_at_most_alpha(law: str) -> None:
    rng, trials, alpha, looks = np.random.default_rng(20261128), 40_000, 0.01, (10, 14, 18)
    cells = rng.standard_normal((trials, 18)) if law == "normal" else rng.standard_t(3, (trials, 18))
    stopped = [p_slower(cells[:, :n]) <= level for n, level in zip(looks, levels(looks, alpha), strict=True)]
    rate = float(np.mean(np.any(stopped, axis=0)))
    assert levels(looks, alpha)[1] > 0
    assert 0.6 * alpha < rate < alpha + 3 * math.sqrt(alpha / trials)
    peeking = float(np.mean(np.any([p_slower(cells[:, :n]) <= alpha for n in looks], axis=0)))
    assert peeking > 1.3 * alpha, "to look thrice at the whole alpha errs more often: the check can fail"


def test_the_overall_p_is_valid_at_every_level() -> None:
    rule = Rule(looks=(5, 7, 9), alpha=0.1, relevance=10.0)
    ends = [look((np.abs(NOISE) * signs).tolist(), rule).change.slower for signs in product((-1, 1), repeat=9)]
    assert all(np.mean([p <= level for p in ends]) <= level for level in sorted(set(ends)))


def test_a_clear_change_stops_early_and_swapping_mirrors_it() -> None:
    rule = Rule(looks=(8, 12, 16), alpha=0.01)
    slower = [0.10 + 0.001 * i for i in range(16)]
    assert [look(slower[:n], rule).step for n in (8, 12)] == [Step.GO_ON, Step.SLOWER]
    assert look([-change for change in slower[:12]], rule).step is Step.FASTER
    assert look(slower[:12], rule).pairs_wanted == 12
    assert look(slower[:12], rule).change.slower <= 0.01 < look(slower[:12], rule).change.faster


def test_a_calm_cell_is_equivalent_at_the_first_look() -> None:
    found = look([0.001 * (i - 4) for i in range(8)], Rule())
    assert (found.step, found.pairs_wanted) == (Step.EQUIVALENT, 8)
    assert found.equivalence <= 0.05


def test_a_noisy_cell_goes_on_until_no_look_is_left() -> None:
    noisy = [0.2 * (-1) ** i * (1 + 0.01 * i) for i in range(16)]
    steps = [(look(noisy[:n], Rule()).step, look(noisy[:n], Rule()).pairs_wanted) for n in (0, 5, 8, 10, 12, 16)]
    assert steps == [
        (Step.GO_ON, 8),
        (Step.GO_ON, 8),
        (Step.GO_ON, 12),
        (Step.GO_ON, 12),
        (Step.GO_ON, 16),
        (Step.UNDECIDED, 16),
    ]


def test_a_change_too_small_to_matter_is_no_reason_to_stop() -> None:
    slower = [0.10 + 0.001 * i for i in range(16)]
    assert look(slower, Rule(relevance=0.05)).step is Step.SLOWER
    assert look(slower, Rule(relevance=0.20)).step is Step.UNDECIDED


@pytest.mark.parametrize("looks", [(), (0, 8), (8, 8), (12, 8)])
def test_what_is_no_plan_of_looks_is_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="looks: "):
        Rule(looks=looks)


def test_a_rule_that_could_never_flag_is_refused() -> None:
    with pytest.raises(ValueError, match=r"alpha 0\.001 can be attained from 10 pairs on"):
        Rule(looks=(6, 9))
    with pytest.raises(ValueError, match="alpha_equivalent"):
        Rule(looks=(10,), alpha_equivalent=0.0001)


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="17 pairs were given"):
        look([0.0] * 17, Rule())
    with pytest.raises(ValueError, match="alpha: 2"):
        Rule(alpha=2)
    with pytest.raises(ValueError, match="relevance: -1"):
        Rule(relevance=-1)
    with pytest.raises(ValueError, match="margin: 0"):
        Rule(margin=0)
