"""Temporal mean, standard deviation and count in NumPy; the contract is that of :func:`eokernels.temporal_stats`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import FLOAT64, INT32, Array, outputs, several, temporal
from eokernels._numbers import integer
from eokernels.impl_numpy._series import cleaned, filled


def temporal_stats(x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None) -> tuple[Array, Array, Array]:
    """Two passes over blocks of pixels that stay in cache; see :func:`eokernels.temporal_stats`."""
    free, targets = integer("ddof", ddof, 0), outputs(out, 3)
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype)
    free = min(free, len(call.arrays[0]))
    results = several(call, targets, (call.dtype, call.dtype, INT32))
    mean, std, count = (result.reshape(result.shape or 1) for result in results)
    with np.errstate(all="ignore"):
        for index, pixels in cleaned(call):
            total, counts = pixels.sums()
            n = counts.astype(FLOAT64)
            centre = total / n
            spread = np.where(n > free, np.sqrt(pixels.squares(centre, n) / (n - free)), np.nan)
            for target, value in ((mean, centre), (std, spread), (count, counts)):
                target[index] = value.reshape(target[index].shape)
    return results if out is None else out


def temporal_stats_naive(
    x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None
) -> tuple[Array, Array, Array]:
    """Means of a float64 copy with NaN put in, of distances and their squares; see :func:`eokernels.temporal_stats`."""
    free, targets = integer("ddof", ddof, 0), outputs(out, 3)
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype)
    free = min(free, len(call.arrays[0]))
    mean, std, count = results = several(call, targets, (call.dtype, call.dtype, INT32))
    stack = filled(call)
    gaps = np.isnan(stack)
    n = np.count_nonzero(~gaps, axis=0)
    with np.errstate(all="ignore"):
        centre = np.nansum(stack, axis=0) / n
        distances = np.where(gaps, 0.0, stack - centre)
        squares = (distances * distances).sum(axis=0)
        if call.arrays[0].dtype.kind == "f":
            total = distances.sum(axis=0)
            squares = np.maximum(squares - total * total / n, 0.0)
        deviation = np.where(n > free, np.sqrt(squares / (n - free)), np.nan)
    mean[...], std[...], count[...] = centre[..., 0], deviation[..., 0], n[..., 0]
    return results if out is None else out
