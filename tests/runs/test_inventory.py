"""Which runs there are and what became of each: what a report takes, what can be resumed, what `lab runs` lists."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from synthetic_run import COMMIT, Writer

from benchmarks import registry
from benchmarks.environment import jsonlines, lock
from benchmarks.pairing.runlines import Line, Outcome
from benchmarks.runs import budget, history, inventory, planning
from inputs.families import find
from lab import __main__ as door
from lab import report as report_verb
from lab import run as run_verb
from reports.read import load

KERNEL = "normalized_difference"
ARMS = ("numpy", "rust")


@pytest.fixture
def plan() -> planning.Plan:
    entries = {KERNEL: (planning.Entry("f32_256", ARMS), planning.Entry("f32_2048", ARMS))}
    head = ("20260101-000000-abcdef01", "2026-01-01T00:00:00+00:00", "abcdef01" * 5, "smoke", 2, "d" * 64)
    return planning.Plan(*head, entries, machine="box")


def line(process: int, case: str = "f32_256") -> Line:
    return Line(process, case, "call", (2, 2), 1, 1, {arm: Outcome("ok", time_s=1e-3, calls=1) for arm in ARMS})


@pytest.fixture
def shelf(plan: planning.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a run in every state, each a second after the one before."""
    monkeypatch.setattr(lock, "RUN_LOCK", tmp_path / "lock")
    folder = tmp_path / "runs"

    def make(second: int, *lines: Line, receipt: str = "") -> Path:
        named = replace(plan, run_id=f"20260101-00000{second}-abcdef01")
        _, run_dir = inventory.claim(named, folder)
        for one in lines:
            jsonlines.append(run_dir / f"{KERNEL}.jsonl", one)
        if receipt:
            (run_dir / "receipt.json").write_text(receipt)
        return run_dir

    whole = [line(process, case) for process in range(2) for case in ("f32_256", "f32_2048")]
    make(0, *whole, receipt='{"problems": []}')
    make(1, *whole[:3], receipt='{"problems": ["rust: wrong answer\\nhere", "more"]}')
    make(2, *whole[:3])
    make(3, receipt='{"problems": ["nothing"]}')
    (make(4) / f"{KERNEL}.asv.log").write_text("building\nerror: no compiler\n\n")
    (make(5, *whole) / "plan.json").write_text("")
    (make(6) / f"{KERNEL}.jsonl").write_text("{}\n{}\n")
    return folder


def test_every_state_is_told_with_its_reason_and_the_newest_stands_first(shelf: Path) -> None:
    found = list(inventory.of_folder(shelf))
    assert [(one.run_dir.name[14], one.state, one.measured, one.why.split(":")[0]) for one in found] == [
        ("6", "unreadable", 0, f"{KERNEL}.jsonl has a line that this version of the lab does not know"),
        ("5", "unreadable", 0, "plan.json is empty"),
        ("4", "failed to start", 0, "nothing was measured"),
        ("3", "failed to start", 0, "nothing was measured"),
        ("2", "interrupted", 2, ""),
        ("1", "not complete", 2, "rust"),
        ("0", "complete", 4, ""),
    ]
    assert all(one.planned == 4 for one in found if one.plan)
    assert found[2].why.endswith("error: no compiler")
    assert found[5].why == "rust: wrong answer, and 1 more"
    now = datetime(2026, 1, 1, 2, 5, tzinfo=UTC)
    assert found[4].age(now) == "2 h"
    assert "2 of 4 cells, interrupted" in found[4].sentence()


def test_a_run_is_running_while_its_process_holds_the_lock(shelf: Path) -> None:
    with lock.one_run("run", print) as measuring:
        measuring(str(shelf / "20260101-000002-abcdef01"))
        states = [one.state for one in inventory.of_folder(shelf)]
    assert states.count("running") == 1
    assert states[4] == "running"
    assert "running" not in [one.state for one in inventory.of_folder(shelf)]


@pytest.mark.parametrize("content", ["", "\0" * 9, '{"run_id": "2026', "[]", '{"kernels": {}}', '{"kernels": 3}', "é"])
def test_a_plan_that_is_cut_is_named_and_no_error_of_ours(shelf: Path, content: str) -> None:
    path = shelf / "20260101-000000-abcdef01" / "plan.json"
    path.write_text(content, encoding="latin-1")
    found = inventory.look(path.parent)
    assert found.state == "unreadable"
    assert found.why.startswith("plan.json")


@pytest.mark.parametrize("change", [{"created": 5}, {"commit": None}, {"processes": "six"}, {"tier": []}])
def test_a_plan_with_something_else_in_a_place_is_named(shelf: Path, change: dict[str, object]) -> None:
    path = shelf / "20260101-000000-abcdef01" / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    (found,) = [one for one in inventory.of_folder(shelf) if one.run_dir == path.parent]
    assert found.state == "unreadable"
    assert f"{next(iter(change))} was " in found.why


def test_a_time_without_a_zone_is_no_age(shelf: Path) -> None:
    path = shelf / "20260101-000000-abcdef01" / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": "2026-01-01T00:00:00"}))
    assert inventory.look(path.parent).age(datetime.now(UTC)) == ""


def test_a_report_takes_the_newest_that_measured_something_and_names_those_after_it(shelf: Path) -> None:
    found, passed = inventory.newest(shelf)
    assert found.run_dir.name == "20260101-000002-abcdef01"
    assert [one.run_dir.name[14] for one in passed] == ["6", "5", "4", "3"]
    with pytest.raises(ValueError, match="lab run"):
        inventory.newest(shelf / "nothing")


def test_of_two_runs_of_one_second_both_work_and_the_second_is_the_newer(plan: planning.Plan, tmp_path: Path) -> None:
    names = [inventory.claim(plan, tmp_path)[1].name for _ in range(11)]
    assert names == [plan.run_id, *(f"{plan.run_id}-{n}" for n in range(2, 12))]
    assert [path.name for path in inventory.newest_first(tmp_path)] == names[::-1]
    assert planning.Plan.load(tmp_path / names[-1]).run_id == names[-1]


def test_a_copy_under_a_name_of_ones_own_is_not_the_newest(shelf: Path) -> None:
    shutil.copytree(shelf / "20260101-000000-abcdef01", shelf / "good")
    assert inventory.newest(shelf)[0].run_dir.name == "20260101-000002-abcdef01"
    assert [path.name for path in inventory.newest_first(shelf)][-1] == "good"


def test_the_newest_run_of_the_same_plan_that_can_go_on_is_resumed(plan: planning.Plan, tmp_path: Path) -> None:
    for number, change in enumerate([{}, {"wheel_digest": "f" * 64}, {}, {"processes": 3}, {"machine": "other"}]):
        inventory.claim(replace(plan, run_id=f"2026010{number}-000000-abcdef01", **change), tmp_path)  # type: ignore[arg-type]
    (tmp_path / "20260109-000000-abcdef01").mkdir()
    (tmp_path / "20260109-000000-abcdef01" / "plan.json").write_text("")
    newest = inventory.unfinished(plan, tmp_path)
    assert newest is not None
    assert newest.name.startswith("20260102")
    (newest / "receipt.json").write_text('{"problems": ["a process was killed"]}')
    assert inventory.unfinished(plan, tmp_path, tmp_path / "asv") == newest, "there is something to measure"
    (newest / "receipt.json").write_text('{"problems": []}')
    older = inventory.unfinished(plan, tmp_path)
    assert older is not None
    assert older.name.startswith("20260101") is False
    assert older.name.startswith("20260100")
    (older / f"{KERNEL}.jsonl").write_text("broken\n")
    assert inventory.unfinished(plan, tmp_path) is None


def test_asv_is_called_again_where_another_run_has_replaced_its_samples(
    plan: planning.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "is_measured", lambda _wanted: True)
    jsonlines.append(tmp_path / f"{KERNEL}.jsonl", line(0))
    assert inventory.kernels_left(plan, tmp_path, tmp_path / "asv") == [KERNEL]
    (tmp_path / f"{KERNEL}.done").touch()
    assert inventory.kernels_left(plan, tmp_path, tmp_path / "asv") == [KERNEL]
    monkeypatch.setattr(inventory, "unlike_asv", lambda *_: set())
    assert inventory.kernels_left(plan, tmp_path, tmp_path / "asv") == []


def test_a_history_passes_over_plans_that_cannot_be_read(
    plan: planning.Plan, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RUNS", shelf)
    found = history.earlier(plan)
    assert found is not None
    assert found.name == "20260101-000004-abcdef01"


def test_estimates_pass_over_what_cannot_be_read(shelf: Path) -> None:
    kernel = registry.get(KERNEL)
    broken, *rest = inventory.newest_first(shelf)
    assert budget._seen(kernel, [broken]) == {}
    known = budget._seen(kernel, [broken, *rest])
    assert known == {"f32_256": pytest.approx(8e-3), "f32_2048": pytest.approx(8e-3)}
    assert budget.estimator(shelf, 1)(kernel, find("elementwise", "f32_2048")) > 8e-3


# The verbs


def test_a_run_holds_the_lock_of_its_checkout_under_its_own_name(
    plan: planning.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(_console: Console, _plan: planning.Plan, run_dir: Path) -> None:
        seen.append((run_dir.name, inventory.look(run_dir, lock.holder()).state))

    monkeypatch.setattr(lock, "RUN_LOCK", tmp_path / "lock")
    monkeypatch.setattr(planning, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(run_verb, "_measured", look)
    for _ in range(2):  # in one second
        run_verb._alone(Console(), plan, resume=False)
    run_verb._alone(Console(), plan, resume=True)
    assert seen == [(plan.run_id, "running"), (f"{plan.run_id}-2", "running"), (f"{plan.run_id}-2", "running")]
    assert lock.holder() is None


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that lists a folder's runs with arguments, on a terminal of 80 columns."""

    def show(folder: Path, *arguments: str) -> str:
        monkeypatch.setattr(planning, "RUNS", folder)
        monkeypatch.setenv("COLUMNS", "80")
        assert door.main(["runs", *arguments]) == 0
        return capsys.readouterr().out

    return show


def test_the_runs_are_listed_with_whole_words_on_80_columns(shelf: Path, listed: Callable[..., str]) -> None:
    lines = listed(shelf).splitlines()
    table = [text for text in lines if text.startswith("20260101-") and ": " not in text]
    assert len(table) == 7
    assert max(len(text) for text in lines if ": " not in text) <= 80
    for text, state in zip(
        table[2:], ["failed to start", "failed to start", "interrupted", "not complete", "complete"], strict=True
    ):
        words = text.split()
        assert words[0].endswith("-abcdef01")
        assert state in text
        assert words[-1] in {"0/4", "2/4", "4/4"}
        assert "smoke" in words
        assert "abcdef01" in words
    assert f"  {KERNEL}" in [text.rstrip() for text in lines]
    assert "20260101-000005-abcdef01: plan.json is empty" in lines


def test_the_runs_as_json(shelf: Path, listed: Callable[..., str], tmp_path: Path) -> None:
    found = json.loads(listed(shelf, "--json"))
    assert [one["state"] for one in found][-1] == "complete"
    assert found[-1] | {"why": ""} == {
        **{"run": "20260101-000000-abcdef01", "state": "complete", "why": "", "tier": "smoke", "kernels": [KERNEL]},
        **{"commit": "abcdef01" * 5, "machine": "box", "created": "2026-01-01T00:00:00+00:00", "processes": 2},
        **{"cells_measured": 4, "cells_planned": 4},
    }
    assert found[1]["commit"] is None
    assert json.loads(listed(tmp_path / "nothing", "--json")) == []
    assert "lab run" in listed(tmp_path / "nothing")


def test_the_console_says_which_run_a_report_shows(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(planning, "RUNS", shelf)
    monkeypatch.setenv("EOLAB_MACHINE", "box")
    monkeypatch.setattr(planning, "ASV_RESULTS", tmp_path / "asv")
    assert report_verb._chosen("").name == "20260101-000002-abcdef01"
    said = capsys.readouterr()
    assert "Run 20260101-000002-abcdef01: " in said.out
    assert "ago, commit abcdef01, smoke, 2 of 4 cells, interrupted." in said.out
    assert said.err.count("passed over: ") == 4
    assert "asv's file of this commit has not this run's samples" in said.err
    assert report_verb._chosen("20260101-000000-abcdef01").name == "20260101-000000-abcdef01"
    assert "4 of 4 cells, complete." in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"plan\.json is empty"):
        report_verb._chosen("20260101-000005-abcdef01")
    with pytest.raises(ValueError, match="run: was 'nothing'"):
        report_verb._chosen("nothing")


def test_the_console_says_that_a_run_is_of_another_machine(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As that of a colleague, whose folder was copied here."""
    monkeypatch.setattr(planning, "RUNS", shelf)
    monkeypatch.setenv("EOLAB_MACHINE", "mine")
    report_verb._chosen("")
    said = capsys.readouterr().err
    assert "This run is of another machine, box; this one is mine." in said
    assert "asv's file" not in said


def test_a_whole_report_of_a_run_beside_a_failed_start_and_a_cut_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = Writer(tmp_path, tier="smoke", kernels=registry.KERNELS).write()
    for name, content in (("20270101-000000-00000000", ""), ("20270102-000000-00000000", None)):
        folder = writer.directory.parent / name
        folder.mkdir()
        text = (writer.directory / "plan.json").read_text() if content is None else content
        (folder / "plan.json").write_text(text)
    monkeypatch.setattr(planning, "RUNS", writer.directory.parent)
    monkeypatch.setattr(planning, "ASV_RESULTS", writer.asv_results)
    assert door.main(["report", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert f"Run {writer.directory.name}: " in said.out
    assert f"commit {COMMIT[:8]}" in said.out
    assert "passed over: 20270101-000000-00000000: unreadable: plan.json is empty" in said.err
    assert "failed to start" in said.err
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["machine"]["name"] == "testbench"
    assert load.named(writer.directory.parent, writer.directory.name) == writer.directory
