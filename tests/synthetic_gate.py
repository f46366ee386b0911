"""A machine and its commits for a gate without processes: pairs with known changes, and what the controls say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.environment import checkout
from benchmarks.environment.jsonlines import append
from benchmarks.gate import affected, builds, course, instructions, plan
from benchmarks.gate.builds import Build
from benchmarks.gate.course import CONTROLS
from benchmarks.gate.lines import PAIRS, Cell, Pair, Side
from lab import __main__ as door

BASE = Build("a" * 40, "before", "1" * 64, Path("/base"))
HEAD = Build("b" * 40, "after", "2" * 64, Path("/head"))
CALL_S = 5e-3


@dataclass
class World:
    """What the machine and the commits are like in a test."""

    folder: Path
    changes: dict[Cell, float] = field(default_factory=dict)
    spoil: Callable[[Pair], Pair] = lambda pair: pair
    controls: dict[str, Any] = field(default_factory=dict)
    until_number: int = 10**6
    raises: BaseException | None = None

    def gate(self, *options: str) -> int:
        """Run the command."""
        return door.main(["gate", BASE.commit, "HEAD", "--kernel", "evi", *options])

    def measure(self, cells: Iterable[Cell], numbers: Iterable[int], stage: Any, notify: Any, one: StandIn) -> bool:
        """Stand in for the processes."""
        if self.raises is not None:
            raise self.raises
        for number in numbers:
            if number >= self.until_number:
                return False
            load = {"beside": {"kind": one.beside, "ended": False}} if one.beside else {}
            append(one.folder / CONTROLS, {"number": number, "stage": stage, **load, **self.controls})
            for cell in cells:
                rng = np.random.default_rng([number, len(stage), len(str(cell))])
                change = 0.0 if stage == "same" else self.changes.get(cell, 0.0)
                base = (CALL_S,) * 4
                head = tuple(CALL_S * exp(change + rng.normal(0, 0.005)) for _ in base)
                sides = Side("ok", "", base), Side("ok", "", head)
                pair = self.spoil(Pair(*cell, number, stage, 0, 1, "base", *sides, {}, 0.1))
                append(one.folder / PAIRS, pair)
                notify(pair)
        return True


class StandIn:
    """A course that asks a world."""

    def __init__(self, world: World, folder: Path, beside: str) -> None:
        self.world, self.folder, self.beside = world, folder, beside

    def measure(self, cells: Any, numbers: Any, stage: Any, notify: Any, until: float) -> bool:
        """Compare what is not there yet."""
        return self.world.measure(cells, numbers, stage, notify, self)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a calm world in which the change is in `evi`."""
    made = World(tmp_path)

    def stand_in(folder: Path, _base: Build, _head: Build, _seed: int, beside: str = "") -> StandIn:
        return StandIn(made, folder, beside)

    monkeypatch.setattr(course, "Course", stand_in)
    monkeypatch.setattr(instructions, "count", lambda *_: instructions.Counted())
    monkeypatch.setattr(plan, "GATES", tmp_path / "gates")
    monkeypatch.setattr(builds, "build", lambda name: HEAD if name == "HEAD" else BASE)
    monkeypatch.setattr(checkout, "require_clean", lambda: None)
    monkeypatch.setattr(affected, "affected", lambda *_: {("evi", arm): "evi.rs" for arm in affected.ARMS})
    return made
