"""How many compare-exchanges a median by sorting network needs: the compute term of the median's limit."""

from __future__ import annotations

from functools import cache


def odd_even_merge_sort(length: int) -> list[tuple[int, int]]:
    """Return the (low, high) pairs of Batcher's odd-even merge sort for `length` values, in order (Knuth 5.2.2 M)."""
    pairs = []
    top = 1 << max(0, (length - 1).bit_length() - 1)
    p = top
    while p > 0 and length > 1:
        q, r, d = top, 0, p
        while d > 0:
            pairs += [(i, i + d) for i in range(length - d) if i & p == r]
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return pairs


@cache
def median_pairs(length: int) -> int:
    """Return the pairs of that network on which the median depends: those left after pruning it from its two outputs.

    It is the least work of the declared algorithm, a fixed network over every date. A method that looks at the data,
    or packs the valid dates first, may do less.
    """
    wanted = {(length - 1) // 2, length // 2}
    kept = 0
    for low, high in reversed(odd_even_merge_sort(length)):
        if low in wanted or high in wanted:
            wanted |= {low, high}
            kept += 1
    return kept
