"""Temporal mean, standard deviation and count in NumPy; the contract is that of :func:`eokernels.temporal_stats`."""

from __future__ import annotations

import warnings

import numpy as np

from eokernels._admit import FLOAT64, INT32, Array, several, temporal
from eokernels._checks import check_integer
from eokernels.impl_numpy._series import cleaned, filled, total


def temporal_stats(x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None) -> tuple[Array, Array, Array]:
    """Two passes over blocks of pixels that stay in cache; see :func:`eokernels.temporal_stats`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype)
    free = min(check_integer("ddof", ddof, 0), len(call.arrays[0]))
    results = several(call, out, (call.dtype, call.dtype, INT32))
    mean, std, count = (result.reshape(result.shape or 1) for result in results)
    with np.errstate(all="ignore"):
        for index, values, bits, counts in cleaned(call):
            n = counts.astype(FLOAT64)
            centre = total(values, counts) / n
            residuals = np.subtract(values, np.append(centre, 0.0), dtype=FLOAT64)
            np.bitwise_and(residuals.view(np.int64), bits, out=residuals.view(np.int64))
            np.multiply(residuals, residuals, out=residuals)
            mean[index], count[index] = centre, counts
            std[index] = np.where(n > free, np.sqrt(total(residuals, counts) / (n - free)), np.nan)
    return results if out is None else out


def temporal_stats_naive(
    x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None
) -> tuple[Array, Array, Array]:
    """``np.nanmean`` and ``np.nanstd`` over a float64 copy with NaN put in; see :func:`eokernels.temporal_stats`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype)
    free = min(check_integer("ddof", ddof, 0), len(call.arrays[0]))
    mean, std, count = results = several(call, out, (call.dtype, call.dtype, INT32))
    stack = filled(call)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # all missing, or too few
        mean[...] = np.nanmean(stack, axis=0)[..., 0]
        std[...] = np.nanstd(stack, axis=0, ddof=free)[..., 0]
        count[...] = np.count_nonzero(~np.isnan(stack), axis=0)[..., 0]
    return results if out is None else out
