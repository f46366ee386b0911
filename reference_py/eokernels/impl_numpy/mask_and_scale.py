"""Counts to scaled values without bad pixels in NumPy; the contract is that of :func:`eokernels.mask_and_scale`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import reals, scaling
from eokernels._quality import quality, rules
from eokernels.impl_numpy import cut, deliver, gaps, put_nan, wide


def mask_and_scale(
    dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, reject_fields=None, mask=None, dtype=None,
    out=None,
) -> Array:  # fmt: skip
    """Blocked, with classes looked up in an integer's bits; see :func:`eokernels.mask_and_scale`."""
    given, read = reals(scale=scale, offset=offset), rules(qa, keep, reject_bits, reject_fields)
    call = elementwise({"dn": dn}, nodata=nodata, mask=mask, dtype=dtype, out=out)
    checked, (factor, summand) = quality(call, read), scaling(call, *given)
    result, band = call.output(), None if checked is None else checked.array
    with np.errstate(all="ignore"):
        for q, x, masked, classes, wider in cut(result, *call.arrays, call.mask, band, spare=1):
            missing = gaps(masked, call.nodata, x)
            if checked is not None:
                bad = checked.rejected(classes)
                missing = bad if missing is None else np.logical_or(missing, bad, out=bad)
            np.multiply(wide(x, call.dtype, wider), factor, out=q)
            np.add(q, summand, out=q)
            if missing is not None:
                put_nan(q, missing)
    return call.answer(result, out)


def mask_and_scale_naive(
    dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, reject_fields=None, mask=None, dtype=None,
    out=None,
) -> Array:  # fmt: skip
    """``np.isin`` and ``np.where`` over whole arrays; see :func:`eokernels.mask_and_scale`."""
    given, read = reals(scale=scale, offset=offset), rules(qa, keep, reject_bits, reject_fields)
    call = elementwise({"dn": dn}, nodata=nodata, mask=mask, dtype=dtype, out=out)
    checked, (factor, summand) = quality(call, read), scaling(call, *given)
    (counts,) = call.arrays
    with np.errstate(all="ignore"):
        result = counts.astype(call.dtype) * factor + summand
    missing = gaps(call.mask, call.nodata, counts)
    if checked is not None:
        missing = _bad(read, checked.array) | (False if missing is None else missing)
    return deliver(result if missing is None else np.where(missing, np.nan, result), call, out)


def _bad(read, band):
    """Return where a quality band says missing."""
    if read.keep is not None:
        return ~np.isin(read.band, np.array(read.keep, read.band.dtype))
    flags = band.astype(np.uint64)
    bad = (flags & np.uint64(read.bits)) != 0
    for field, values in read.fields:
        bad |= np.isin((flags & np.uint64(field)) // np.uint64(field & -field), np.array(values, np.uint64))
    return bad
