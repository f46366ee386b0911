"""Counts to scaled values without bad pixels in NumPy; the contract is that of :func:`eokernels.mask_and_scale`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import COUNTS, Array, elementwise
from eokernels._constants import scaling
from eokernels._quality import quality
from eokernels.impl_numpy import cut, deliver, gaps, put_nan, wide


def mask_and_scale(
    dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, mask=None, dtype=None, out=None
) -> Array:
    """Blocked, with classes looked up in an integer's bits; see :func:`eokernels.mask_and_scale`."""
    call = elementwise({"dn": dn}, COUNTS, nodata=nodata, mask=mask, dtype=dtype, out=out)
    checked, (factor, summand) = quality(call, qa, keep, reject_bits), scaling(call, scale, offset)
    result, band = call.output(), None if checked is None else checked.array
    with np.errstate(all="ignore"):
        for q, x, masked, classes, wider in cut(result, *call.arrays, call.mask, band, spare=1):
            missing = gaps(masked, call.nodata, x)
            if checked is not None:
                bad = _rejected(checked, classes)
                missing = bad if missing is None else np.logical_or(missing, bad, out=bad)
            np.multiply(wide(x, call.dtype, wider), factor, out=q)
            np.add(q, summand, out=q)
            if missing is not None:
                put_nan(q, missing)
    return result if out is None else out


def _rejected(checked, classes):
    """Return where a quality band says missing; bits of an integer take a third of the time of a table."""
    if checked.kept is None:
        return np.bitwise_and(classes, classes.dtype.type(checked.bits)) != 0
    if checked.kept >> 64:
        return np.take(checked.table(), classes)
    bits = np.min_scalar_type(checked.kept).type
    return np.bitwise_and(np.right_shift(bits(checked.kept), classes), bits(1)) == 0  # shifted beyond its width it is 0


def mask_and_scale_naive(
    dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, mask=None, dtype=None, out=None
) -> Array:
    """``np.isin`` and ``np.where`` over whole arrays; see :func:`eokernels.mask_and_scale`."""
    call = elementwise({"dn": dn}, COUNTS, nodata=nodata, mask=mask, dtype=dtype, out=out)
    checked, (factor, summand) = quality(call, qa, keep, reject_bits), scaling(call, scale, offset)
    (counts,) = call.arrays
    with np.errstate(all="ignore"):
        result = counts.astype(call.dtype) * factor + summand
    if call.nodata is not None:
        result = np.where(counts == call.nodata, np.nan, result)
    if checked is not None:
        bad = checked.array & checked.bits if keep is None else ~np.isin(checked.array, [*checked.classes()])
        result = np.where(bad, np.nan, result)
    return deliver(result if call.mask is None else np.where(call.mask, np.nan, result), call, out)
