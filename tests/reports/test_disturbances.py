"""What controls do to a gate: which pairs they make void, what they widen, and that they do nothing else."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log1p
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.gate.builds import Build
from benchmarks.gate.lines import Cell, Pair, Side, Stage
from benchmarks.gate.plan import Plan, make_plan
from reports.stats import disturbances, gating, next_pairs
from reports.stats.gate_pairs import Evidences
from reports.stats.verdicts import Word
from reports.write import gate_page

CELLS = [Cell("evi", "f32_2048_out", arm) for arm in ("numpy", "numba", "rust")]
CELL, *_ = CELLS
CALL_S = 2e-3
CALM: dict[str, Any] = {
    "steal_share": 0.0, "throttled_periods": 0, "processor": "here", "triad_1_gb_per_s": 10.0,
    "triad_2_gb_per_s": 15.0, "flop_per_s": 9e10, "stencil_pixels_per_s": 2e9,
}  # fmt: skip


def plan(**fields: Any) -> Plan:
    base, head = (Build(name * 40, "", name, Path(f"/{name}")) for name in "ab")
    given: dict[str, Any] = {"cells": dict.fromkeys(CELLS, "evi.rs"), "seed": 5, "processor": "here", **fields}
    return replace(make_plan(base, head, {}, {}), **given)


def controls(count: int = 8, stage: str = "screen", **first: Any) -> list[dict[str, Any]]:
    """Return calm controls, but for what is said of the first pair."""
    lines = [{"stage": stage, "number": number, **CALM} for number in range(count)]
    lines[0] |= first
    return lines


def pairs(cell: Cell, stage: Stage, count: int, change: float, sd: float = 0.002) -> list[Pair]:
    rng = np.random.default_rng([count, len(stage), CELLS.index(cell)])
    scatter = rng.normal(0, sd, count)
    sides = [(Side("ok", "", (CALL_S,) * 4), Side("ok", "", (CALL_S * exp(change + s),) * 4)) for s in scatter]
    return [Pair(*cell, number, stage, 0, 1, "base", *both, {}, 0.1) for number, both in enumerate(sides)]


def confirmed(change: float) -> list[Pair]:
    return [pair for cell in CELLS for pair in pairs(cell, "screen", 8, change) + pairs(cell, "confirm", 16, change)]


def words(known: Evidences) -> set[Word]:
    return {one.verdict.word for one in gating.judge_all(known)}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"steal_share": 0.06}, "6% of the processors' time was taken by others"),
        ({"throttled_periods": 1}, "the quota was used up in 1 periods"),
        ({"processor": "there"}, "measured on another processor, there"),
        ({"beside": {"kind": "cpu", "ended": False}}, "the load beside it was cpu, planned was none"),
        ({"flop_per_s": 5.9e10}, "multiply-adds ran at 66% of their rate in other pairs: the core was not free"),
        ({"stencil_pixels_per_s": 1e9}, "the stencil ran at 50% of their rate in other pairs"),
    ],
)
def test_a_pair_is_void_where_something_took_the_core_or_it_was_not_as_planned(said: dict[str, Any], why: str) -> None:
    found = disturbances.void(plan(), controls(**said))
    assert list(found) == [("screen", 0)]
    assert why in found["screen", 0]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"steal_share": 0.05},
        {"steal_share": "unavailable: no such file", "throttled_periods": "unavailable: nobody counts"},
        {"flop_per_s": 6.1e10, "stencil_pixels_per_s": 1.4e9},
        {"triad_1_gb_per_s": 3.0, "triad_2_gb_per_s": 2.0, "load_1min": 9.0},
        {"processor": "here"},
    ],
)
def test_what_both_sides_share_or_nobody_knows_makes_no_pair_void(said: dict[str, Any]) -> None:
    assert disturbances.void(plan(), controls(**said)) == {}


def test_old_lines_and_plans_say_less_and_are_void_for_nothing() -> None:
    old = [{"stage": "screen", "number": 0, "steal_share": 0.0, "throttled_periods": 0}]
    assert disturbances.void(plan(), old) == {}
    assert disturbances.void(plan(processor=""), controls(processor="anywhere")) == {}


def test_too_few_pairs_tell_nothing_of_a_core() -> None:
    assert disturbances.void(plan(), controls(disturbances.FEWEST - 1, flop_per_s=1e9)) == {}


def test_a_planned_load_must_be_there_to_the_end() -> None:
    with_load = plan(beside="bandwidth")
    there = {"beside": {"kind": "bandwidth", "ended": False}}
    lines = [line | there for line in controls()]
    assert disturbances.void(with_load, lines) == {}
    lines[0] |= {"beside": {"kind": "bandwidth", "ended": True}}
    assert disturbances.void(with_load, lines)["screen", 0] == "the load beside it had ended before"
    assert len(disturbances.void(with_load, controls())) == 8


@pytest.mark.parametrize("side", ["base", "head"])
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"waited_share": 0.051}, "waited for a core in 5% of its timed blocks"),
        ({"major_faults": 1}, "had pages read from the disk"),
    ],
)
def test_a_cells_pair_is_void_where_its_processes_had_to_wait(side: str, said: dict[str, Any], why: str) -> None:
    (pair,) = pairs(CELL, "screen", 1, 0.0)
    spoilt = replace(pair, **{side: replace(getattr(pair, side), **said)})
    assert disturbances.disturbed(spoilt).startswith(side)
    assert why in disturbances.disturbed(spoilt)
    calm = replace(pair.base, waited_share=0.05, minor_faults=10_000)
    assert disturbances.disturbed(replace(pair, base=calm)) == ""


def test_only_the_cell_that_waited_loses_the_pair() -> None:
    lines = confirmed(0.0)
    spoilt = [
        replace(pair, head=replace(pair.head, waited_share=0.5)) if pair.cell == CELL and pair.number < 3 else pair
        for pair in lines
    ]
    known = Evidences(plan(), spoilt, controls())
    assert [known.voided(cell) for cell in CELLS] == [6, 0, 0]
    found = {one.cell: one.verdict for one in gating.judge_all(known)}
    assert found[CELL].word == Word.CONTAMINATED
    assert "too few pairs are left: head waited for a core in 50%" in found[CELL].reason
    assert {found[cell].word for cell in CELLS[1:]} == {Word.EQUIVALENT}


@pytest.mark.parametrize("change", [0.1, -0.1])
def test_void_pairs_decide_nothing(change: float) -> None:
    lines = controls() + controls(16, "confirm")
    assert words(Evidences(plan(), confirmed(change), lines)) <= {Word.REGRESSED, Word.IMPROVED}
    stolen = [line | {"steal_share": 0.5} for line in lines]
    assert words(Evidences(plan(), confirmed(change), stolen)) == {Word.CONTAMINATED}


def test_restless_bandwidth_widens_what_matters() -> None:
    steady = controls() + controls(16, "confirm")
    wild = [line | {"triad_1_gb_per_s": (6.0, 13.0)[line["number"] % 2]} for line in steady]
    assert disturbances.restless(steady) == disturbances.Widening()
    assert disturbances.restless(wild).factor == disturbances.WIDER
    assert words(Evidences(plan(), confirmed(0.025), steady)) == {Word.REGRESSED}
    known = Evidences(plan(), confirmed(0.025), wild)
    assert not words(known) & {Word.REGRESSED, Word.IMPROVED}
    assert "what matters is widened 1.5-fold, as bandwidth varied 2.2-fold" in gate_page.disturbances(known)
    assert words(Evidences(plan(), confirmed(0.06), wild)) == {Word.REGRESSED}


def test_what_seems_to_differ_from_itself_widens_what_matters() -> None:
    same = pairs(CELL, "same", 8, 0.0, sd=0.0)
    shifted = pairs(CELL, "same", 8, 0.029, sd=0.002)
    lines = controls() + controls(16, "confirm")
    calm = Evidences(plan(), [*confirmed(0.025), *same], lines)
    assert calm.widening().factor == 1
    assert words(calm) == {Word.REGRESSED}
    known = Evidences(plan(), [*confirmed(0.025), *shifted], lines)
    assert known.disturbed() == "", "it is not shown to differ by 3 %"
    assert known.widening().factor == pytest.approx(0.029 / log1p(0.02), rel=0.1)
    assert "as half of the cells that are compared with themselves seem to differ" in gate_page.disturbances(known)
    assert not words(known) & {Word.REGRESSED, Word.IMPROVED}
    steady = [pair for cell in CELLS[1:] for pair in pairs(cell, "same", 8, 0.0)]
    most = Evidences(plan(), [*confirmed(0.025), *shifted, *steady], lines)
    assert most.widening().factor == 1, "one cell of three is no rule"


def test_nothing_is_said_of_a_calm_gate() -> None:
    assert gate_page.disturbances(Evidences(plan(), confirmed(0.0), controls())) == ""


def test_a_cell_whose_pairs_are_all_void_gets_more_of_them() -> None:
    lines = [pair for cell in CELLS for pair in pairs(cell, "screen", 8, 0.0)]
    assert next_pairs.undecided(Evidences(plan(), lines, controls())) == []
    spoilt = [replace(pair, head=replace(pair.head, waited_share=0.5)) if pair.cell == CELL else pair for pair in lines]
    assert next_pairs.undecided(Evidences(plan(), spoilt, controls())) == [CELL]
    assert next_pairs.undecided(Evidences(plan(), [], [])) == []
