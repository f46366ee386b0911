"""Lanes of series: what is read of a stack, a date at a time, and what is written."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._pieces import PIECE_BYTES, blocks
from eokernels.impl_numba._jit import helper

LANES = 64  # pixels at a time: long enough for vectors, and their factors stay in L2


def parts(smoothing, result):
    """Yield calls whose arrays compiled loops may take as they are, with their results and weights.

    Misaligned arrays are copied part by part; all others stay views of the caller's memory.
    """
    call, heavy = smoothing.call, smoothing.weights
    (stack,) = call.arrays
    if stack.flags.aligned and (heavy is None or heavy.flags.aligned):
        yield call, result, heavy
        return
    shape, dates = result.shape[1:] or (1,), len(result)
    stack, holes, heavy, target = [
        None if array is None else array.reshape(dates, *shape) for array in (stack, call.mask, heavy, result)
    ]
    for place in blocks(shape, max(1, PIECE_BYTES // (8 * dates))):
        index = (slice(None), *[slice(i, i + 1) if isinstance(i, int) else i for i in place])
        own = None if heavy is None else np.array(heavy[index], order="C")
        part = call._replace(
            arrays=(np.array(stack[index], order="C"),), mask=None if holes is None else holes[index],
        )  # fmt: skip
        yield part, target[index], own


@helper
def widen(x, holes, heavy, place, hole, weigh, step, has_nodata, nodata, masked, weighted, n, values, weights, count):
    """Read n values of one date as float64, times their weights; 0 where they are missing, and in lanes beyond."""
    for w in range(n, values.size):
        values[w] = weights[w] = 0.0
    if step[0] == 1 and not (masked or weighted or has_nodata):
        near = x[place : place + n]
        for w in range(n):
            value = near[w]
            there = value == value  # noqa: PLR0124 - which NaN alone is not
            weights[w] = 1.0 if there else 0.0
            values[w] = np.float64(value) if there else 0.0
            count[w] += weights[w] + (values[w] - values[w])
        return
    for w in range(n):
        value = x[np.uintp(place + w * step[0])]
        gone = value != value  # noqa: PLR0124 - which NaN alone is
        if has_nodata:
            gone |= value == nodata
        if masked:
            gone |= holes[np.uintp(hole + w * step[1])]
        weight = np.float64(heavy[np.uintp(weigh + w * step[2])]) if weighted else 1.0
        gone |= not weight > 0.0
        weights[w] = 0.0 if gone else weight
        values[w] = 0.0 if gone else np.float64(value) * weight
        count[w] += (0.0 if gone else 1.0) + (values[w] - values[w])


@helper
def narrow(values, count, d, n, out, place, step):
    """Write n results of one date, NaN where there are too few values."""
    if step == 1:
        near = out[place : place + n]
        for w in range(n):
            near[w] = values[w] if count[w] >= d else np.nan
    else:
        for w in range(n):
            out[np.uintp(place + w * step)] = values[w] if count[w] >= d else np.nan
