"""Soil-adjusted vegetation index in NumPy; the contract is that of :func:`eokernels.savi`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import pair, reals, rounded, soil_constants
from eokernels.impl_numpy import cut, deliver, gaps, put_nan, wide


def savi(
    nir, red, *, L=0.5, scale=None, offset=None, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None
) -> Array:
    """Blocked, with scratch that stays in cache; zeros are found by the processor's flags, as in ``evi``."""
    bands, (soil,), scaled = {"nir": nir, "red": red}, reals(L=L), pair(scale, offset)
    call = elementwise(bands, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    (factor,), (added, guard) = rounded(call.dtype, 1.0 + soil), soil_constants(call, soil, 2.0, scaled)
    result, raised = call.output(), []
    with np.errstate(all="ignore", divide="call", over="call", call=lambda kind, _: raised.append(kind)):
        for q, x, y, masked, first, second, third in cut(result, *call.arrays, call.mask, spare=3):
            missing = gaps(masked, call.nodata, x, y)
            n, r = wide(x, call.dtype, first), wide(y, call.dtype, second)
            total = np.add(n, r, out=third)
            np.add(total, added, out=total)
            index = np.subtract(n, r, out=first)
            np.divide(np.multiply(index, factor, out=index), total, out=q)
            if missing is not None:
                put_nan(q, missing)
            if raised or guard > 0.0:
                put_nan(q, np.abs(total, out=total) <= guard)
                raised.clear()
    return call.answer(result, out)


def savi_naive(
    nir, red, *, L=0.5, scale=None, offset=None, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None
) -> Array:
    """Whole-array expressions; see :func:`eokernels.savi`."""
    bands, (soil,), scaled = {"nir": nir, "red": red}, reals(L=L), pair(scale, offset)
    call = elementwise(bands, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    (factor,), (added, guard) = rounded(call.dtype, 1.0 + soil), soil_constants(call, soil, 2.0, scaled)
    n, r = (array.astype(call.dtype) for array in call.arrays)
    with np.errstate(all="ignore"):
        denominator = n + r + added
        result = np.where(np.abs(denominator) <= guard, np.nan, factor * (n - r) / denominator)
    missing = gaps(call.mask, call.nodata, *call.arrays)
    return deliver(result if missing is None else np.where(missing, np.nan, result), call, out)
