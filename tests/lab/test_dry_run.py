"""A dry run says what a run would measure and how long that takes; a run that measures nothing is not a good one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import registry
from benchmarks.environment import lock, wheel
from benchmarks.runs import budget, planning
from inputs.families import find
from lab.__main__ import main


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a dry run builds nothing, locks nothing and measures nothing")

    monkeypatch.setattr(wheel, "build", refuse)
    monkeypatch.setattr(lock, "one_run", refuse)
    monkeypatch.setattr(planning, "RUNS", tmp_path / "runs")


@pytest.mark.usefixtures("nothing_starts")
def test_a_dry_run_shows_cells_and_time_and_leaves_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", "evi", "--case", "f32_64", "--processes", "2", "--dry-run"]) == 0
    said = capsys.readouterr().out
    kernel = registry.get("evi")
    case_s = budget.estimator(tmp_path / "runs", 2)(kernel, find(kernel.family, "f32_64"))
    assert f"{budget.said(case_s):>10}  f32_64" in said
    assert f"about {budget.said(case_s + budget.opening_s(2))}" in said
    assert f"{len(registry.arms(kernel))} cells, each in 2 processes" in said
    assert not list(tmp_path.iterdir()), "something was written"


@pytest.mark.usefixtures("nothing_starts")
def test_a_dry_run_is_no_resumption(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "evi", "--dry-run", "--resume"]) == 2
    assert "dry-run: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (99.4, "99 s"), (100, "2 min"), (3600, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_a_duration_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert budget.said(seconds) == said


def test_a_run_that_measured_nothing_says_so(tmp_path: Path) -> None:
    """Every arm alone may have a reason to be skipped; all of them together are no measurement."""
    skipped = [planning.Cell((), 0, "skipped", "no data: the cube is not here") for _ in range(3)]
    assert planning._nothing(skipped) == ["nothing was measured: no data: the cube is not here"]
    assert planning._nothing([*skipped, planning.Cell((1.0,), 1, "ok", "")]) == []
