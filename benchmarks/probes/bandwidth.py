"""Memory bandwidth, and the canary: a triad on one and on two threads.

Two threads reach 1.3–1.9 times the bandwidth of one on a calm machine and about the same on a busy one. The canary can
put a run in doubt; it never improves a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.probes import compiled, ranges, spread

Array = NDArray[Any]

ELEMENTS = 3 * 2**20
"""float64 elements of each of the three arrays: 24 MiB each, beyond the caches of the machines at hand."""
REPEATS = 7
BYTES_PER_ELEMENT = 3 * 8


@dataclass(frozen=True)
class Triad:
    """Bandwidth of ``a = b + s·c`` in 10⁹ bytes per second, on one and on two threads; two reads and one write."""

    one_gb_per_s: float
    two_gb_per_s: float


def triad() -> Triad:
    """Measure both in turn, on the same arrays, and return for each the rate at the lower quartile of its times."""
    a, b, c = (np.full(ELEMENTS, value) for value in (0.0, 1.0, 2.0))
    work = partial(compiled(_triad), a, b, c)
    times_ns: dict[int, list[int]] = {1: [], 2: []}
    for _ in range(REPEATS + 1):
        for threads, collected in times_ns.items():
            parts = ranges(ELEMENTS, threads)
            start = perf_counter_ns()
            spread(work, parts)
            collected.append(perf_counter_ns() - start)
    one, two = (ELEMENTS * BYTES_PER_ELEMENT / float(np.quantile(t[1:], 0.25)) for t in times_ns.values())
    return Triad(one, two)


def _triad(a: Array, b: Array, c: Array, start: int, stop: int) -> None:
    target, first, second = a[start:stop], b[start:stop], c[start:stop]
    for i in range(target.size):
        target[i] = first[i] + 3.0 * second[i]
