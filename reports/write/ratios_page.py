"""The verdicts on a run's ratios in words: sentences for a terminal, Markdown, an object for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import exp
from pathlib import Path
from typing import Any

from benchmarks.environment import checkout
from reports import words
from reports.read.baseline import Baseline, RatioRun
from reports.stats.between_runs import FEWEST_RUNS
from reports.stats.cells import BASELINE
from reports.stats.exits import Exit, exit_code
from reports.stats.ratio_verdicts import RatioCase, RatioVerdict, RatioVerdicts
from reports.stats.verdicts import Word, percent, tally, with_ends

SCHEMA_VERSION = 1
TOLD = (Word.REGRESSED, Word.IMPROVED)
"""The verdicts that are told cell by cell, in this order; with all others there may be hundreds."""
SHORT = 8
MOST = 5
"""Most reasons that are told of cells that are not decided for want of a measurement."""


@dataclass(frozen=True)
class Told:
    """All that there is to say of a comparison: the run, what it was held against, the verdicts, the exit code."""

    run: RatioRun
    base: Baseline
    verdicts: RatioVerdicts
    ending: Exit


def told(run: RatioRun, base: Baseline, verdicts: RatioVerdicts) -> Told:
    """Return a comparison with its exit code."""
    cells = {one.cell: one.verdict for one in verdicts.found}
    return Told(run, base, verdicts, exit_code(cells, list(cells)))


def changed(found: Iterable[RatioVerdict], *, every: bool = False) -> list[RatioVerdict]:
    """Return the cells that are told of: regressions first, then improvements, the largest change first; or all."""
    order = [*TOLD, *(word for word in Word if word not in TOLD)]
    chosen = [one for one in found if every or one.verdict.word in TOLD]
    return sorted(chosen, key=lambda one: (order.index(one.verdict.word), -one.verdict.size))


def sentence(one: RatioVerdict) -> str:
    """Return a cell, its verdict, and its ratio then and now."""
    ratios = [words.times(value) for value in (one.base, one.head)]
    return f"{one.verdict.word}: {one.cell}, {_pair(one)} {ratios[0]} → {ratios[1]}"


def _pair(one: RatioVerdict) -> str:
    arm = words.name(one.cell.arm)
    return f"naive NumPy ÷ {arm}" if one.cell.arm == BASELINE else f"expert NumPy ÷ {arm}"


def command(cells: Iterable[RatioCase]) -> str:
    """Return the command that measures cells of one kernel again and compares them."""
    (kernel,) = {cell.kernel for cell in cells}
    cases = " ".join(f"--case {case}" for case in dict.fromkeys(cell.case for cell in cells))
    return f"python -m lab run {kernel} {cases} && python -m lab ratios --kernel {kernel} {cases}"


def again(verdicts: RatioVerdicts) -> list[str]:
    """Return the commands that measure again what changed, one for each kernel."""
    cells: dict[str, list[RatioCase]] = {}
    for one in changed(verdicts.found):
        cells.setdefault(one.cell.kernel, []).append(one.cell)
    return [command(mine) for mine in cells.values()]


def what(found: Told) -> list[str]:
    """Return what was compared with what, a sentence each."""
    run, base = found.run, found.base
    kept = words.count(len(base.runs), "kept run")
    same = "the same processor" if base.same_processor else "another processor, or with other instructions"
    days = " to ".join(dict.fromkeys(one.created[:10] for one in (base.runs[0], base.runs[-1])))
    return [
        f"Run {run.run_id}, commit {run.commit[:SHORT]}, on {_machine(run)}.",
        f"Held against {kept} of {same}, {days}, on {_machine(base.runs[-1])}, in {base.path.name}.",
        _about_runs(found.verdicts),
        *_about_processors(found),
    ]


def _machine(run: RatioRun) -> str:
    return f"{run.processor or 'an unknown processor'} with {run.simd or 'unknown instructions'} ({run.machine})"


def _about_runs(verdicts: RatioVerdicts) -> str:
    spread = verdicts.spread
    how = f"as it was measured once; with {FEWEST_RUNS} kept runs their own counts"
    if spread.runs:
        how = f"from {spread.runs} kept runs"
    return f"From run to run ratios differ by {100 * spread.sd:.1f} % (standard deviation, {how})."


def _about_processors(found: Told) -> list[str]:
    if found.base.same_processor:
        return []
    crowd = found.verdicts.crowd
    much = "too few cells say by how much, so nothing is called changed"
    if crowd is not None:
        much = f"here typically by {percent(exp(crowd))[1:]}, and only what stands out from that is called changed"
    return [f"Between two processors ratios differ for honest reasons, {much}. A kept run of this processor sees more."]


def undecided(verdicts: RatioVerdicts) -> list[str]:
    """Return why cells have no verdict by their time, with how many share the reason; the most frequent first."""
    cells: dict[str, list[str]] = {}
    for one in verdicts.found:
        if one.verdict.word in {Word.NOT_GATED, Word.CONTAMINATED} or one.verdict.change is None:
            cells.setdefault(f"{one.verdict.word}: {one.verdict.reason}", []).append(str(one.cell))
    reasons = sorted(cells, key=lambda reason: -len(cells[reason]))
    said = [f"{words.count(len(cells[why]), 'cell')} {why} ({checkout.listed(cells[why])})" for why in reasons[:MOST]]
    more = len(reasons) - MOST
    return said + ([f"and {words.count(more, 'more reason')}"] if more > 0 else [])


def counts(verdicts: RatioVerdicts) -> str:
    """Return how many cells got which verdict, and by what a change must differ to count."""
    margins = sorted({one.margin for one in verdicts.found})
    number = tally(one.verdict for one in verdicts.found)
    return f"{number}; what matters is ±{' or '.join(f'{100 * margin:g}' for margin in margins)} %"


def markdown(found: Told) -> str:
    """Return what changed, fit for a comment on a pull request."""
    lines = [f"### Ratios of `{found.run.commit[:SHORT]}` to those that were kept: {found.ending.why}", ""]
    cells = changed(found.verdicts.found)
    if cells:
        lines += ["| verdict | cell | change | ratio | was | is |", "|---|---|---|---|---|---|"]
    for one in cells:
        ratios = [words.times(value) for value in (one.base, one.head)]
        size = with_ends(one.verdict.change) if one.verdict.change else ""
        lines.append(f"| {one.verdict.word} | {one.cell} | {size} | {_pair(one)} | {ratios[0]} | {ratios[1]} |")
    if cells:
        lines += ["", "Again:", "", "```sh", *again(found.verdicts), "```"]
    rest = [*undecided(found.verdicts), f"{counts(found.verdicts)}."]
    return "\n".join([*lines, "", *(f"- {said}" for said in (*what(found), *rest)), ""])


def as_object(found: Told) -> dict[str, Any]:
    """Return the verdicts as an object for programs; ``ratios.schema.json`` describes it."""
    spread = found.verdicts.spread
    return {
        "schema_version": SCHEMA_VERSION,
        "run": _run(found.run),
        "baseline": {
            "file": found.base.path.name,
            "same_processor": found.base.same_processor,
            "runs": [_run(one) for one in found.base.runs],
        },
        "run_sd": spread.sd,
        "run_sd_from_runs": spread.runs,
        "run_sd_degrees": spread.free,
        "processor_sd": found.verdicts.crowd,
        "exit_code": found.ending.code,
        "why": found.ending.why,
        "cells": [_cell(one) for one in found.verdicts.found],
    }


def _run(run: RatioRun) -> dict[str, Any]:
    return {name: value for name, value in vars(run).items() if name != "cells"}


def _cell(one: RatioVerdict) -> dict[str, Any]:
    return {
        **one.cell._asdict(),
        "verdict": str(one.verdict.word),
        "reason": one.verdict.reason,
        "change": None if one.verdict.change is None else asdict(one.verdict.change),
        "base": one.base,
        "head": one.head,
        "runs": one.runs,
        "processes": one.processes,
        "void_processes": one.void,
        "margin": one.margin,
        "again": command([one.cell]),
    }


def schema() -> dict[str, Any]:
    """Return the schema of `as_object`."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("ratios.schema.json").read_text(encoding="utf-8"))
    return loaded


def shown(found: Told, *, every: bool) -> Sequence[str]:
    """Return the lines for a terminal, without the last, which is the exit code's sentence."""
    lines = what(found)
    for one in changed(found.verdicts.found, every=every):
        lines += [sentence(one), f"    {one.verdict.reason}"]
    lines += [f"again: {line}" for line in again(found.verdicts)]
    return [*lines, *undecided(found.verdicts), f"{counts(found.verdicts)}."]
