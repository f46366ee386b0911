"""Normalized difference of scaled integers in NumPy; see :func:`eokernels.normalized_difference_dn`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import reals, shift
from eokernels.impl_numpy import cut, deliver, gaps, put_nan, wide


def normalized_difference_dn(
    a, b, *, scale, offset, nodata, mask=None, min_denominator=0.0, dtype=None, out=None
) -> Array:
    """Blocked, with scratch that stays in cache; see :func:`eokernels.normalized_difference_dn`.

    A zero denominator under anything but zero raises the processor's divide or overflow flag, as in
    ``normalized_difference``.
    """
    given, constants = {"a": a, "b": b}, reals(scale=scale, offset=offset)
    call = elementwise(given, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    result, raised = call.output(), []
    k, guard = shift(call, *constants)
    with np.errstate(all="ignore", divide="call", over="call", call=lambda kind, _: raised.append(kind)):
        for q, x, y, masked, first, second in cut(result, *call.arrays, call.mask, spare=2):
            missing = gaps(masked, call.nodata, x, y)
            minuend, subtrahend = wide(x, call.dtype, first), wide(y, call.dtype, second)
            if subtrahend is y:  # then `out` may be a band, and is written last
                total = np.add(minuend, subtrahend, out=second)
                np.subtract(minuend, subtrahend, out=q)
            else:
                np.subtract(minuend, subtrahend, out=q)
                total = np.add(minuend, subtrahend, out=second)
            if k != 0.0:
                np.add(total, k, out=total)
            np.divide(q, total, out=q)
            if missing is not None:
                put_nan(q, missing)
            if raised or guard > 0.0:
                put_nan(q, np.abs(total, out=total) <= guard)
                raised.clear()
    return call.answer(result, out)


def normalized_difference_dn_naive(
    a, b, *, scale, offset, nodata, mask=None, min_denominator=0.0, dtype=None, out=None
) -> Array:
    """Whole-array expressions; see :func:`eokernels.normalized_difference_dn`."""
    given, constants = {"a": a, "b": b}, reals(scale=scale, offset=offset)
    call = elementwise(given, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    k, guard = shift(call, *constants)
    x, y = (array.astype(call.dtype) for array in call.arrays)
    with np.errstate(all="ignore"):
        total = x + y + k
        result = np.where(np.abs(total) <= guard, np.nan, (x - y) / total)
    missing = gaps(call.mask, call.nodata, *call.arrays)
    return deliver(result if missing is None else np.where(missing, np.nan, result), call, out)
