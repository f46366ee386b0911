"""A wheel against itself with a load beside it: whatever the gate says then, it is no change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from benchmarks.gate.builds import Build
from benchmarks.gate.course import read_controls
from benchmarks.gate.lines import Cell, read_pairs
from benchmarks.gate.loads import KINDS
from benchmarks.gate.plan import make_plan
from lab.gate_run import GateRun
from reports.stats import gating
from reports.stats.verdicts import Word

CELLS = (
    Cell("evi", "f32_2048", "rust"),
    Cell("temporal_mean", "f32_73x64", "numba"),
    Cell("normalized_difference", "f32_256", "numpy"),
)
LONGEST_S = 240.0


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_regressed_or_improved(build: Build, tmp_path: Path, kind: str) -> None:
    planned = make_plan(build, build, {}, {})
    planned = replace(planned, cells=dict.fromkeys(CELLS, "asked for"), beside=kind)
    known = GateRun(planned, tmp_path, monotonic() + LONGEST_S).run()
    words = {one.cell: one.verdict.word for one in gating.judge_all(known)}
    print(words, {cell: known.voided(cell) for cell in CELLS})
    assert set(words) == set(CELLS), [known.failure(cell) for cell in CELLS]
    assert not set(words.values()) & {Word.REGRESSED, Word.IMPROVED, Word.LAYOUT_ARTEFACT}
    assert len(read_pairs(tmp_path)) >= 6 * len(CELLS)
    assert all(line["beside"]["kind"] == kind for line in read_controls(tmp_path))
