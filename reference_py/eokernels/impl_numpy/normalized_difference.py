"""Normalized difference in NumPy; the contract is that of :func:`eokernels.normalized_difference`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels.impl_numpy import cut, deliver, gaps, put_nan, wide


def normalized_difference(a, b, *, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None) -> Array:
    """Blocked, with scratch that stays in cache; see :func:`eokernels.normalized_difference`.

    Where a + b is 0, 0/0 is NaN already and x/0 raises the processor's divide flag; ∞/0 takes an overflow of a - b,
    which raises a flag too. NumPy looks at the flags after every call anyway, so a block without one needs no repair.
    """
    given = {"a": a, "b": b}
    call = elementwise(given, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    result, raised = call.output(), []
    with np.errstate(all="ignore", divide="call", over="call", call=lambda kind, _: raised.append(kind)):
        for q, x, y, masked, first, second, third in cut(result, *call.arrays, call.mask, spare=3):
            missing = gaps(masked, call.nodata, x, y)
            minuend, subtrahend = wide(x, call.dtype, first), wide(y, call.dtype, second)
            total = np.add(minuend, subtrahend, out=third)
            np.divide(np.subtract(minuend, subtrahend, out=first), total, out=q)
            if missing is not None:
                put_nan(q, missing)
            if raised or call.min_denominator > 0.0:
                put_nan(q, np.abs(total, out=total) <= call.min_denominator)
                raised.clear()
    return call.answer(result, out)


def normalized_difference_naive(a, b, *, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None) -> Array:
    """Whole-array expressions; see :func:`eokernels.normalized_difference`."""
    given = {"a": a, "b": b}
    call = elementwise(given, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    x, y = (array.astype(call.dtype) for array in call.arrays)
    with np.errstate(all="ignore"):
        result = np.where(np.abs(x + y) <= call.min_denominator, np.nan, (x - y) / (x + y))
    if call.nodata is not None:
        result[(call.arrays[0] == call.nodata) | (call.arrays[1] == call.nodata)] = np.nan
    if call.mask is not None:
        result = np.where(call.mask, np.nan, result)
    return deliver(result, call, out)
