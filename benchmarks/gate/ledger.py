"""The ledger: comparisons of which it is known what they should find, one line each, kept with their raw pairs.

A wheel against itself should differ in nothing; a wheel with something put in should differ by that. What the gate said
of them is how often its flag lies, and what it overlooks. Lines are only ever added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks import ROOT
from benchmarks.environment.jsonlines import append, read_raw
from benchmarks.gate.lines import Cell

Kind = Literal["same", "relink", "injected"]
LEDGER = ROOT / "reports" / "record" / "ledger"
Times = tuple[tuple[float, float], ...]
"""Seconds of base and of head, a pair each."""


@dataclass(frozen=True)
class Entry:
    """One comparison.

    Attributes
    ----------
    gate, when, machine, commit, wheel
        In which gate, when and where, and what was compared: the commit and the digest of its wheel.
    kind
        ``same`` is a wheel with itself, ``relink`` with another link of it, ``injected`` with something put in.
    injection, amount
        What was put in, and how much; empty and 0 otherwise.
    kernel, case, arm, side
        The cell, and the side of the crop that was measured, 0 for the whole case.
    planned
        Cells that were judged together.
    verdict
        What the gate said.
    screen, confirm
        Raw pairs that count, of either stage.
    void
        Pairs that the controls made void.
    beside
        The load that was put beside it on purpose; empty where none was.
    """

    gate: str
    when: str
    machine: str
    commit: str
    wheel: str
    kind: Kind
    injection: str
    amount: float
    kernel: str
    case: str
    arm: str
    side: int
    planned: int
    verdict: str
    screen: Times
    confirm: Times
    void: int
    beside: str = ""

    @property
    def cell(self) -> Cell:
        """The cell that was compared."""
        return Cell(self.kernel, self.case, self.arm)

    @property
    def pairs(self) -> Times:
        """All pairs that count."""
        return self.screen + self.confirm

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Entry:
        """Make an entry from its JSON object."""
        times = {name: tuple((float(base), float(head)) for base, head in raw[name]) for name in ("screen", "confirm")}
        return cls(**{**raw, **times})


def add(entries: list[Entry], machine: str, folder: Path | None = None) -> Path:
    """Add entries to a machine's file of the ledger, and return it; those of a gate that are there stay as they are."""
    path = (folder or LEDGER) / f"{machine}.jsonl"
    known = {(entry.gate, entry.cell) for entry in read(path)}
    for entry in entries:
        if (entry.gate, entry.cell) not in known:
            append(path, entry)
    return path


def read(path: Path) -> list[Entry]:
    """Return the entries of a file; raise a ValueError that names a line which is none."""
    try:
        return [Entry.parse(raw) for raw in read_raw(path)]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has a line that this version of the lab does not know: {error}") from None


def read_all(folder: Path | None = None) -> list[Entry]:
    """Return all entries of all machines."""
    return [entry for path in sorted((folder or LEDGER).glob("*.jsonl")) for entry in read(path)]
