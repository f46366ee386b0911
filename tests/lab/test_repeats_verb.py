"""``lab runs --repeats``: the complete runs of the newest one's wheel, held against each other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from synthetic_run import Writer

from benchmarks.registry import KERNELS
from benchmarks.runs import planning
from lab import __main__ as door

MEDIAN = "temporal_median"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One complete run."""
    writer = Writer(tmp_path, tier="smoke", kernels={MEDIAN: KERNELS[MEDIAN]}).write()
    monkeypatch.setattr(planning, "RUNS", tmp_path / "runs")
    return writer.directory


def again(run: Path, day: str, **plan: object) -> Path:
    """Copy a run as if it had been made on another day."""
    copy = run.with_name(f"{day}{run.name[8:]}")
    shutil.copytree(run, copy)
    raw = json.loads((copy / "plan.json").read_text())
    (copy / "plan.json").write_text(json.dumps({**raw, "run_id": copy.name, **plan}))
    return copy


def test_runs_of_one_wheel_are_held_against_each_other(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again(runs, "20261123")
    again(runs, "20261121", wheel_digest="another")
    assert door.main(["runs", "--repeats", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == [runs.name, f"20261123{runs.name[8:]}"]
    assert {one["size"] for one in told["sizes"]} >= {"0.1 ms and more"}
    assert all(one["covered"] == one["close"] == 1 and one["run"] == 0 for one in told["sizes"])
    assert door.main(["runs", "--repeats"]) == 0
    assert "2 runs of the wheel" in capsys.readouterr().out


def test_one_run_repeats_nothing(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.is_dir()
    assert door.main(["runs", "--repeats"]) == 2
    assert "at least 2 are needed" in capsys.readouterr().err
