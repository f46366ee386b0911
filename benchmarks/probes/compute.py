"""Peak rates on data in the first-level cache: min/max pairs per dtype, and floating-point operations.

A min/max pair is one compare-exchange: it takes two values and gives the smaller and the larger. The rate is that of a
sorting network for eight values (19 pairs, the fewest there are; Knuth, The Art of Computer Programming 3, §5.3.4), run
over columns. The floating-point rate is that of independent chains of multiply-adds; one multiply-add counts as two
operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.probes import Scaling, compiled, in_turn, ranges, spread

Array = NDArray[Any]

MINMAX_DTYPES = ("uint8", "int16", "uint16", "float32", "float64")
FLOP_DTYPES = ("float32", "float64")
NETWORK_PAIRS = 19
COLUMN_BYTES = 1024
"""Bytes of each of the eight rows: 8 KiB in all."""
APART = 4
CHAIN_STEPS = 8
CHAINS = 4
PASSES = 200
LONG_PASSES = 10_000
"""Milliseconds of work for each thread, so that starting the other threads does not count."""
REPEATS = 9


def minmax_pairs_per_s(dtype: str) -> float:
    """Return min/max pairs per second of one thread on values of a dtype."""
    columns = COLUMN_BYTES // np.dtype(dtype).itemsize
    x = np.arange(8 * columns).reshape(8, columns)[::-1].astype(dtype)
    loop = compiled(_sort_columns)
    times_s = in_turn(lambda _threads: loop(x, PASSES), (1,), REPEATS)
    return PASSES * columns * NETWORK_PAIRS / times_s[1]


def flop_per_s(dtype: str, cores: int) -> Scaling:
    """Return floating-point operations per second of one thread, of two and of all, each on an array of its own."""
    loop = compiled(_multiply_add, contract=True)
    size = COLUMN_BYTES // np.dtype(dtype).itemsize
    rows = np.empty((max(2, cores), APART * size), dtype)  # no two threads write to one line of the cache
    rows[:] = np.resize(np.linspace(0.1, 0.9, size), APART * size)
    operations = LONG_PASSES * size * CHAIN_STEPS * CHAINS * 2

    def work(threads: int) -> None:
        spread(lambda k, _: loop(rows[k, :size], LONG_PASSES), ranges(threads, threads))

    times_s = in_turn(work, (1, 2, cores), REPEATS)
    return Scaling(*(threads * operations / times_s[threads] for threads in (1, 2, cores)))


def _sort_columns(x: Array, passes: int) -> None:
    # Each line is one layer of the network; the pairs of a layer are independent.
    for _ in range(passes):
        for j in range(x.shape[1]):
            a, b, c, d, e, f, g, h = x[0, j], x[1, j], x[2, j], x[3, j], x[4, j], x[5, j], x[6, j], x[7, j]
            a, c = (a if a < c else c), (c if a < c else a)
            b, d = (b if b < d else d), (d if b < d else b)
            e, g = (e if e < g else g), (g if e < g else e)
            f, h = (f if f < h else h), (h if f < h else f)
            a, e = (a if a < e else e), (e if a < e else a)
            b, f = (b if b < f else f), (f if b < f else b)
            c, g = (c if c < g else g), (g if c < g else c)
            d, h = (d if d < h else h), (h if d < h else d)
            a, b = (a if a < b else b), (b if a < b else a)
            c, d = (c if c < d else d), (d if c < d else c)
            e, f = (e if e < f else f), (f if e < f else e)
            g, h = (g if g < h else h), (h if g < h else g)
            c, e = (c if c < e else e), (e if c < e else c)
            d, f = (d if d < f else f), (f if d < f else d)
            b, e = (b if b < e else e), (e if b < e else b)
            d, g = (d if d < g else g), (g if d < g else d)
            b, c = (b if b < c else c), (c if b < c else b)
            d, e = (d if d < e else e), (e if d < e else d)
            f, g = (f if f < g else g), (g if f < g else f)
            x[0, j], x[1, j], x[2, j], x[3, j], x[4, j], x[5, j], x[6, j], x[7, j] = a, b, c, d, e, f, g, h


def _multiply_add(x: Array, passes: int) -> None:
    # Written out: a loop over the steps would be scalar. Neighbouring columns are independent, so chains overlap.
    to = x.dtype.type
    shrink, step = to(0.999), to(0.001)
    for _ in range(passes):
        for j in range(x.size):
            a = x[j]
            b, c, d = a + step, a - step, a + shrink
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            a, b, c, d = a * shrink + step, b * shrink + step, c * shrink + step, d * shrink + step
            x[j] = to(0.25) * ((a + b) + (c + d))
