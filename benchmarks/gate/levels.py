"""A designed experiment: at which level does a time vary? Blocks, processes, placement, the state of memory, visits.

The states of memory are entered again and again in a drawn order. Each time is a *visit*: in it processes follow one
another, with and without ballast, with and without huge pages, in a drawn order. Each times two implementations side by
side, as every measurement of the lab does. What is found tells what an interval over processes leaves out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import numpy as np

from benchmarks import registry
from benchmarks.environment.jsonlines import append, read_raw
from benchmarks.environment.lock import one_at_a_time
from benchmarks.environment.process import spawn
from benchmarks.gate import memory_states
from benchmarks.gate.memory_states import State
from benchmarks.pairing.oracles import files
from benchmarks.pairing.runlines import read_lines
from benchmarks.pairing.worker import Job

LEVELS = "levels.jsonl"
ARMS = ("numpy", "rust")


@dataclass(frozen=True)
class Trial:
    """What one process found of one case.

    Attributes
    ----------
    visit, state
        Number of the visit, and the state of memory that was entered.
    ballast, huge_pages
        Whether the process held ballast, and whether the system might give huge pages.
    began
        Seconds since the epoch.
    kernel, case
        What was called.
    blocks_s
        Implementation → seconds per call of its blocks.
    """

    visit: int
    state: str
    ballast: bool
    huge_pages: bool
    began: float
    kernel: str
    case: str
    blocks_s: Mapping[str, tuple[float, ...]]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Trial:
        """Make a trial from its JSON object."""
        return cls(**{**raw, "blocks_s": {arm: tuple(blocks) for arm, blocks in raw["blocks_s"].items()}})


def read(folder: Path) -> list[Trial]:
    """Return the trials of an experiment; raise a ValueError that names a line which is none."""
    try:
        return [Trial.parse(raw) for raw in read_raw(folder / LEVELS)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder / LEVELS} has a line that this version of the lab does not know: {error}") from None


class Experiment:
    """The experiment in a directory; visits that are there are not made again."""

    def __init__(self, folder: Path, cases: Mapping[str, Sequence[str]], states: Sequence[State], seed: int) -> None:
        self.folder, self.cases, self.states, self.seed = folder, cases, states, seed

    def visit(self, number: int, notify: Callable[[], None]) -> None:
        """Enter the state that this visit is for, and measure every placement once.

        Raises
        ------
        benchmarks.gate.memory_states.Unavailable
            Where the state cannot be entered.
        benchmarks.environment.process.MeasurementError
            Where a process ends badly.
        """
        order = np.random.default_rng([self.seed, number // len(self.states)]).permutation(len(self.states))
        state = self.states[order[number % len(self.states)]]
        rng = np.random.default_rng([self.seed, number, 1])
        placements = list(itertools.product((False, True), repeat=2))
        with one_at_a_time():
            memory_states.enter(state)
            for place in rng.permutation(len(placements)):
                ballast, huge_pages = placements[place]
                for kernel in self.cases:
                    for trial in self._process(kernel, number, state, ballast=ballast, huge_pages=huge_pages):
                        append(self.folder / LEVELS, trial)
                notify()

    def _process(self, kernel: str, number: int, state: State, *, ballast: bool, huge_pages: bool) -> list[Trial]:
        name = f"{number:03d}-{ballast:d}{huge_pages:d}-{kernel}"
        where, cases = self.folder / name, tuple(self.cases[kernel])
        where.mkdir(parents=True)
        oracles = {case: files(registry.get(kernel), case) for case in cases}
        job = Job(
            str(where), kernel, 0, self.seed + number, cases, ARMS, "", oracles,
            controls=False, ballast=ballast, huge_pages=huge_pages,
        )  # fmt: skip
        job.save(where / "job.json")
        began = time()
        spawn("benchmarks.pairing.worker", where / "job.json", "", where / "log")
        found = [line for line in read_lines(where, kernel) if all(line.arms[arm].blocks_s for arm in ARMS)]
        return [
            Trial(
                number, state, ballast, huge_pages, began, kernel, line.case,
                {arm: line.arms[arm].blocks_s for arm in ARMS},
            )
            for line in found
        ]  # fmt: skip
