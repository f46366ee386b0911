"""Series with known steps, and the count of what rules find and invent on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.stats import asv_steps
from reports.stats.changepoints import TIMES
from reports.stats.labelled import EDGE, KINDS, SIZES, Jump, Labelled, collection, make
from reports.stats.scoreboard import RULES, Score, matched, naive_rule, ours, scoreboard
from reports.stats.tuning import REPORTED, SEEDS, candidates, trials
from reports.write import scoreboards, splice

ROOT = Path(__file__).resolve().parents[2]
WITH_STEPS = {"step", "two close steps", "repaired", "gaps", "step among states"}


def test_there_are_enough_series_and_none_is_tuned_on() -> None:
    assert len(REPORTED) * len(KINDS) >= 1000
    assert not set(REPORTED) & set(SEEDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_series_follows_from_its_seed_and_tells_the_truth(kind: str) -> None:
    made = [make(kind, seed) for seed in range(60)]
    assert repr(made) == repr([make(kind, seed) for seed in range(60)])
    assert len({one.values for one in made}) == 60
    assert {bool(one.jumps) for one in made} == ({True, False} if kind == "gaps" else {kind in WITH_STEPS})
    for one in made:
        assert all(EDGE <= jump.at <= len(one.values) - EDGE for jump in one.jumps)
        assert all(any(math.isclose(math.expm1(abs(j.size)), size) for size in SIZES) for j in one.jumps)
        assert any(map(math.isnan, one.values)) == (kind == "gaps")


def test_steps_are_in_the_numbers() -> None:
    """The means before and after differ by what the label says, as far as the noise lets one see."""
    errors = []
    for seed in range(200):
        one = make("step", seed)
        (jump,) = one.jumps
        errors.append(np.mean(one.values[jump.at :]) - np.mean(one.values[: jump.at]) - jump.size)
    assert abs(np.mean(errors)) < 0.005
    assert np.std(errors) < 0.02


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="kind: was 'leap'"):
        make("leap", 1)


def labelled(length: int, *jumps: int, missing: Sequence[int] = ()) -> Labelled:
    values = [math.nan if k in missing else float(k) for k in range(length)]
    return Labelled("step", 0, tuple(values), tuple(Jump(at, 0.1) for at in jumps))


def test_who_says_the_truth_gets_all_of_it_and_who_is_silent_nothing() -> None:
    series = labelled(30, 10, 20)
    right = matched(series, lambda values: [10, 20])
    assert (list(right.found.values()), right.false) == ([0, 0], 0)
    silent = matched(series, lambda values: [])
    assert (silent.found, silent.false) == ({}, 0)


def test_a_flag_stands_for_one_step_and_every_other_one_is_false() -> None:
    assert matched(labelled(30, 10, 12), lambda values: [11]).found == {Jump(10, 0.1): 1}
    assert matched(labelled(30, 10), lambda values: [8, 13, 20]).false == 2
    assert matched(labelled(30, 10), lambda values: [13]).found == {}


def test_a_flag_stands_for_the_commits_before_it_that_were_not_measured() -> None:
    series = labelled(30, 10, missing=range(9, 15))
    assert matched(series, lambda values: [9]).found == {Jump(10, 0.1): 0}
    assert matched(series, lambda values: [10]).found == {}


def test_the_other_rules_see_a_plain_step() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 40)
    noise[25:] += 0.3
    assert asv_steps.cuts(noise.tolist()) == [25]
    assert naive_rule(noise.tolist()) == [25]
    assert asv_steps.cuts((noise * 0.1).tolist()) == []
    assert naive_rule([0.0, 0.0, 0.0, 0.2, 0.2, 0.0, -0.2]) == [3, 6]


@pytest.fixture(scope="module")
def scores() -> dict[tuple[str, str], Score]:
    board = scoreboard(range(1, 81, 2))
    return {(score.rule, score.kind): score for score in board.scores}


def test_the_rule_in_force_finds_much_and_invents_little(scores: dict[tuple[str, str], Score]) -> None:
    mine = {kind: scores["the lab's", kind] for kind in KINDS}
    assert {score.series for score in mine.values()} == {40}
    assert mine["step"].found >= 24
    assert mine["two close steps"].found >= 45
    assert sum(mine[kind].false for kind in ("none", "step", "spike", "gaps")) <= 1
    assert sum(error == 0 for error in mine["step"].errors) >= 0.9 * mine["step"].found
    naive = sum(scores["10 % over the median", kind].false for kind in KINDS)
    assert sum(score.false for score in mine.values()) < naive / 20


def test_a_score_counts_what_is_there(scores: dict[tuple[str, str], Score]) -> None:
    for score in scores.values():
        assert 0 <= score.found <= score.steps
        assert len(score.errors) == score.found
        assert score.spoilt <= min(score.false, score.series)
        assert score.spoilt / score.series < score.bound <= 1
        steps = {"step": 40, "step among states": 40, "two close steps": 80, "repaired": 80}
        assert score.steps == steps.get(score.kind, score.steps)
        assert bool(score.steps) == (score.kind in WITH_STEPS)


def test_no_false_flag_among_many_series_bounds_their_rate_by_three_in_so_many() -> None:
    assert Score("a rule", "none", 1000, 0, 0, 0, 0, ()).bound == pytest.approx(0.003, rel=0.01)
    assert Score("a rule", "none", 20, 0, 0, 45, 20, ()).bound == 1


def test_the_paper_has_a_scoreboard_of_every_kind_and_rule() -> None:
    begin, end = splice.markers(scoreboards.BLOCK)
    text = (ROOT / "METHODOLOGY.md").read_text(encoding="utf-8")
    block = text.partition(begin)[2].partition(end)[0]
    assert all(f"| {kind} " in block for kind in KINDS)
    assert all(rule in block for rule in RULES)
    assert f"Counted on {len(REPORTED) * len(KINDS)} series" in block


@pytest.mark.slow
def test_the_paper_quotes_what_is_counted_today() -> None:
    text = (ROOT / "METHODOLOGY.md").read_text(encoding="utf-8")
    assert splice.splice(text, scoreboards.block(scoreboard(REPORTED)), scoreboards.BLOCK) == text


@pytest.mark.slow
def test_the_rule_in_force_is_the_best_of_those_that_were_tried() -> None:
    best = trials(SEEDS, list(candidates()))[0]
    assert best.allowed
    assert best.rule == TIMES


def test_a_rule_that_invents_too_much_is_not_allowed_however_much_it_finds() -> None:
    careless = replace(TIMES, alpha=1.0, penalty=1.0, least=0.0, states=0.0, slope=0.0)
    first, second = trials(SEEDS, [careless, TIMES])
    assert (first.rule, second.rule) == (TIMES, careless)
    assert second.found > first.found
    assert not second.allowed


def test_the_collection_holds_every_kind_for_each_seed() -> None:
    found = [(one.kind, one.seed) for one in collection([4, 5])]
    assert sorted(found) == sorted((kind, seed) for kind in KINDS for seed in (4, 5))
    assert matched(make("step", 4), ours(TIMES)) == matched(make("step", 4), ours(TIMES))
