"""A run of limited time: the most valuable comes first, what is left out is named, estimates follow earlier runs."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import registry
from benchmarks.environment import jsonlines
from benchmarks.pairing.runlines import Line, Outcome
from benchmarks.runs import budget, inventory, planning
from inputs.families import CASES, find, get
from lab import run as run_verb

KERNELS = list(registry.KERNELS.values())
CORE = planning.chosen_cases([], "core")


def flat(_kernel: object, _case: object) -> float:
    return 10.0


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), (" 2m ", 120)])
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert budget.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "10 minutes", "m", "-5m", "0m", "1e3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="budget: was"):
        budget.parse(text)


@pytest.mark.parametrize("family", CASES)
def test_every_case_has_a_rank_of_its_own_and_the_centre_the_first(family: str) -> None:
    found = budget.ranks(family)  # type: ignore[arg-type]
    assert set(found) == {case.name for case in CASES[family]}  # type: ignore[index]
    assert len(set(found.values())) == len(found)
    first = min(found, key=found.__getitem__)
    assert find(family, first).centre  # type: ignore[arg-type]
    headlines = get(family).headlines
    assert set(headlines) <= set(found)
    assert all(found[case.name][0] <= 2 for case in CASES[family] if case.tier == "smoke")  # type: ignore[index]


def test_every_axis_is_seen_once_before_any_is_seen_twice() -> None:
    for family, cases in CASES.items():
        centre = next(case for case in cases if case.centre)
        rank = budget.ranks(family)
        rest = sorted((case for case in cases if rank[case.name][0] >= 3), key=lambda case: rank[case.name])
        axes = [budget.axis_of(case, centre) for case in rest]
        first_round = axes[: len(set(axes))]
        assert len(set(first_round)) == len(first_round), axes


def test_the_most_valuable_that_fit_are_chosen_and_the_rest_is_named() -> None:
    opening = budget.KERNEL_S + 6 * budget.PROCESS_S
    choice = budget.choose(CORE, len(CORE) * (opening + 10.0) + 5.0, 6, flat)
    assert {name: [case] for name, (case,) in choice.cases.items()} == {
        kernel.name: [case.name for case in CASES[kernel.family] if case.centre] for kernel in KERNELS
    }
    total = sum(map(len, CORE.values()))
    assert len(choice.left_out) + len(CORE) == total
    assert {(left.kernel, left.case) for left in choice.left_out}.isdisjoint(
        (name, case) for name, cases in choice.cases.items() for case in cases
    )
    assert all(left.reason and left.estimate_s >= 10 for left in choice.left_out)


def test_a_case_that_does_not_fit_lets_a_cheaper_one_pass() -> None:
    cases = {"temporal_mean": CORE["temporal_mean"]}
    opening = budget.KERNEL_S + 6 * budget.PROCESS_S
    choice = budget.choose(cases, opening + 25, 6, lambda _kernel, case: 100.0 if case.name == "f32_73x1024" else 10.0)
    assert choice.cases["temporal_mean"] == ("f32_73x480", "f32_73x480_iid")
    assert choice.left_out[0].case == "f32_73x1024"
    assert choice.estimate_s == opening + 20
    everything = budget.choose(CORE, 1e9, 6, flat)
    assert everything.cases == CORE
    assert not everything.left_out


def test_an_estimate_follows_the_newest_run_that_has_the_case(tmp_path: Path) -> None:
    kernel, case = registry.get("evi"), find("elementwise", "f32_256")
    guessed = budget.estimator(tmp_path, 6)(kernel, case)
    for name, time_s in (("20260101-0", 0.5), ("20260102-0", 0.1)):
        outcome = Outcome("ok", "", 1, (time_s,) * 5, 1, time_s, 0.0)
        for process in range(2):
            line = Line(process, case.name, "call", case.shape, 1, 1, {"numpy": outcome, "rust": Outcome("failed")})
            jsonlines.append(tmp_path / name / "evi.jsonl", line)
    fixed = budget.CASE_S * 6 + budget.CELL_S * len(registry.arms(kernel))
    estimate = budget.estimator(tmp_path, 6)
    assert estimate(kernel, case) == pytest.approx(6 * 0.1 * (2 * 5 + budget.CHECKS) + fixed)
    assert estimate(kernel, find("elementwise", "f32_64")) == budget.estimator(tmp_path / "none", 6)(
        kernel, find("elementwise", "f32_64")
    )
    assert 0 < guessed < estimate(kernel, case)


def test_a_model_knows_large_from_small_and_slow_from_quick(tmp_path: Path) -> None:
    estimate = budget.estimator(tmp_path, 6)
    nd, median = registry.get("normalized_difference"), registry.get("temporal_median")
    assert estimate(nd, find("elementwise", "f32_64")) < estimate(nd, find("elementwise", "f32_3660"))
    assert estimate(nd, find("elementwise", "f32_2048")) < estimate(median, find("temporal", "f32_73x480"))
    total = sum(estimate(k, find(k.family, case)) for k in KERNELS for case in CORE[k.name])
    assert 300 < total < 3000  # the core tier: 50 minutes at most


def test_what_is_left_out_stands_in_the_plan_and_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    choice = planning.within_budget(CORE, 600.0, 6, tmp_path)
    assert 0 < len(choice.left_out) < sum(map(len, CORE.values()))
    assert choice.estimate_s <= 600
    plan = planning.make_plan(choice.cases, "core", "", 6, budget_s=600.0, left_out=choice.left_out)
    plan.save(tmp_path / "run")
    assert planning.Plan.load(tmp_path / "run") == plan
    run_verb._show_left_out(Console(stderr=True, width=10_000), plan, "10m")
    said = capsys.readouterr().err
    assert "cases fit into 10m" in said
    assert all(left.case in said for left in choice.left_out)
    assert not planning.Plan.load(_old_plan(tmp_path, plan)).left_out
    with pytest.raises(ValueError, match="budget: was 5 s; the least"):
        planning.within_budget(CORE, 5.0, 6, tmp_path)


def test_a_run_of_limited_time_is_resumed_whatever_seems_to_fit_by_then(tmp_path: Path) -> None:
    plans = [
        planning.make_plan(choice.cases, "core", "", 6, budget_s=900.0, left_out=choice.left_out)
        for choice in (planning.within_budget(CORE, seconds, 6, tmp_path) for seconds in (600.0, 900.0))
    ]
    early, late = (replace(plan, run_id=f"2026010{k}-0") for k, plan in enumerate(plans))
    early.save(tmp_path / early.run_id)
    assert early.kernels != late.kernels
    assert inventory.unfinished(late, tmp_path) == tmp_path / early.run_id
    assert inventory.unfinished(replace(late, budget_s=600.0), tmp_path) is None
    assert inventory.unfinished(replace(late, left_out=late.left_out[1:]), tmp_path) is None


def _old_plan(folder: Path, plan: planning.Plan) -> Path:
    """Write a plan as it was before there were budgets."""
    raw = {key: value for key, value in asdict(plan).items() if key not in ("budget_s", "left_out")}
    (folder / "old").mkdir()
    (folder / "old" / "plan.json").write_text(json.dumps(raw))
    assert replace(plan, budget_s=None, left_out=()) == planning.Plan.load(folder / "old")
    return folder / "old"
