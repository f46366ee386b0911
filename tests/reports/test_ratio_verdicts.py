"""Verdicts on ratios: every word, their direction, what is planned, other processors, and how often they are wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import exp, log
from typing import Any

import numpy as np
import pytest
from synthetic_ratios import CASES, IMPLEMENTATIONS, kept, measured, run

from reports.read.baseline import Baseline, RatioName, RatioRun
from reports.stats.between_runs import RUN_SD
from reports.stats.error_rates import Share
from reports.stats.exits import Exit, exit_code
from reports.stats.ratio_verdicts import (
    FEWEST_CELLS,
    MARGIN,
    OTHER_MARGIN,
    RatioCase,
    RatioVerdict,
    RatioVerdicts,
    judge,
)
from reports.stats.verdicts import Word

KERNELS = ("evi", "savi", "temporal_mean", "temporal_median", "zonal_stats", "whittaker_smooth")
CALM = 0.01
"""Standard deviation over runs of a calm machine."""
EVI_RUST = RatioCase("evi", CASES[0], "call", "rust")
FALSE_FLAGS = 1e-3
"""METHODOLOGY promises no more, of comparisons in which nothing changed."""


def words(found: RatioVerdicts) -> dict[RatioCase, Word]:
    return {one.cell: one.verdict.word for one in found.found}


def at(found: RatioVerdicts, cell: RatioCase) -> RatioVerdict:
    return next(one for one in found.found if one.cell == cell)


def ending(found: RatioVerdicts) -> Exit:
    return exit_code({one.cell: one.verdict for one in found.found}, list(words(found)))


def told(found: RatioVerdicts, *wanted: Word) -> set[tuple[str, str]]:
    return {(cell.kernel, cell.arm) for cell, word in words(found).items() if word in wanted}


def changed(ratios: RatioRun, alter: Callable[[Any], Any]) -> RatioRun:
    """Return a run whose cells are altered; None drops one."""
    return replace(ratios, cells=tuple(new for cell in ratios.cells if (new := alter(cell)) is not None))


def first(cell: Any) -> bool:
    return bool(cell.name == RatioName("evi", CASES[0], "call", "rust"))


def test_a_slower_rust_lowers_the_ratio_and_has_regressed() -> None:
    found = judge(measured(run("new", 1, {("evi", "rust"): 1.4})), kept(3, run_sd=CALM))
    assert told(found, Word.REGRESSED) == {("evi", "rust")}
    assert told(found, Word.IMPROVED, Word.INCONCLUSIVE) == set()
    one = at(found, EVI_RUST)
    assert one.base is not None
    assert one.head is not None
    assert one.head < one.base
    assert one.verdict.change is not None
    assert one.verdict.change.estimate == pytest.approx(1.4, rel=0.05)
    assert one.base / one.head == pytest.approx(one.verdict.change.estimate)
    assert ending(found).code == 1


def test_a_faster_rust_raises_the_ratio_and_has_improved() -> None:
    found = judge(measured(run("new", 1, {("evi", "rust"): 1 / 1.4})), kept(3, run_sd=CALM))
    assert told(found, Word.IMPROVED) == {("evi", "rust")}
    assert ending(found).code == 0


def test_a_slower_expert_numpy_is_no_gain_of_the_others() -> None:
    """All ratios to it rise. The naive form, which did not change, tells that it was NumPy."""
    all_gained = {("evi", name): 1 / 1.5 for name in IMPLEMENTATIONS}
    found = judge(measured(run("new", 1, all_gained)), kept(3, run_sd=CALM))
    assert told(found, Word.REGRESSED) == {("evi", "numpy")}
    assert told(found, Word.IMPROVED) == {("evi", "numba"), ("evi", "rust")}
    assert at(found, RatioCase("evi", CASES[0], "call", "numpy")).verdict.reason.count("against naive NumPy") == 1
    assert ending(found).code == 1


def test_no_change_is_equivalent_and_green() -> None:
    found = judge(measured(run("new", 1)), kept(3, run_sd=CALM))
    assert set(words(found).values()) == {Word.EQUIVALENT}
    assert f"within ±{100 * MARGIN:g} %" in found.found[0].verdict.reason
    assert ending(found).code == 0


def test_what_one_kept_run_cannot_tell_is_inconclusive_and_not_green() -> None:
    found = judge(measured(run("new", 1, {("evi", "rust"): 1.15})), kept(1))
    assert told(found, Word.INCONCLUSIVE) == {("evi", "rust")}
    assert "nor its absence is shown" in at(found, EVI_RUST).verdict.reason
    assert found.spread.runs == 0


def test_a_cell_of_other_inputs_is_not_gated() -> None:
    now = changed(run("new", 1), lambda cell: replace(cell, version="version 2") if first(cell) else cell)
    one = at(judge(measured(now), kept(3, run_sd=CALM)), EVI_RUST)
    assert (one.verdict.word, one.verdict.change) == (Word.NOT_GATED, None)
    assert one.verdict.reason == "its inputs are others than the baseline's"


@pytest.mark.parametrize(("what", "said"), [({"shape": (8, 8)}, "of another shape"), ({"threads": 4}, "on 4 threads")])
def test_another_shape_or_number_of_threads_is_not_gated_either(what: dict[str, Any], said: str) -> None:
    now = changed(run("new", 1), lambda cell: replace(cell, **what) if first(cell) else cell)
    one = at(judge(measured(now), kept(3, run_sd=CALM)), EVI_RUST)
    assert one.verdict.word is Word.NOT_GATED
    assert said in one.verdict.reason


def test_kept_runs_of_other_inputs_neither_count_nor_widen() -> None:
    """Two of four kept runs had other inputs, with another ratio."""
    old = [
        changed(one, lambda cell: replace(cell, version="old")) for one in kept(2, 7, slower={("evi", "rust"): 3}).runs
    ]
    base = kept(3, run_sd=CALM)
    found = judge(measured(run("new", 1)), replace(base, runs=(*old, *base.runs)))
    assert at(found, EVI_RUST).runs == 3
    assert found.spread.sd < 2 * CALM
    assert ending(found).code == 0


def test_a_new_cell_is_not_gated_and_alone_is_not_green() -> None:
    base = kept(3, kernels=("savi",))
    found = judge(measured(run("new", 1, kernels=("savi", "evi"))), base)
    assert told(found, Word.NOT_GATED) == {("evi", arm) for arm in ("numpy", "numba", "rust")}
    assert at(found, EVI_RUST).verdict.reason == "the baseline does not have it"
    alone = judge(measured(run("new", 1, kernels=("evi",))), base, ["evi"])
    assert ending(alone).code == 2


def test_cells_that_the_run_lacks_count_and_too_many_are_not_green() -> None:
    base, now = kept(3, run_sd=CALM), run("new", 1)
    why = {RatioName("evi", CASES[0], "call", "rust"): "the data is not here"}
    one_less = judge(measured(changed(now, lambda cell: None if first(cell) else cell), lacking=why), base)
    assert at(one_less, EVI_RUST).verdict.word is Word.INCONCLUSIVE
    assert at(one_less, EVI_RUST).verdict.reason == "the run has no ratio of it: the data is not here"
    assert ending(one_less).code == 0, "11 of 12"
    kernel_less = judge(measured(run("new", 1, kernels=("savi",))), base)
    assert told(kernel_less, Word.INCONCLUSIVE) == {("evi", arm) for arm in ("numpy", "numba", "rust")}
    assert ending(kernel_less).code == 2


def test_a_disturbed_run_decides_nothing() -> None:
    found = judge(measured(run("new", 1, {("evi", "rust"): 3.0}), "the machine was noisy"), kept(3, run_sd=CALM))
    assert set(words(found).values()) == {Word.CONTAMINATED}
    assert ending(found).code == 2


def test_a_cell_of_which_stolen_time_leaves_few_processes_is_contaminated() -> None:
    slow = run("new", 1, {("evi", "rust"): 3.0})
    now = changed(slow, lambda cell: replace(cell, logs=cell.logs[:5], void=1) if first(cell) else cell)
    found = judge(measured(now), kept(3, run_sd=CALM))
    assert at(found, EVI_RUST).verdict.word is Word.CONTAMINATED
    assert "taken away from 1 processes, and 5 are left" in at(found, EVI_RUST).verdict.reason


def test_few_processes_show_nothing() -> None:
    found = judge(measured(run("new", 1, {("evi", "rust"): 3.0}, processes=5)), kept(3))
    assert set(words(found).values()) == {Word.INCONCLUSIVE}
    assert "fewer than 6 show nothing" in found.found[0].verdict.reason


def test_kernels_and_cases_choose_what_is_planned() -> None:
    found = judge(measured(run("new", 1)), kept(3), ["evi"], [CASES[1]])
    assert {(cell.kernel, cell.case) for cell in words(found)} == {("evi", CASES[1])}
    with pytest.raises(ValueError, match="neither the run nor the baseline has a cell of evi, f32_9"):
        judge(measured(run("new", 1)), kept(3), ["evi"], ["f32_9"])


def test_short_calls_must_change_more() -> None:
    now = changed(run("new", 1), lambda cell: replace(cell, median_s=2e-5))
    assert {one.margin for one in judge(measured(now), kept(3)).found} == {0.20}


def elsewhere(seed: int, apart: float) -> dict[tuple[str, str], float]:
    """Return how ratios differ on another processor: each kernel and implementation by a draw of its own."""
    rng = np.random.default_rng(seed)
    return {(kernel, name): exp(rng.normal(0, apart)) for kernel in KERNELS for name in IMPLEMENTATIONS}


def test_on_another_processor_ratios_that_differ_for_honest_reasons_are_not_flagged() -> None:
    flagged = green = 0
    for seed in range(60):
        base = kept(3, 50 + seed, same=False, run_sd=CALM, kernels=KERNELS)
        found = judge(measured(run("new", seed, elsewhere(seed, 0.2), kernels=KERNELS, run_sd=CALM)), base)
        flagged += bool(told(found, Word.REGRESSED, Word.IMPROVED))
        green += ending(found).code == 0
    assert flagged <= 1
    assert green <= 20, "so much is seldom within what matters"


def test_on_another_processor_what_stands_out_is_flagged_and_alike_ones_are_green() -> None:
    base = kept(3, same=False, run_sd=CALM, kernels=KERNELS)
    honest = elsewhere(1, 0.03)
    assert ending(judge(measured(run("new", 1, honest, kernels=KERNELS, run_sd=CALM)), base)).code == 0
    found = judge(measured(run("new", 1, honest | {("evi", "rust"): 2.0}, kernels=KERNELS, run_sd=CALM)), base)
    assert told(found, Word.REGRESSED) == {("evi", "rust")}
    assert at(found, EVI_RUST).margin == OTHER_MARGIN
    assert found.crowd is not None
    assert 0.01 < found.crowd < 0.1


def test_on_another_processor_a_change_within_the_crowd_is_inconclusive() -> None:
    base = kept(3, same=False, run_sd=CALM, kernels=KERNELS)
    honest = elsewhere(3, 0.3) | {("evi", "rust"): 1.6}
    found = judge(measured(run("new", 1, honest, kernels=KERNELS, run_sd=CALM)), base)
    assert at(found, EVI_RUST).verdict.word is Word.INCONCLUSIVE
    assert "between the two processors ratios differ" in at(found, EVI_RUST).verdict.reason


def test_on_another_processor_a_few_cells_show_no_change() -> None:
    now = changed(run("new", 1, {("evi", "rust"): 3.0}, kernels=("evi",)), lambda cell: cell)
    assert len(now.cells) < FEWEST_CELLS
    found = judge(measured(now), kept(3, same=False, kernels=("evi",)))
    assert found.crowd is None
    assert told(found, Word.REGRESSED) == set()
    assert ending(found).code == 2


def uneven(seed: int) -> dict[RatioName, float]:
    """Return spreads over runs that differ from cell to cell, of the same mean square as the stated one."""
    rng = np.random.default_rng(seed)
    names = [RatioName(k, c, "call", i) for k in KERNELS for c in CASES for i in IMPLEMENTATIONS]
    sds = np.exp(rng.normal(0, 0.5, len(names)))
    return dict(zip(names, (RUN_SD * sds / np.sqrt(np.mean(sds**2))).tolist(), strict=True))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("even", [True, False])
def test_what_did_not_change_is_flagged_less_often_than_promised(count: int, even: bool) -> None:
    """Runs differ by the stated spread, or by spreads that differ from cell to cell."""
    flagged: list[bool] = []
    for seed in range(100):
        sd: Any = RUN_SD if even else uneven(seed)
        base = kept(count, 10_000 + 10 * seed, run_sd=sd, kernels=KERNELS)
        found = judge(measured(run("new", seed, run_sd=sd, kernels=KERNELS)), base)
        flagged += [word in {Word.REGRESSED, Word.IMPROVED} for word in words(found).values()]
    share = Share.counted(flagged)
    assert share.of == 3600
    assert share.share is not None
    assert share.share <= FALSE_FLAGS


@pytest.mark.parametrize(("count", "processes", "process_sd"), [(3, 6, 0.03), (5, 12, 0.08)])
def test_one_fifth_slower_is_found_and_nothing_is_green(count: int, processes: int, process_sd: float) -> None:
    """Where runs differ by little: with few processes that scatter little, or with more that scatter more."""
    known: dict[str, Any] = {"processes": processes, "process_sd": process_sd, "run_sd": 0.015, "kernels": KERNELS}
    hits, endings = [], Counter[tuple[str, int]]()
    for seed in range(40):
        base = kept(count, 10_000 + 10 * seed, **known)
        found = judge(measured(run("slow", seed, {("evi", "rust"): 1.2}, **known)), base)
        hits += [word is Word.REGRESSED for cell, word in words(found).items() if cell[::3] == ("evi", "rust")]
        endings["slow", ending(found).code] += 1
        endings["same", ending(judge(measured(run("same", seed, **known)), base)).code] += 1
    assert len(hits) == 80
    assert np.mean(hits) >= 0.8
    assert endings["slow", 1] >= 38
    assert endings["same", 0] >= 38


@pytest.mark.parametrize(("slower", "least", "most"), [(1.4, 0.75, 1.0), (1.3, 0.0, 0.5)])
def test_one_kept_run_finds_large_changes_alone(slower: float, least: float, most: float) -> None:
    hits = []
    for seed in range(25):
        base = kept(1, 10_000 + 10 * seed, run_sd=RUN_SD, kernels=KERNELS)
        found = judge(measured(run("new", seed, {("evi", "rust"): slower}, run_sd=RUN_SD, kernels=KERNELS)), base)
        hits += [word is Word.REGRESSED for cell, word in words(found).items() if cell[::3] == ("evi", "rust")]
    assert least <= np.mean(hits) <= most, hits


def test_logs_are_those_of_the_reference_over_the_candidate() -> None:
    base = Baseline(kept(1).path, (run("kept", 5),), same_processor=True)
    found = judge(measured(run("new", 6)), base)
    assert at(found, EVI_RUST).head == pytest.approx(4.0, rel=0.1)
    assert at(found, EVI_RUST._replace(arm="numpy")).head == pytest.approx(1 / 0.4, rel=0.1)
    assert log(at(found, EVI_RUST).base or 0) == pytest.approx(log(4.0), abs=0.1)
