"""How far several runs of one wheel agree, as a table, as Markdown and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from reports.read.rows import Run
from reports.stats.repeats import CLOSE, Agreement

SCHEMA_VERSION = 1
HEADINGS = (
    "calls of",
    "cells",
    "95 % intervals that hold another run's estimate",
    "expected",
    f"estimates within ±{100 * CLOSE:g} %",
    "sd of processes",
    "sd between runs",
)


def rows(found: Sequence[Agreement]) -> list[tuple[str, ...]]:
    """Return the cells of the table as text, a class of size each."""
    return [
        (
            one.size,
            str(one.cells),
            *(f"{100 * share:.1f} %" for share in (one.covered, one.expected, one.close, one.process, one.run)),
        )
        for one in found
    ]


def markdown(runs: Sequence[Run], found: Sequence[Agreement]) -> str:
    """Return the table with a sentence on what it rests on."""
    return "\n".join([tabulate(rows(found), HEADINGS, tablefmt="github", disable_numparse=True), "", sentence(runs)])


def sentence(runs: Sequence[Run]) -> str:
    """Say which runs were held against each other."""
    when = sorted(run.created for run in runs)
    return (
        f"{len(runs)} runs of the wheel of {runs[0].commit[:8]} on {runs[0].machine}, {runs[0].processes} processes a "
        f"cell, {when[0][:16]} to {when[-1][:16]}."
    )


def as_object(runs: Sequence[Run], found: Sequence[Agreement]) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [run.run_id for run in runs],
        "wheel": runs[0].wheel_digest,
        "commit": runs[0].commit,
        "machine": runs[0].machine,
        "sizes": [asdict(one) for one in found],
    }
