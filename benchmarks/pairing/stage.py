"""The timed part of a measurement: all arms of one case on one set of arrays, checked, in turn, in short blocks."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import repeat
from time import perf_counter_ns
from typing import Any

import numpy as np

from benchmarks.calls.answers import arrays_of, copy_of, digest, judge, same_answer
from benchmarks.calls.binding import WALL, Absent, Bound, Target, bind
from benchmarks.pairing.runlines import CROPPED, Group, Line, Outcome
from benchmarks.spec import Array, Kernel

BLOCK_S = 4e-3
"""Least length of a block."""
SLOW_S = 0.2
"""An arm above this is measured on the centre crop."""
SLOW_WALLS = 3.0
"""… unless the case is so large that even reading it takes a third of the arm's time."""
DISCARD_BELOW_S = 0.05
"""Arms below this drop their first call of a round."""
ROUNDS = (3, 9)
ARM_BUDGET_S = 0.15
"""The blocks of an arm take about this long, within `ROUNDS`: a slow arm sits out some of the rounds."""
RIGHT_BYTES = 128 * 2**20
"""Right answers that differ in bits are kept up to this size, at least one, so that few are compared value by value."""
LOW_QUANTILE = 0.25
WRITES = ("read-only", "Cannot modify readonly")
"""What NumPy and Numba say of an array that nobody may write to."""


def rotation(arms: Sequence[str], rounds: int) -> list[tuple[str, ...]]:
    """Return the order of the arms in each round: a rotated Latin square, so that none always leads."""
    return [tuple(arms[(k + r) % len(arms)] for k in range(len(arms))) for r in range(rounds)]


def takes_part(turn: int, wanted: int, rounds: int) -> bool:
    """Tell whether an arm that wants fewer rounds than there are takes part in this one; they are evenly spread."""
    return (turn + 1) * wanted // rounds > turn * wanted // rounds


def robust_s(blocks_s: Sequence[float]) -> float:
    """Return the low quantile of block times: noise on a shared machine only ever adds."""
    return float(np.quantile(blocks_s, LOW_QUANTILE))


def is_slow(estimate_s: float, wall_s: float) -> bool:
    """Decide whether an arm is too slow for the whole case."""
    return estimate_s > max(SLOW_S, SLOW_WALLS * wall_s)


def block_s(call: Callable[[], Any], calls: int) -> float:
    """Return seconds per call of a block of calls, whose results are dropped."""
    start = perf_counter_ns()
    for _ in repeat(None, calls):
        call()
    return (perf_counter_ns() - start) / calls * 1e-9


class Stage:
    """The arms of one case in one group, on one set of arrays."""

    def __init__(
        self, kernel: Kernel, onto: Target, expected: Array, arms: Sequence[str], block_s: float | None = None,
        *, right: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        self.kernel, self.onto, self.expected = kernel, onto, expected
        self.right = None if right is None else set(right)
        """Digests of answers that were found right elsewhere or here; where they are None the answers are kept."""
        self.block_s = BLOCK_S if block_s is None else block_s
        self.bound: dict[str, Bound] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.max_ulp: dict[str, float | None] = {}
        self.estimate_s: dict[str, float] = {}
        self._checked_s: dict[str, float] = {}
        self._right: list[tuple[tuple[Array, ...], float | None]] = []
        for arm in arms:
            try:
                found = bind(kernel, arm, onto)
            except ImportError as error:  # it is there and broken
                self.outcomes[arm] = Outcome("failed", f"{type(error).__name__}: {error}")
                continue
            if isinstance(found, Absent):
                self.outcomes[arm] = Outcome("skipped", found.reason)
            else:
                self.bound[arm] = found

    def check(self, arm: str, when: str) -> bool:
        """Call an arm once and hold the answer against the oracle; an arm that fails is out."""
        bound = self.bound[arm]
        for array in () if self.onto.out is None else arrays_of(self.onto.out):
            array.fill(-12345)
        start = perf_counter_ns()
        try:
            result = bound.call()
        except Exception as error:  # whatever an implementation raises is its failure, not the measurement's
            writes = "it writes to its inputs: " if any(said in str(error) for said in WRITES) else ""
            return self._fail(arm, f"{when} the timed blocks: {writes}{type(error).__name__}: {error}")
        self._checked_s[arm] = (perf_counter_ns() - start) * 1e-9
        if arm == WALL:
            return True
        if self._is_known(arm, result):
            return True
        dtype = self.kernel.output_dtype(self.onto.case.dtype)
        comparison = judge(self.kernel, result, self.expected, dtype, self.kernel.keywords(self.onto.case))
        if not comparison.ok:
            return self._fail(arm, f"wrong answer {when} the timed blocks: {comparison.detail}")
        self._remember(result, comparison.max_ulp)
        self.max_ulp[arm] = max((u for u in (self.max_ulp.get(arm), comparison.max_ulp) if u is not None), default=None)
        return True

    def _is_known(self, arm: str, result: Any) -> bool:
        """Tell whether an answer was found right before, bit for bit."""
        if self.right is not None:
            return digest(result) in self.right
        for right, ulp in self._right:
            if same_answer(result, right):
                self.max_ulp.setdefault(arm, ulp)
                return True
        return False

    def _remember(self, result: Any, ulp: float | None) -> None:
        if self.right is not None:
            self.right.add(digest(result))
            return
        room = max(1, RIGHT_BYTES // max(1, self.onto.output_bytes))
        self._right = [(copy_of(result), ulp), *self._right][:room]

    def _fail(self, arm: str, reason: str) -> bool:
        threads = self.bound.pop(arm).threads
        self.outcomes[arm] = Outcome("failed", reason, threads=threads, max_ulp=None)
        return False

    def drop(self, arm: str) -> None:
        """Leave an arm to the crop."""
        threads = self.bound.pop(arm).threads
        self.outcomes[arm] = Outcome("skipped", CROPPED, threads=threads)

    def drop_slow(self) -> None:
        """Leave every arm to the crop whose call on the whole case has turned out slow."""
        wall_s = self.estimate_s.get(WALL, 0.0)
        for arm in [arm for arm in self.bound if arm != WALL and is_slow(self.estimate_s[arm], wall_s)]:
            self.drop(arm)

    def estimate(self, arm: str, *, compiled: bool) -> None:
        """Keep a rough time of a warm call: one call, or a millisecond of them.

        Where the arm was compiled before, and is slow, the call that was checked is warm enough.
        """
        call = self.bound[arm].call
        seconds = self._checked_s[arm]
        if not compiled or seconds < DISCARD_BELOW_S:
            seconds = block_s(call, 1)
        if seconds < 1e-3:
            seconds = block_s(call, max(1, math.ceil(1e-3 / max(seconds, 1e-7))))
        self.estimate_s[arm] = seconds

    def measure(self, order: Sequence[str]) -> None:
        """Run the rounds and check the answers again; every arm left has an outcome afterwards."""
        arms = [arm for arm in order if arm in self.bound]
        if not arms:
            return
        calls = {arm: max(1, math.ceil(self.block_s / self.estimate_s[arm])) for arm in arms}
        blocks = self._blocks(arms, calls)
        for arm in arms:
            if self.check(arm, "after"):
                times, ulp = tuple(blocks[arm]), self.max_ulp.get(arm)
                threads = self.bound[arm].threads
                self.outcomes[arm] = Outcome("ok", "", threads, times, calls[arm], robust_s(times), ulp)

    def _blocks(self, arms: Sequence[str], calls: Mapping[str, int]) -> dict[str, list[float]]:
        """Run the rounds, and return the seconds per call of each arm's blocks."""
        discarded = {arm: int(self.estimate_s[arm] < DISCARD_BELOW_S) for arm in arms}
        cost_s = {arm: self.estimate_s[arm] * (calls[arm] + discarded[arm]) for arm in arms}
        wanted = {arm: int(np.clip(ARM_BUDGET_S / cost_s[arm], *ROUNDS)) for arm in arms}
        rounds = max(wanted.values())
        blocks: dict[str, list[float]] = {arm: [] for arm in arms}
        gc.collect()
        gc.disable()
        try:
            for turn, round_arms in enumerate(rotation(arms, rounds)):
                for arm in round_arms:
                    if takes_part(turn, wanted[arm], rounds):
                        call = self.bound[arm].call
                        if discarded[arm]:
                            call()
                        blocks[arm].append(block_s(call, calls[arm]))
        finally:
            gc.enable()
        return blocks

    def line(self, process: int, group: Group, shape: tuple[int, ...], arms: Sequence[str]) -> Line:
        """Return what was found, in the order of reports."""
        outcomes = {arm: self.outcomes[arm] for arm in arms}
        onto = self.onto
        return Line(process, onto.case.name, group, shape, onto.input_bytes, onto.output_bytes, outcomes)
