"""A ledger whose truth is known: comparisons with drawn noise, and verdicts that are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log1p
from typing import Any

import numpy as np

from benchmarks.gate.ledger import Entry
from reports.stats.verdicts import Word

CALM = Entry(
    "gate-0", "2026-01-01", "machine", "a" * 40, "d", "same", "", 0.0, "evi", "f32_256", "rust", 0, 4,
    str(Word.EQUIVALENT), ((1e-3, 1e-3),) * 8, (), 0,
)  # fmt: skip
AMOUNTS = (0.02, 0.05, 0.1, 0.2)


def compared(change: float = 0.0, sd: float = 0.01, seed: int = 0, seconds: float = 2e-3, **fields: Any) -> Entry:
    """Return a comparison of eight pairs whose log change is drawn around `change`."""
    rng = np.random.default_rng(seed)
    times = tuple((seconds, seconds * exp(change + rng.normal(0, sd))) for _ in range(8))
    return replace(CALM, screen=times, **fields)


def waited(amount: float, *, found: bool, **fields: Any) -> Entry:
    """Return a comparison with a wait put in, which was flagged or not."""
    word = str(Word.REGRESSED if found else Word.INCONCLUSIVE)
    named = {"kind": "injected", "injection": "spin", "amount": amount, "verdict": word}
    return compared(log1p(amount), **{**named, **fields})


def every_kind(seeds: Sequence[int] = range(20)) -> list[Entry]:
    """Return a ledger that has each kind of comparisons, one of them flagged wrongly, and one never compared."""
    same = [compared(seed=k, gate=f"same-{k % 4}") for k in seeds]
    same[3] = replace(same[3], verdict=str(Word.REGRESSED))
    beside = [compared(seed=k, gate=f"slowed-{k % 4}", arm="numpy") for k in seeds]
    relinks = [compared(seed=k, gate="relinked", kind="relink", verdict=str(Word.LAYOUT_ARTEFACT)) for k in seeds]
    loaded = [
        compared(seed=k, sd=0.2, gate="loaded", beside="bandwidth", verdict=str(Word.CONTAMINATED)) for k in seeds
    ]
    slowed = [
        waited(amount, found=amount > 0.02, seed=k, gate=f"slowed-{k % 4}", seconds=seconds, when="2026-01-03")
        for seconds in (2e-3, 2e-5)
        for amount in AMOUNTS
        for k in seeds
    ]
    never = replace(CALM, gate="same-0", arm="numba", verdict=str(Word.NOT_GATED), screen=())
    return [*same, *beside, *relinks, *loaded, *slowed, never]
