"""After its timing a gate counts what time leaves undecided, and says where it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.environment.jsonlines import append
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import PAIRS, Cell, Pair, Side
from benchmarks.gate.plan import Plan
from lab.gate_run import GateRun
from reports.stats import next_pairs

CELL = Cell("evi", "f32_256", "rust")


@pytest.mark.parametrize(("scatter", "note"), [(0.3, "valgrind is not installed"), (0.001, "time decided every cell")])
def test_what_time_leaves_undecided_is_counted_or_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scatter: float, note: str
) -> None:
    builds = [Build(name * 40, name, name, tmp_path / name) for name in "ab"]
    plan = Plan("g", "2026-01-01T00:00:00+00:00", 1, builds[0], builds[1], {CELL: "evi.rs"}, {})
    rng = np.random.default_rng(2)
    for number in range(next_pairs.SCREEN_PAIRS):
        sides = (Side("ok", "", (1e-3,) * 8), Side("ok", "", (1e-3 * float(np.exp(rng.normal(0, scatter))),) * 8))
        append(tmp_path / PAIRS, Pair(*CELL, number, "screen", 0, 1, "base", *sides, {}, 0.1))
    monkeypatch.setenv("PATH", str(tmp_path))
    run = GateRun(plan, tmp_path, 0.0)
    known = run.counted(run._known())
    assert known.counted.note == f"instructions were not counted: {note}"
    assert known.changes(CELL, "screen") == run._known().changes(CELL, "screen")
