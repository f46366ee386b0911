"""Sorting networks over rows: the same comparisons for every pixel, whatever the values.

Batcher's odd-even merge sort (Knuth, The Art of Computer Programming, vol. 3, 5.2.2, algorithm M), cut down to the
comparators that the wanted ranks depend on.

:func:`selection` lists comparators for whole rows of memory. A comparator (i, j, spare) writes the smaller value of
rows i and j to the spare row and the larger one back to j; afterwards row i is the spare one.

The other functions list steps on numbered wires, for code that holds each in a register. The last merge of a selection
is never done there: of two sorted halves a and b the pairs (a[i], b[L - i]), L = (n - 1) / 2, have all ranks up to L
as their minima and all others as their maxima, so rank L is the maximum of the minima.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Network(NamedTuple):
    """Comparators (k, 3) as in the module's head, and the row in which each wanted rank ends; of rows 0 … n."""

    operations: NDArray[Any]
    rows: tuple[int, ...]


@lru_cache(maxsize=64)
def selection(n: int, ranks: tuple[int, ...]) -> Network:
    """Return the network that brings the given ranks (0 = smallest) of `n` rows into known rows."""
    wanted = set(ranks)
    kept: list[tuple[int, int]] = []
    for i, j in reversed(list(_merge_sort(n))):
        if i in wanted or j in wanted:
            wanted |= {i, j}
            kept.append((i, j))
    place, spare = list(range(n)), n
    operations = []
    for i, j in reversed(kept):
        operations.append([place[i], place[j], spare])
        place[i], spare = spare, place[i]
    return Network(np.array(operations, np.int64).reshape(-1, 3), tuple(place[rank] for rank in ranks))


def _merge_sort(n: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs (i < j) of Batcher's network for any n; the smaller value goes to i."""
    p = 1
    while p < n:
        k = p
        while k >= 1:
            for start in range(k % p, n - k, 2 * k):
                for i in range(start, min(start + k, n - k)):
                    if i // (2 * p) == (i + k) // (2 * p):
                        yield i, i + k
            k //= 2
        p *= 2


class Step(NamedTuple):
    """Of wires a and b: exchange them where b is smaller, or write only the minimum, or only the maximum, to a."""

    kind: Literal["exchange", "min", "max"]
    a: int
    b: int


def merge(a: Sequence[int], b: Sequence[int], steps: list[Step]) -> list[int]:
    """Merge two ascending lists of wires; return the wires in ascending order of what they hold afterwards."""
    if not a or not b:
        return [*a, *b]
    if len(a) == len(b) == 1:
        steps.append(Step("exchange", a[0], b[0]))
        return [*a, *b]
    even, odd = merge(a[::2], b[::2], steps), merge(a[1::2], b[1::2], steps)
    steps += [Step("exchange", i, j) for i, j in zip(odd, even[1:], strict=False)]
    merged = [wire for pair in zip(even, odd, strict=False) for wire in pair]
    return merged + even[len(odd) :] + odd[len(even) :]


def sort(wires: Sequence[int], steps: list[Step]) -> list[int]:
    """Sort wires; return them in ascending order of what they hold afterwards."""
    if len(wires) < 2:
        return list(wires)
    half = (len(wires) + 1) // 2
    return merge(sort(wires[:half], steps), sort(wires[half:], steps), steps)


def middle(n: int) -> tuple[list[Step], tuple[int, int]]:
    """Return steps that bring ranks (n - 1) / 2 and the next one of `n` wires into two wires; the same one for n = 1.

    The two parts that are sorted first need not be halves: 12 wires take 62 minima and maxima as 8 and 4, and 70 as 6
    and 6.
    """
    splits = (_middle(n, longer) for longer in range((n + 1) // 2, n + 1))
    return min(splits, key=lambda found: sum(1 + (step.kind == "exchange") for step in found[0]))


def _middle(n: int, longer: int) -> tuple[list[Step], tuple[int, int]]:
    steps: list[Step] = []
    a, b, rank = sort(range(longer), steps), sort(range(longer, n), steps), (n - 1) // 2
    pairs = [(a[rank - j], b[j]) for j in reversed(range(min(len(b), rank + 1)))]
    steps += [Step("exchange", i, j) for i, j in pairs]
    alone = [a[rank - len(b)]] if rank >= len(b) else []
    lower, upper = alone + [i for i, _ in pairs], [j for _, j in pairs] + a[rank + 1 : rank + 2]
    steps += [Step("max", lower[0], wire) for wire in lower[1:]]
    steps += [Step("min", upper[0], wire) for wire in upper[1:]]
    found = lower[0], (upper or lower)[0]
    return _needed(steps, set(found)), found


def _needed(steps: list[Step], wanted: set[int]) -> list[Step]:
    """Return what the wanted wires depend on: exchanges of which one result is needed become a minimum or a maximum."""
    kept = []
    for kind, a, b in reversed(steps):
        first, second = a in wanted, kind == "exchange" and b in wanted
        if first and (second or kind != "exchange"):
            kept.append(Step(kind, a, b))
        elif first or second:
            kept.append(Step("min", a, b) if first else Step("max", b, a))
        else:
            continue
        wanted |= {a, b}
    return kept[::-1]
