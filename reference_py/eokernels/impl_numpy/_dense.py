"""Penalised least squares as most people write it: one series at a time, with a matrix of all its dates."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array
from eokernels._smoothing import Smoothing


def roughness(dates: int, d: int, times: Array | None) -> Array:
    """Return DᵀD for plain differences, or for divided ones that are not scaled."""
    rough = np.eye(dates)
    for k in range(1, d + 1):
        rough = np.diff(rough, axis=0)
        if times is not None:
            rough /= (times[k:] - times[:-k])[:, np.newaxis]
    return rough.T @ rough


def valid(smoothing: Smoothing, place: tuple[slice | int, ...]) -> tuple[Array, Array]:
    """Return a series as float64, 0 where it is missing, and its weights, which are 0 there."""
    call = smoothing.call
    values = call.arrays[0][place]
    gone = np.isnan(values)
    if call.nodata is not None:
        gone |= values == call.nodata
    if call.mask is not None:
        gone |= call.mask[place]
    weight = np.ones(len(values)) if smoothing.weights is None else smoothing.weights[place].astype(np.float64)
    weight = np.where(gone | ~(weight > 0), 0.0, weight)
    return np.where(weight > 0, values, 0.0).astype(np.float64), weight


def solved(smoothing: Smoothing, place: tuple[slice | int, ...], bent: Array, least: int) -> Array | float:
    """Return a smooth series, or NaN for one with too few values or an infinite one."""
    values, weight = valid(smoothing, place)
    if np.count_nonzero(weight) < least or not np.isfinite(weight * values).all():
        return np.nan
    return np.linalg.solve(np.diag(weight) + bent, weight * values)
