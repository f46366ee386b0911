"""What is said between the two processes of a pair and the one that leads them, and the lines that are kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from benchmarks.environment.jsonlines import read_raw

Do = Literal["open", "prepare", "block", "check", "controls"]
Status = Literal["ok", "failed", "skipped"]
Stage = Literal["screen", "confirm", "relink", "same"]
PAIRS = "pairs.jsonl"


class Cell(NamedTuple):
    """What is compared: an implementation of a kernel on a case."""

    kernel: str
    case: str
    arm: str

    def __str__(self) -> str:
        return f"{self.kernel} · {self.case} · {self.arm}"


@dataclass(frozen=True)
class Request:
    """What a process is asked to do; what a request does not need stays empty.

    Attributes
    ----------
    do
        ``open`` places the memory, ``prepare`` makes the arrays of a cell and calls it, ``block`` times calls,
        ``check`` calls once more and judges the answer, ``controls`` tells what the machine gives.
    digest
        Of the wheel that must be imported.
    ballast_bytes
        Memory that is held from the beginning, so that what comes later lies elsewhere.
    huge_pages
        Whether the system may give huge pages.
    core
        The core on which cells of one thread are timed, -1 for any.
    kernel, case, arm, side, oracle, right
        The cell, the side of its crop or 0 for the whole case, the file with the right answer, and the digests of
        answers that were held against it before and found right.
    calls, discarded
        Calls that a block times, and those before them that it does not.
    """

    do: Do
    digest: str = ""
    ballast_bytes: int = 0
    huge_pages: bool = True
    core: int = -1
    kernel: str = ""
    case: str = ""
    arm: str = ""
    side: int = 0
    oracle: str = ""
    right: tuple[str, ...] = ()
    calls: int = 0
    discarded: int = 0


@dataclass(frozen=True)
class Reply:
    """What a process answers: whether it could, the seconds of a call, and what else there is to tell."""

    status: Status
    reason: str = ""
    seconds: float | None = None
    told: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Side:
    """What one process of a pair found.

    Attributes
    ----------
    status, reason
        Whether it could be timed, and why not.
    blocks_s
        Seconds per call of its blocks, in the order in which they ran.
    waited_share
        Share of the time of these blocks in which it was ready and another had its core; None where nobody tells.
    minor_faults, major_faults
        Pages that it was given in these blocks, and those of them that had to be read from the disk.
    """

    status: Status
    reason: str = ""
    blocks_s: tuple[float, ...] = ()
    waited_share: float | None = None
    minor_faults: int = 0
    major_faults: int = 0


@dataclass(frozen=True)
class Pair:
    """One comparison of a cell: two fresh processes whose blocks alternated.

    Attributes
    ----------
    kernel, case, arm
        The cell.
    number, stage
        Which pair, from 0 in each stage.
    side
        Of the crop that was measured, 0 for the whole case.
    calls
        Calls in a block.
    first
        Which side led each round: ``base`` or ``head``.
    base, head
        What the two found.
    placement
        How the memory of the pair was placed: what the two were told when they were opened.
    seconds
        What the comparison took, with its preparation.
    """

    kernel: str
    case: str
    arm: str
    number: int
    stage: Stage
    side: int
    calls: int
    first: str
    base: Side
    head: Side
    placement: Mapping[str, Any]
    seconds: float

    @property
    def cell(self) -> Cell:
        """The cell that is compared."""
        return Cell(self.kernel, self.case, self.arm)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Pair:
        """Make a line from its JSON object."""
        sides = {name: Side(**{**raw[name], "blocks_s": tuple(raw[name]["blocks_s"])}) for name in ("base", "head")}
        return cls(**{**raw, **sides})


def read_pairs(folder: Path) -> list[Pair]:
    """Return the comparisons of a gate; of several of one cell, stage and number the last counts.

    Raises
    ------
    ValueError
        For a file that holds something else; a line that was cut at the end is left out.
    """
    path = folder / PAIRS
    try:
        lines = [Pair.parse(raw) for raw in read_raw(path)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} has a line that this version of the lab does not know: {error}") from None
    return list({(line.cell, line.stage, line.number): line for line in lines}.values())
