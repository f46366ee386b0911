"""Temporal maximum in NumPy; the contract is that of :func:`eokernels.temporal_max`."""

from __future__ import annotations

import warnings

import numpy as np

from eokernels._admit import Array, temporal
from eokernels.impl_numpy import blocks, deliver, gaps, put_least
from eokernels.impl_numpy._series import VALUES, WIDTH, filled


def temporal_max(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None) -> Array:
    """Reduce blocks of pixels by ``fmax``, which passes over NaN; see :func:`eokernels.temporal_max`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    result, steps = call.output(), len(call.arrays[0])
    target = result.reshape(result.shape or 1)
    arrays = [array.reshape(steps, *target.shape) for array in (call.arrays[0], call.mask) if array is not None]
    target[...] = np.nan
    with np.errstate(all="ignore"):
        for index in blocks(target.shape, WIDTH):
            place = target[index]
            dates = max(1, VALUES // max(1, place.size))
            for first in range(0, steps, dates):
                values, *masked = [array[(slice(first, first + dates), *index)] for array in arrays]
                np.fmax(place, _largest(values, masked, call), out=place)
            np.add(place, 0, out=place)  # +0 of a zero of either sign
    return call.answer(result, out)


def _largest(values, masked, call):
    """Return the largest along the first axis, in the output dtype. Gaps are cleared only where nodata is largest."""
    floats = values.dtype.kind == "f"
    largest = np.fmax.reduce if floats else np.maximum.reduce
    if not masked:
        most = largest(values, axis=0)
        if call.nodata is None or not (most == call.nodata).any():
            return most.astype(call.dtype, copy=False)
    where = gaps(*(masked or [None]), call.nodata, values)
    kept = values.copy()
    put_least(kept, where)
    most = largest(kept, axis=0).astype(call.dtype, copy=False)
    return most if floats else np.where(where.all(axis=0), call.dtype.type(np.nan), most)


def temporal_max_naive(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None) -> Array:
    """``np.nanmax`` over a float64 copy of the stack with NaN put in; see :func:`eokernels.temporal_max`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    stack = filled(call)[..., 0]
    if len(stack) == 0:
        return deliver(np.full(call.shape, np.nan), call, out)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # all missing
        return deliver(np.nanmax(stack, axis=0) + 0.0, call, out)
