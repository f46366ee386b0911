"""A stencil whose arrays stay in cache: how fast a core computes that need not wait for memory.

On one machine it hardly varies. It falls where something else takes the core, its clock or its cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.probes import compiled, in_turn

Array = NDArray[Any]

SIDE = 128
"""Pixels of a side: two arrays of float32 take 128 KiB, which a second-level cache holds."""
PASSES = 20
REPEATS = 9


def pixels_per_s() -> float:
    """Return pixels per second of one thread, each the mean of its four neighbours."""
    first = np.linspace(0.0, 1.0, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    second, loop = first.copy(), compiled(_smooth)
    times_s = in_turn(lambda _threads: loop(first, second, PASSES), (1,), REPEATS)
    return 2 * PASSES * (SIDE - 2) ** 2 / times_s[1]


def _smooth(a: Array, b: Array, passes: int) -> None:
    quarter = a.dtype.type(0.25)
    for _ in range(passes):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                b[i, j] = quarter * ((a[i - 1, j] + a[i + 1, j]) + (a[i, j - 1] + a[i, j + 1]))
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                a[i, j] = quarter * ((b[i - 1, j] + b[i + 1, j]) + (b[i, j - 1] + b[i, j + 1]))
