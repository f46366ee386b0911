"""Memory bandwidth, and the canary: a triad on one, on two and on all threads.

Two threads reach more bandwidth than one on a calm machine and about the same on a busy one. The canary can put a run
in doubt; it corrects none of the numbers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.probes import Scaling, compiled, in_turn, ranges, spread

Array = NDArray[Any]

ELEMENTS = 3 * 2**20
"""float64 elements of each of the three arrays: 24 MiB each, beyond the caches of the machines at hand."""
REPEATS = 7
BYTES_PER_ELEMENT = 3 * 8


def triad(cores: int) -> Scaling:
    """Measure ``a = b + s·c``, two reads and one write, in 10⁹ bytes per second on one, two and all threads."""
    a, b, c = (np.full(ELEMENTS, value) for value in (0.0, 1.0, 2.0))
    work = partial(compiled(_triad), a, b, c)
    times_s = in_turn(lambda threads: spread(work, ranges(ELEMENTS, threads)), (1, 2, cores), REPEATS)
    return Scaling(*(ELEMENTS * BYTES_PER_ELEMENT / times_s[threads] * 1e-9 for threads in (1, 2, cores)))


def _triad(a: Array, b: Array, c: Array, start: int, stop: int) -> None:
    target, first, second = a[start:stop], b[start:stop], c[start:stop]
    for i in range(target.size):
        target[i] = first[i] + 3.0 * second[i]
