"""What is counted, and the lines that are kept of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path

from benchmarks.environment.jsonlines import read_raw
from benchmarks.pairing.small_calls import small_cases
from benchmarks.spec import Kernel
from inputs.cases import Case

ARMS = ("numpy", "numba", "rust")
COUNTS = "counts.jsonl"
SIMD = "avx2"
"""Valgrind knows AVX2, and not AVX-512."""
MOST_VALUES = 20_000
"""Values in the case that is counted, at most: as many dates as a real series has, and seconds under valgrind."""


@dataclass(frozen=True)
class Count:
    """What one call of an implementation takes on its small case.

    Attributes
    ----------
    kernel, case, arm
        What was called, and on which small case.
    digest
        Of the wheel.
    simd
        The instruction set that the wheel says it takes; empty where it says nothing.
    instructions, allocated_bytes, peak_bytes
        Instructions executed, bytes that were asked of the allocator, and the most of them that were held at once, with
        the result. Or the reason why there is no such number.
    """

    kernel: str
    case: str
    arm: str
    digest: str
    simd: str
    instructions: int | str
    allocated_bytes: int | str
    peak_bytes: int | str


def counted_case(kernel: Kernel) -> Case:
    """Return the case on which a kernel is counted: the largest of its small ones within `MOST_VALUES`."""
    return max((case for case in small_cases(kernel) if prod(case.shape) <= MOST_VALUES), key=lambda c: prod(c.shape))


def settled(found: Iterable[int | str]) -> int | str:
    """Return a number that several processes agree on, or the reason why there is none."""
    each = list(found)
    if reasons := [one for one in each if isinstance(one, str)]:
        return reasons[0]
    if len(set(each)) > 1:
        return f"excluded: separate processes counted {' and '.join(f'{one:,}' for one in each)}"
    return each[0]


def read_counts(path: Path) -> list[Count]:
    """Return the counts in a file; of several of one implementation and wheel the last counts.

    Raises
    ------
    ValueError
        For a file that holds something else.
    """
    try:
        lines = [Count(**raw) for raw in read_raw(path)]
    except TypeError as error:
        raise ValueError(f"{path} has a line that this version of the lab does not know: {error}") from None
    return list({(line.digest, line.kernel, line.arm): line for line in lines}.values())
