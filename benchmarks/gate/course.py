"""The course of a gate: pairs of processes, one after the other, each over all the cells that are still of interest.

Each pair is started anew, with its memory placed anew, and takes the cells case by case in an order of its own. So the
pairs of one cell are spread over the whole gate. A pair in which a process ends or does not answer is replaced once for
the cells that are left; a cell that ends it twice has failed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from benchmarks.environment.jsonlines import append, read_raw
from benchmarks.environment.lock import one_at_a_time
from benchmarks.gate import loads
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import PAIRS, Cell, Pair, Side, Stage, read_pairs
from benchmarks.gate.loads import Load, Running
from benchmarks.gate.lockstep import Answers, Placement, SeatError, opened
from benchmarks.gate.plan import processor
from benchmarks.gate.relink import Sides
from benchmarks.pairing.controls import Watch

CONTROLS = "controls.jsonl"
STAGES: tuple[Stage, ...] = ("screen", "confirm", "relink", "same")


class _Turn(NamedTuple):
    """Which pair, whom it tells of its comparisons, and when its time is over."""

    number: int
    stage: Stage
    notify: Callable[[Pair], None]
    until: float


class Course:
    """What measures the pairs of one gate into its directory; what is there already is not measured again.

    A pair of which the controls were not kept, as where the lab was killed, counts as not there.
    """

    def __init__(self, folder: Path, base: Build, head: Build, seed: int, beside: str = "") -> None:
        self.folder, self.base, self.head, self.seed, self.beside = folder, base, head, seed, beside
        self.linked: Sequence[Sides] = ()
        """What the stage ``relink`` compares, in turn."""
        self.answers = Answers()
        self.sides: dict[tuple[str, str, str], int] = {}
        for line in read_pairs(folder):
            if line.calls:
                self.sides[line.cell] = line.side

    def measure(
        self,
        cells: Iterable[Cell],
        numbers: Iterable[int],
        stage: Stage,
        notify: Callable[[Pair], None] = lambda _: None,
        until: float = float("inf"),
    ) -> bool:
        """Compare the cells in pairs of those numbers; tell whether all was done before the time was over.

        Parameters
        ----------
        cells, numbers, stage
            What is compared, in which pairs.
        notify
            Called with each comparison.
        until
            On the clock of `time.monotonic`; no cell is begun later.

        Raises
        ------
        benchmarks.environment.process.MeasurementError
            Where a pair cannot be opened, or imports another wheel than it should.
        """
        wanted = list(cells)
        with one_at_a_time():
            for number in numbers:
                there = self._there(stage, number)
                left = [cell for cell in wanted if cell not in there]
                if left and not self._turn(left, _Turn(number, stage, notify, until)):
                    return False
        return True

    def _there(self, stage: Stage, number: int) -> set[Cell]:
        """Return the cells of which there is a pair of that number, and what the machine gave meanwhile."""
        if not any((line["stage"], line["number"]) == (stage, number) for line in read_controls(self.folder)):
            return set()
        return {line.cell for line in read_pairs(self.folder) if (line.stage, line.number) == (stage, number)}

    def _turn(self, cells: Sequence[Cell], turn: _Turn) -> bool:
        rng = np.random.default_rng([self.seed, STAGES.index(turn.stage), turn.number])
        left, ended = _by_case(cells, rng), None
        while left and monotonic() <= turn.until:
            try:
                self._pair(left, turn, rng)
            except SeatError as error:
                if left[0] == ended:
                    self._keep(_broken(left.pop(0), turn, str(error)), turn)
                else:
                    ended = left[0]
        return not left

    def _pair(self, left: list[Cell], turn: _Turn, rng: np.random.Generator) -> None:
        """Compare cells in one pair of processes, and take each from the list when its line is kept."""
        placement, watch = Placement.drawn(rng), Watch()
        load = Load.of(self.beside, int(rng.integers(1 << 31))) if self.beside else None
        base, head = self._sides(turn)
        told: dict[str, Any] = {}
        with loads.beside(load) as running:
            try:
                with opened(base, head, placement, rng, self.folder / "seats.log", answers=self.answers) as pair:
                    while left and monotonic() <= turn.until:
                        line = pair.compare(left[0], turn.number, turn.stage, self.sides.get(left[0]))
                        if line.calls:  # timed, and stays on that side: pairs of a whole and of a crop do not compare
                            self.sides[line.cell] = line.side
                        self._keep(line, turn)
                        left.pop(0)
                    told = pair.controls()
            finally:  # also of a pair that ended badly: what it has measured until then counts
                append(self.folder / CONTROLS, _controls(placement, turn, watch, running) | told)

    def _sides(self, turn: _Turn) -> tuple[Build, Build]:
        if turn.stage == "relink":
            return self.linked[turn.number % len(self.linked)]
        return self.base, self.base if turn.stage == "same" else self.head

    def _keep(self, line: Pair, turn: _Turn) -> None:
        append(self.folder / PAIRS, line)
        turn.notify(line)


def read_controls(folder: Path) -> list[dict[str, Any]]:
    """Return what the machine gave in each pair of a gate."""
    return read_raw(folder / CONTROLS)


def _by_case(cells: Sequence[Cell], rng: np.random.Generator) -> list[Cell]:
    """Return the cells in a random order of cases, and of implementations on each: these share its arrays."""
    cases = sorted({(cell.kernel, cell.case) for cell in cells})
    order = {cases[place]: turn for turn, place in enumerate(rng.permutation(len(cases)))}
    shuffled = [cells[place] for place in rng.permutation(len(cells))]
    return sorted(shuffled, key=lambda cell: order[cell.kernel, cell.case])


def _broken(cell: Cell, turn: _Turn, why: str) -> Pair:
    side = Side("failed", why)
    return Pair(*cell, turn.number, turn.stage, 0, 0, "base", side, side, {}, 0.0)


def _controls(placement: Placement, turn: _Turn, watch: Watch, running: Running) -> dict[str, Any]:
    """Return what the machine gave while a pair measured, and the load that was put beside it."""
    given = {"steal_share": watch.steal_share(), **watch.throttled()._asdict(), "seconds": round(watch.seconds, 3)}
    load = {} if running.load is None else {"beside": {**asdict(running.load), "ended": running.ended()}}
    where = {"number": turn.number, "stage": turn.stage, "processor": processor(), "load_1min": os.getloadavg()[0]}
    return {**where, **asdict(placement), **given, **load}
