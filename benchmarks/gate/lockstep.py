"""Two processes in lock-step: base and head hold the same cell, and their blocks alternate, one at a time.

Two wheels of one name cannot share a process, so a pair is two processes that are told over pipes when to run. They
start together and prepare together; while one measures, the other waits.

Rounds go ABAB, from a side that is drawn for each pair. Every block then follows one of the other side, which has left
its own data in the cache. With ABBA every second block would follow one of its own side and find its data there; the
low quantile would choose among the two, and pairs would scatter by 20 %. For the same reason the first calls of a block
do not count.
"""

from __future__ import annotations

import json
import math
import os
import select
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from benchmarks import ROOT, registry
from benchmarks.calls.binding import crop_side
from benchmarks.environment import keeper
from benchmarks.environment.cause import sentence
from benchmarks.environment.process import MeasurementError, environment
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import Cell, Pair, Reply, Request, Side, Stage
from benchmarks.pairing.oracles import oracle
from benchmarks.pairing.stage import BLOCK_S, DISCARD_BELOW_S, SLOW_S
from benchmarks.pairing.worker import BALLAST_BYTES
from inputs.families import find
from inputs.host.cache import cache_dir

PATIENCE_S = 120.0
"""How long an answer may take."""
ROUNDS = (5, 16)
"""Fewest and most rounds; each is a block of either side."""
SIDE_BUDGET_S = 0.2
"""The blocks of one side of a cell take about this long, with the calls that do not count, within `ROUNDS`."""
CACHE_BYTES = 2 * 2**20
"""Arrays of a cell up to this size stay in a core's own cache, beside those of the other side."""
WARM_S = {True: 2e-3, False: 20e-3}
"""Calls for so long at the beginning of a block do not count, by whether the arrays are small enough for that cache."""


class SeatError(RuntimeError):
    """A process of a pair ended, did not answer, or answered something else; the sentence says which and why."""


@dataclass(frozen=True)
class Placement:
    """How the memory of a pair is placed; both of its processes are told the same."""

    ballast_bytes: int
    huge_pages: bool
    core: int

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Placement:
        """Draw one: pages of ballast, huge pages in half of the pairs, a core that this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        pages = int(rng.integers(1, BALLAST_BYTES // 4096))
        return cls(pages * 4096, bool(rng.integers(2)), int(rng.choice(cores)))


class Seat:
    """The leading end of one process."""

    def __init__(self, of: Build, log: Path) -> None:
        self.log, self.digest = log, of.digest
        variables = {**environment(cache_dir(), of.digest, os.environ), "PYTHONPATH": str(of.folder)}
        with log.open("ab") as said:
            self.process = keeper.Kept(
                [sys.executable, "-m", "benchmarks.gate.seat"],
                cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
            )  # fmt: skip

    def tell(self, asked: Request) -> None:
        """Send a request; `hear` waits for the answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(asdict(asked)) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise SeatError(self._ended()) from None

    def hear(self, patience_s: float = PATIENCE_S) -> Reply:
        """Wait for the answer to the last request."""
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], patience_s)[0]:
            raise SeatError(f"no answer within {patience_s:.0f} s")
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise SeatError(self._ended())
        try:
            return Reply(**json.loads(line))
        except (ValueError, TypeError):
            raise SeatError(f"its answer was {line[:80]!r}") from None

    def ask(self, asked: Request) -> Reply:
        """Send a request and wait for its answer."""
        self.tell(asked)
        return self.hear()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _ended(self) -> str:
        code = self.process.wait()
        return f"its process ended with {code}: {sentence(self.log.read_text(encoding='utf-8', errors='replace'))}"


class Answers:
    """The right answers of cells: the oracle's file, and digests of what was held against it and found right.

    To judge millions of values takes longer than to time them. So each answer is judged once in a gate, and known by
    its digest afterwards.
    """

    def __init__(self) -> None:
        self.files: dict[tuple[str, str, int], str] = {}
        self.right: dict[tuple[Cell, int], set[str]] = {}

    def prepare(self, cell: Cell, side: int) -> Request:
        """Return the request that prepares a cell."""
        kernel, key = registry.get(cell.kernel), (cell.kernel, cell.case, side)
        if key not in self.files:
            self.files[key] = str(oracle(kernel, find(kernel.family, cell.case), side or None))
        right = tuple(sorted(self.right.get((cell, side), ())))
        return Request("prepare", **cell._asdict(), side=side, oracle=self.files[key], right=right)

    def learn(self, cell: Cell, side: int, replies: Iterable[Reply]) -> None:
        """Keep what the processes have found right."""
        for reply in replies:
            self.right.setdefault((cell, side), set()).update((reply.told or {}).get("right", ()))


class Lockstep:
    """Two open processes, which compare one cell after the other."""

    def __init__(
        self, base: Seat, head: Seat, placement: Placement, rng: np.random.Generator, answers: Answers
    ) -> None:
        self.base, self.head, self.placement, self.rng, self.answers = base, head, placement, rng, answers

    @property
    def seats(self) -> tuple[Seat, Seat]:
        """Base and head."""
        return self.base, self.head

    def both(self, asked: Request) -> tuple[Reply, Reply]:
        """Ask both at once."""
        for seat in self.seats:
            seat.tell(asked)
        return self.base.hear(), self.head.hear()

    def compare(self, cell: Cell, number: int, stage: Stage, side: int | None) -> Pair:
        """Compare a cell on its crop of that side, 0 for the whole; without a side, the crop is taken where it is slow.

        Raises
        ------
        SeatError
            Where a process does not answer any more; the pair is of no use then.
        """
        began = monotonic()
        kernel, first = registry.get(cell.kernel), "base" if self.rng.integers(2) else "head"
        case = find(kernel.family, cell.case)
        crop = crop_side(case) or 0
        replies = self._prepared(cell, side or 0)
        if side is None and crop and max(reply.seconds or 0.0 for reply in replies) > SLOW_S:
            side, replies = crop, self._prepared(cell, crop)
        calls = 0
        base, head = (Side(reply.status, reply.reason) for reply in replies)
        if base.status == head.status == "ok":
            calls, (base, head) = self._timed(replies, first)
        placed, seconds = asdict(self.placement), round(monotonic() - began, 3)
        return Pair(*cell, number, stage, side or 0, calls, first, base, head, placed, seconds)

    def _prepared(self, cell: Cell, side: int) -> tuple[Reply, Reply]:
        replies = self.both(self.answers.prepare(cell, side))
        self.answers.learn(cell, side, replies)
        return replies

    def _timed(self, replies: tuple[Reply, Reply], first: str) -> tuple[int, tuple[Side, Side]]:
        estimates_s = [_seconds(reply) for reply in replies]
        small = max((reply.told or {}).get("bytes", 0) for reply in replies) <= CACHE_BYTES
        calls, discarded = _calls(min(estimates_s), max(estimates_s), small=small)
        rounds = int(np.clip(SIDE_BUDGET_S / (max(estimates_s) * (calls + discarded)), *ROUNDS))
        block = Request("block", calls=calls, discarded=discarded)
        blocks: dict[Seat, list[float]] = {seat: [] for seat in self.seats}
        lead, other = self.seats if first == "base" else self.seats[::-1]
        for seat in (lead, other) * rounds:
            blocks[seat].append(_seconds(seat.ask(block)))
        judged = self.both(Request("check"))
        base, head = (
            Side(reply.status, reply.reason, tuple(blocks[seat]), **(reply.told or {}))
            for seat, reply in zip(self.seats, judged, strict=True)
        )
        return calls, (base, head)

    def controls(self) -> dict[str, Any]:
        """Return what the machine gives, asked of one of the two, or why that is not known."""
        try:
            reply = self.base.ask(Request("controls"))
        except SeatError as error:  # all cells were compared by then
            return {"reason": str(error)}
        return dict(reply.told or {}) if reply.status == "ok" else {"reason": reply.reason}


@contextmanager
def opened(
    base: Build,
    head: Build,
    placement: Placement,
    rng: np.random.Generator,
    log: Path,
    *,
    answers: Answers | None = None,
) -> Iterator[Lockstep]:
    """Start two processes with the same placement, and end them afterwards; what they find right is learned.

    Raises
    ------
    benchmarks.environment.process.MeasurementError
        Where one does not start, or imports another wheel than it should.
    """
    seats: list[Seat] = []
    try:
        seats += [Seat(base, log), Seat(head, log)]
        pair = Lockstep(seats[0], seats[1], placement, rng, answers or Answers())
        _open(seats, placement)
        yield pair
    finally:
        for seat in seats:
            seat.close()


def _open(seats: Sequence[Seat], placement: Placement) -> None:
    try:
        for seat in seats:
            seat.tell(Request("open", digest=seat.digest, **asdict(placement)))
        said = [reply.reason for reply in (seat.hear() for seat in seats) if reply.status != "ok"]
    except SeatError as error:
        said = [str(error)]
    if said:
        raise MeasurementError(f"a pair of processes could not begin: {said[0]}")


def _calls(least_s: float, most_s: float, *, small: bool) -> tuple[int, int]:
    """Return how many calls a block times, and how many before them do not count, from the shorter and longer time."""
    discarded = math.ceil(WARM_S[small] / most_s) if most_s < DISCARD_BELOW_S else 0
    return math.ceil(BLOCK_S / least_s), discarded


def _seconds(reply: Reply) -> float:
    """Return what a call takes, or raise a SeatError where it is no time: too many calls would make a block of it."""
    if reply.status != "ok":
        raise SeatError(reply.reason)
    if reply.seconds is None or not (math.isfinite(reply.seconds) and reply.seconds > 0):
        raise SeatError(f"the clock said {reply.seconds} s of a call")
    return reply.seconds
