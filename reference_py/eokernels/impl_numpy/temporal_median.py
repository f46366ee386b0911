"""Temporal median in NumPy; the contract is that of :func:`eokernels.temporal_median`."""

from __future__ import annotations

import warnings

import numpy as np

from eokernels._admit import Array, temporal
from eokernels.impl_numpy import blocks, deliver
from eokernels.impl_numpy._long import middle, together
from eokernels.impl_numpy._ranks import Short

BLOCK, WIDTH = 131072, 16384  # values and pixels at a time; less pays NumPy's call costs more often, more leaves cache
LONG = 2048  # steps from which a partition of each series beats np.sort of many


def temporal_median(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None) -> Array:
    """Sort blocks of pixels, missing last, and take the middle two; see :func:`eokernels.temporal_median`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    result, series, half = call.output(), call.arrays[0], call.dtype.type(0.5)
    target, steps = result.reshape(result.shape or 1), len(series)
    if steps == 0:
        target[...] = np.nan
        return call.answer(result, out)
    arrays = [array.reshape(steps, *target.shape) for array in (series, call.mask) if array is not None]
    if steps >= LONG:
        width, ordered = together(series), middle
    else:
        width = max(1, min(BLOCK // steps, WIDTH, target.size))
        ordered = Short(steps, width, series.dtype).middle
    with np.errstate(all="ignore"):
        for index in blocks(target.shape, width):
            values, *masked = [array[(slice(None), *index)] for array in arrays]
            valid, low, high = ordered(call, values, masked)
            low, high = low.astype(call.dtype, copy=False), high.astype(call.dtype, copy=False)
            median = np.where(low == high, low, half * low + half * high)
            target[index] = np.where(valid == 0, np.nan, median).reshape(values.shape[1:])
    return call.answer(result, out)


def temporal_median_naive(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None) -> Array:
    """``np.nanmedian`` over a copy of the stack with NaN put in; see :func:`eokernels.temporal_median`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    stack = call.arrays[0].astype(call.dtype)
    if call.nodata is not None:
        stack[call.arrays[0] == call.nodata] = np.nan
    if call.mask is not None:
        stack[call.mask] = np.nan
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # all missing, or nothing to sort
        result = np.nanmedian(stack, axis=0)
        if np.isinf(result).any():  # the mean inside overflows near the limits of the dtype
            result = np.where(np.isinf(result), np.nanmedian(0.5 * stack, axis=0) * 2, result)
    return deliver(result, call, out)
