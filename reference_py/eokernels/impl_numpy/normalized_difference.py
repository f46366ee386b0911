"""Normalized difference in NumPy; the contract is that of :func:`eokernels.normalized_difference`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels.impl_numpy import blocks, deliver, put_nan

BLOCK = 65536  # elements; fastest of 16 Ki to 256 Ki from 512² to 2048²: the arrays of a block stay in L2 and L3


def normalized_difference(a, b, *, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None) -> Array:
    """Blocked, with scratch that stays in cache; see :func:`eokernels.normalized_difference`.

    Where a + b is 0, 0/0 is NaN already and x/0 raises the processor's divide flag; ∞/0 takes an overflow of a - b,
    which raises a flag too. NumPy looks at the flags after every call anyway, so a block without one needs no repair.
    """
    call = elementwise(a, b, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    result, raised = call.output(), []
    arrays = [array for array in (*call.arrays, result, call.mask) if array is not None]
    with np.errstate(all="ignore", divide="call", over="call", call=lambda kind, _: raised.append(kind)):
        (_block if result.size <= BLOCK else _blocks)(call, raised, arrays)
    return result if out is None else out


def _blocks(call, raised, arrays):
    strides = arrays[2].strides  # the smallest one last, for long inner loops
    arrays = [array.transpose(sorted(range(len(strides)), key=lambda k: -abs(strides[k]))) for array in arrays]
    indices = list(blocks(arrays[2].shape, BLOCK))
    scratch = np.empty((2, *arrays[2][indices[0]].shape), call.dtype)
    for parts in ([array[index] for array in arrays] for index in indices):
        _block(call, raised, parts, scratch[:, : len(parts[2])])


def _block(call, raised, arrays, scratch=(None, None)):
    x, y, q, *missing = arrays
    difference = np.subtract(x, y, out=scratch[0], dtype=q.dtype)
    total = np.add(x, y, out=scratch[1], dtype=q.dtype)
    if call.nodata is not None:
        missing += [x == call.nodata, y == call.nodata]
    np.divide(difference, total, out=q)
    if raised or call.min_denominator > 0.0:
        missing.append(np.abs(total, out=total) <= call.min_denominator)
        raised.clear()
    for where in missing:
        put_nan(q, where)


def normalized_difference_naive(a, b, *, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None) -> Array:
    """Whole-array expressions; see :func:`eokernels.normalized_difference`."""
    call = elementwise(a, b, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    x, y = (array.astype(call.dtype) for array in call.arrays)
    with np.errstate(all="ignore"):
        result = np.where(np.abs(x + y) <= call.min_denominator, np.nan, (x - y) / (x + y))
    if call.nodata is not None:
        result[(call.arrays[0] == call.nodata) | (call.arrays[1] == call.nodata)] = np.nan
    if call.mask is not None:
        result = np.where(call.mask, np.nan, result)
    return deliver(result, call, out)
