"""States of memory that are entered on purpose, and the order of an experiment over them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gate import levels, memory_states
from benchmarks.gate.levels import Experiment, Trial
from benchmarks.gate.memory_states import Unavailable


def test_a_state_that_may_not_be_entered_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory_states, "DROP", tmp_path / "no" / "such")
    with pytest.raises(Unavailable, match="cannot be dropped here"):
        memory_states.enter("dropped")
    memory_states.enter("as it is")


def test_the_hole_that_fills_the_cache_is_taken_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory_states.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(memory_states, "FILLED_SHARE", 1e-3)
    memory_states.enter("filled")
    (hole,) = tmp_path.iterdir()
    assert hole.stat().st_blocks * 512 < hole.stat().st_size, "nothing is written"
    memory_states.leave()
    assert list(tmp_path.iterdir()) == []


def test_every_visit_has_each_placement_once_and_states_are_in_balance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entered: list[str] = []
    monkeypatch.setattr(memory_states, "enter", entered.append)

    def process(self: Experiment, kernel: str, number: int, state: Any, **placement: bool) -> list[Trial]:
        return [Trial(number, state, **placement, began=0.0, kernel=kernel, case="f32_256", blocks_s={"rust": (1.0,)})]

    monkeypatch.setattr(Experiment, "_process", process)
    experiment = Experiment(tmp_path, {"evi": ["f32_256"]}, memory_states.STATES, 7)
    for number in range(8):
        experiment.visit(number, lambda: None)
    trials = levels.read(tmp_path)
    assert set(Counter((one.visit, one.ballast, one.huge_pages) for one in trials).values()) == {1}
    assert len(trials) == 8 * 4
    assert Counter(entered) == dict.fromkeys(memory_states.STATES, 2)
    assert set(entered[:4]) == set(memory_states.STATES), "each once before any comes again"
    (tmp_path / levels.LEVELS).write_text('{"visit": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="has a line that this version"):
        levels.read(tmp_path)
