"""Sorting networks over rows: the same comparisons for every pixel, whatever the values.

Batcher's odd-even merge sort (Knuth, The Art of Computer Programming, vol. 3, 5.2.2, algorithm M), cut down to the
comparators that the wanted ranks depend on.

A comparator (i, j, spare, -1) writes the smaller value of rows i and j to the spare row and the larger one back to j;
afterwards row i is the spare one. So no minimum goes to a row that it is taken from, which LLVM would turn into a slow
masked store. A quad (a, b, c, d) is three comparators on four rows in registers, (a, c), (b, d), (b, c), in place: half
the loads and stores. Merging offers one for about every third comparator.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Network(NamedTuple):
    """Operations (k, 4) as in the module's head, and the row in which each wanted rank ends; of rows 0 … n."""

    operations: NDArray[Any]
    rows: tuple[int, ...]


@lru_cache(maxsize=64)
def selection(n: int, ranks: tuple[int, ...], *, quads: bool = False) -> Network:
    """Return the network that brings the given ranks (0 = smallest) of `n` rows into known rows."""
    wanted = set(ranks)
    kept: list[tuple[int, ...]] = []
    for i, j in reversed(list(_merge_sort(n))):
        if i in wanted or j in wanted:
            wanted |= {i, j}
            kept.append((i, j))
    kept.reverse()
    place, spare = list(range(n)), n
    operations = []
    for rows in _fused(kept, n) if quads else kept:
        if len(rows) == 4:
            operations.append([place[row] for row in rows])
        else:
            i, j = rows
            operations.append([place[i], place[j], spare, -1])
            place[i], spare = spare, place[i]
    return Network(np.array(operations, np.int64).reshape(-1, 4), tuple(place[rank] for rank in ranks))


def _fused(pairs: list[tuple[int, ...]], n: int) -> list[tuple[int, ...]]:
    """Replace (a, c), (b, d), (b, c) by (a, b, c, d) where nothing else touches the four rows in between."""
    last: list[int | None] = [None] * n  # the operation that touched a row last
    operations: list[tuple[int, ...]] = []
    for b, c in pairs:
        above, below = last[c], last[b]
        rows: tuple[int, ...] = (b, c)
        if above is not None and below is not None and len(operations[above]) == len(operations[below]) == 2:
            (a, lower), (upper, d) = operations[above], operations[below]
            if lower == c and upper == b and last[a] == above and last[d] == below:
                rows = (a, b, c, d)
                operations[above] = operations[below] = ()
        for row in rows:
            last[row] = len(operations)
        operations.append(rows)
    return [rows for rows in operations if rows]


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
