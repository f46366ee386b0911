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

Subject = tuple[str, str, str]
"""What is counted: kernel, implementation and small case."""
ARMS = ("numpy", "numba", "rust")
COUNTS = "counts.jsonl"
SIMD = "avx2"
"""Valgrind knows AVX2, and not AVX-512."""
MOST_VALUES = 20_000
"""Values in the case that is counted, at most: as many dates as a real series has, and seconds under valgrind."""


@dataclass(frozen=True)
class Count:
    """What one call of an implementation takes on a small case.

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
    return max((case for case in small_cases(kernel) if values(case) <= MOST_VALUES), key=values)


def counted_cases(kernel: Kernel) -> tuple[Case, ...]:
    """Return the counted case and a lesser one, which tells how much of a count the call itself is, whatever its size.

    The lesser is the next smaller with as many dates and bands, about a quarter of the counted one; if there is none,
    the next smaller of all, and the counted case stands alone where nothing is smaller.
    """
    counted = counted_case(kernel)
    smaller = [case for case in small_cases(kernel) if values(case) < values(counted)]
    alike = [case for case in smaller if case.shape[:-2] == counted.shape[:-2]]
    return (counted, max(alike or smaller, key=values)) if smaller else (counted,)


def small_case(kernel: Kernel, name: str) -> Case:
    """Return the small case of that name."""
    return next(case for case in small_cases(kernel) if case.name == name)


def values(case: Case) -> int:
    """Return how many values an array of a case has."""
    return prod(case.shape)


def settled(found: Iterable[int | str]) -> int | str:
    """Return a number that several processes agree on, or the reason why there is none."""
    each = list(found)
    if reasons := [one for one in each if isinstance(one, str)]:
        return reasons[0]
    if len(set(each)) > 1:
        return f"excluded: separate processes counted {' and '.join(f'{one:,}' for one in each)}"
    return each[0]


def read_counts(path: Path) -> list[Count]:
    """Return the counts in a file; of several of one implementation, case and wheel the last counts.

    Raises
    ------
    ValueError
        For a file that holds something else.
    """
    try:
        lines = [Count(**raw) for raw in read_raw(path)]
    except TypeError as error:
        raise ValueError(f"{path} has a line that this version of the lab does not know: {error}") from None
    return list({(line.digest, line.kernel, line.arm, line.case): line for line in lines}.values())
