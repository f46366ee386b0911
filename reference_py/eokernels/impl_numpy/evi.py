"""Enhanced vegetation index in NumPy; the contract is that of :func:`eokernels.evi`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import evi_constants, pair, reals
from eokernels.impl_numpy import cut, deliver, gaps, put_nan, wide


def evi(
    nir, red, blue, *, G=2.5, C1=6.0, C2=7.5, L=1.0, scale=None, offset=None, nodata=None, mask=None,
    min_denominator=0.0, dtype=None, out=None,
) -> Array:  # fmt: skip
    """Blocked, with scratch that stays in cache; see :func:`eokernels.evi`.

    A zero denominator is found by the processor's flags, as in ``normalized_difference``: an infinite band makes the
    denominator infinite or NaN, so that ∞/0 takes an overflow.
    """
    bands, given, scaled = {"nir": nir, "red": red, "blue": blue}, reals(G=G, C1=C1, C2=C2, L=L), pair(scale, offset)
    call = elementwise(bands, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    gain, c1, c2, soil, guard = evi_constants(call, given, scaled)
    result, raised = call.output(), []
    with np.errstate(all="ignore", divide="call", over="call", call=lambda kind, _: raised.append(kind)):
        for q, x, y, z, masked, first, second, third, fourth in cut(result, *call.arrays, call.mask, spare=4):
            missing = gaps(masked, call.nodata, x, y, z)
            n, r, b = wide(x, call.dtype, first), wide(y, call.dtype, second), wide(z, call.dtype, third)
            total = np.multiply(r, c1, out=fourth)
            np.add(n, total, out=total)
            np.subtract(total, np.multiply(b, c2, out=third), out=total)
            np.add(total, soil, out=total)
            index = np.subtract(n, r, out=first)
            np.divide(np.multiply(index, gain, out=index), total, out=q)
            if missing is not None:
                put_nan(q, missing)
            if raised or guard > 0.0:
                put_nan(q, np.abs(total, out=total) <= guard)
                raised.clear()
    return call.answer(result, out)


def evi_naive(
    nir, red, blue, *, G=2.5, C1=6.0, C2=7.5, L=1.0, scale=None, offset=None, nodata=None, mask=None,
    min_denominator=0.0, dtype=None, out=None,
) -> Array:  # fmt: skip
    """Whole-array expressions; see :func:`eokernels.evi`."""
    bands, given, scaled = {"nir": nir, "red": red, "blue": blue}, reals(G=G, C1=C1, C2=C2, L=L), pair(scale, offset)
    call = elementwise(bands, nodata=nodata, mask=mask, min_denominator=min_denominator, dtype=dtype, out=out)
    g, c1, c2, soil, guard = evi_constants(call, given, scaled)
    n, r, b = (array.astype(call.dtype) for array in call.arrays)
    with np.errstate(all="ignore"):
        denominator = n + c1 * r - c2 * b + soil
        result = np.where(np.abs(denominator) <= guard, np.nan, g * (n - r) / denominator)
    missing = gaps(call.mask, call.nodata, *call.arrays)
    return deliver(result if missing is None else np.where(missing, np.nan, result), call, out)
