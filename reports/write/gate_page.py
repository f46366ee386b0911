"""The verdicts of a gate in words: sentences for a terminal, Markdown for a pull request, an object for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from math import exp
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.gate.plan import Plan
from reports.stats.exits import Exit
from reports.stats.gate_pairs import Evidences
from reports.stats.gating import Judged
from reports.stats.verdicts import Word, tally, with_ends
from reports.words import count, seconds

SCHEMA_VERSION = 1
TOLD = (Word.REGRESSED, Word.LAYOUT_ARTEFACT, Word.CONTAMINATED, Word.IMPROVED)
"""The verdicts that are told cell by cell, in this order."""


def changed(judged: Iterable[Judged]) -> list[Judged]:
    """Return the cells that are told of: by verdict, the largest change first."""
    told = [one for one in judged if one.verdict.word in TOLD]
    return sorted(told, key=lambda one: (TOLD.index(one.verdict.word), -one.verdict.size))


def sentence(one: Judged) -> str:
    """Return a cell, its verdict, by how much, and its times."""
    change = f" {with_ends(one.verdict.change)}" if one.verdict.change else ""
    times = f", {seconds(one.base_s)} → {seconds(one.head_s)}" if one.base_s and one.head_s else ""
    cropped = f", on a crop of {one.side} × {one.side}" if one.side else ""
    return f"{one.verdict.word}: {one.cell}{change}{times}{cropped}"


def command(plan: Plan, one: Judged) -> str:
    """Return the command that measures a cell again."""
    if plan.again:
        return f"{plan.again} --case {one.cell.case}"
    own = f" --own {one.cell.arm}" if ":" in one.cell.arm else ""
    own += f" --beside {plan.beside}" if plan.beside else ""
    return (
        f"python -m lab gate {plan.base.named} {plan.head.named} --kernel {one.cell.kernel} --case {one.cell.case}{own}"
    )


def counts(judged: Sequence[Judged]) -> str:
    """Return how many cells got which verdict."""
    return tally(one.verdict for one in judged) or "no verdicts"


def broken(plan: Plan, known: Evidences) -> list[str]:
    """Return the cells without a verdict, and why."""
    return [f"{cell}: {why}" for cell in plan.cells if (why := known.failure(cell))]


def disturbances(known: Evidences) -> str:
    """Return what the controls say, as a sentence without its full stop, or nothing where all was calm."""
    said = []
    pairs = [pair for mine in known.by_cell.values() for pair in mine]
    if reasons := [why for pair in pairs if (why := known.why_void(pair))]:
        said.append(f"{len(reasons)} of {len(pairs)} comparisons are void, the first because {reasons[0]}")
    if (wider := known.widening()).why and wider.factor > 1:
        said.append(f"what matters is widened {wider.factor:.1f}-fold, as {wider.why}")
    return "; ".join(said)


def notes(plan: Plan, known: Evidences) -> list[str]:
    """Return what there is to know of the gate itself: its scatter, what was cut short, counted or disturbed."""
    if not plan.cells:
        return []
    found = []
    if scatter := known.scatter():
        found.append(
            f"Pairs scatter by {_share(median(scatter))} (middle of the cells), {_share(max(scatter))} at most."
        )
    if known.cut:
        found.append(
            f"The budget ended before all pairs of {count(len(known.cut), 'cell')} were measured; --budget gives more."
        )
    said = filter(None, (known.counted.note, disturbances(known)))
    return [*found, *(f"{one[0].upper()}{one[1:]}." for one in said)]


def _share(log_sd: float) -> str:
    return f"{100 * log_sd:.2g} %"


def markdown(plan: Plan, judged: Sequence[Judged], ending: Exit, known: Evidences) -> str:
    """Return what changed, fit for a comment on a pull request."""
    base, head = plan.base.short, plan.head.short
    lines = [f"### Speed of `{head}` against `{base}`: {ending.why}", ""]
    told = changed(judged)
    if told:
        lines += ["| verdict | cell | change | base | head |", "|---|---|---|---|---|"]
    for one in told:
        size = with_ends(one.verdict.change) if one.verdict.change else ""
        times = [seconds(value) if value else "" for value in (one.base_s, one.head_s)]
        lines.append(f"| {one.verdict.word} | {one.cell} | {size} | {times[0]} | {times[1]} |")
    if told:
        lines += ["", "Again: " + ", ".join(dict.fromkeys(f"`{command(plan, one)}`" for one in told))]
    return "\n".join([*lines, "", f"{counts(judged)}.", "", *notes(plan, known), ""])


def as_object(plan: Plan, judged: Sequence[Judged], ending: Exit, known: Evidences) -> dict[str, Any]:
    """Return the verdicts as an object for programs; ``gate.schema.json`` describes it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "gate_id": plan.gate_id,
        "base": plan.base.commit,
        "head": plan.head.commit,
        "exit_code": ending.code,
        "why": ending.why,
        "instructions": known.counted.note,
        "beside": plan.beside,
        "disturbances": disturbances(known),
        "scatter": median(scatter) if (scatter := known.scatter()) else None,
        "cut": [{**cell._asdict(), "wanted_pairs": wanted} for cell, wanted in known.cut.items()],
        "cells": [_cell(plan, one, known) for one in judged],
        "broken": [{**cell._asdict(), "why": why} for cell in plan.cells if (why := known.failure(cell))],
        "not_affected": [cell._asdict() for cell in plan.not_gated],
    }


def schema() -> dict[str, Any]:
    """Return the schema of `as_object`."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("gate.schema.json").read_text(encoding="utf-8"))
    return loaded


def _cell(plan: Plan, one: Judged, known: Evidences) -> dict[str, Any]:
    more = known.counted.logs.get(one.cell)
    return {
        **one.cell._asdict(),
        "verdict": str(one.verdict.word),
        "reason": one.verdict.reason,
        "channel": str(one.verdict.channel),
        "change": None if one.verdict.change is None else asdict(one.verdict.change),
        "instructions": None if more is None else exp(more),
        "allocated_bytes": known.counted.allocated.get((one.cell.kernel, one.cell.arm)),
        "base_s": one.base_s,
        "head_s": one.head_s,
        "pairs": one.pairs,
        "void_pairs": one.void,
        "crop_side": one.side,
        "compared_for": one.why,
        "again": command(plan, one),
    }
