"""Temporal mean in NumPy; the contract is that of :func:`eokernels.temporal_mean`."""

from __future__ import annotations

import warnings

import numpy as np

from eokernels._admit import Array, temporal
from eokernels.impl_numpy import deliver
from eokernels.impl_numpy._series import cleaned, filled


def temporal_mean(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None) -> Array:
    """Add up blocks of pixels with gaps as 0; see :func:`eokernels.temporal_mean`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    result = call.output()
    target = result.reshape(result.shape or 1)
    with np.errstate(all="ignore"):
        for index, pixels in cleaned(call):
            place = target[index]
            total, counts = [each.reshape(place.shape) for each in pixels.sums()]
            np.divide(total, counts, out=place, casting="same_kind")
    return call.answer(result, out)


def temporal_mean_naive(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None) -> Array:
    """``np.nanmean`` over a float64 copy of the stack with NaN put in; see :func:`eokernels.temporal_mean`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # all missing, or nothing to add
        return deliver(np.nanmean(filled(call), axis=0)[..., 0], call, out)
