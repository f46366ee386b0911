"""Temporal median in NumPy; the contract is that of :func:`eokernels.temporal_median`."""

from __future__ import annotations

import warnings

import numpy as np

from eokernels._admit import FLOAT32, Array, temporal
from eokernels.impl_numpy import blocks, deliver, put_nan
from eokernels.impl_numpy._ranks import by_pixels, by_rows

BLOCK, WIDTH = 131072, 16384  # values and pixels at a time; less pays NumPy's call costs more often, more leaves cache
SHORT = 20  # steps up to which a network over whole rows beats np.sort along each pixel: 84 to 151 ns a pixel at 12


def temporal_median(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None) -> Array:
    """Sort blocks of pixels, missing last, and take the middle two; see :func:`eokernels.temporal_median`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    result, steps, half = call.output(), len(call.arrays[0]), call.dtype.type(0.5)
    target = result.reshape(result.shape or 1)
    if steps == 0:
        target[...] = np.nan
    arrays = [array.reshape(steps, *target.shape) for array in (*call.arrays, call.mask) if array is not None]
    kind = call.dtype if call.arrays[0].dtype.kind == "f" else FLOAT32  # which holds every integer exactly, and NaN
    width = max(1, min(BLOCK // max(steps, 1), WIDTH, target.size))
    rows = np.empty((steps + 1, width + 16), kind)  # 16 more, as a power of two for a stride overloads one cache set
    columns = np.empty((width, steps | 1), kind)[:, :steps]
    sort = by_rows if steps <= SHORT else by_pixels
    with np.errstate(all="ignore"):
        for index in blocks(target.shape, width) if steps else ():
            values, *missing = [array[(slice(None), *index)] for array in arrays]
            block = rows[:, : values[0].size]
            shaped = block[:steps].reshape(values.shape)
            np.copyto(shaped, values)
            for where in missing if call.nodata is None else (*missing, values == call.nodata):
                put_nan(shaped, where)
            gaps = np.isnan(block[:steps]).view(np.uint8).sum(axis=0, dtype=np.min_scalar_type(steps))
            valid = steps - gaps.astype(np.intp)
            ranks = np.maximum(valid - 1, 0) >> 1, np.minimum(valid >> 1, steps - 1)
            low, high = sort(block, columns[: values[0].size], ranks)
            middle = np.where(low == high, low, half * low + half * high)
            target[index] = np.where(valid == 0, np.nan, middle).reshape(values.shape[1:])
    return result if out is None else out


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
