"""The right answer of Whittaker's smoother, in long double, for many series at once; and goldens of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.kernels._shared import lone, missing
from benchmarks.peers import scipy_
from benchmarks.spec import Array, Golden

WIDE = np.longdouble
REFINED = 3
BLOCK = 8192
"""Series that are solved together."""


def differences(dates: int, d: int, times: Array | None) -> Array:
    """Return the coefficients of differences, a row of d + 1 for each: plain, or divided and not scaled."""
    rows = np.ones((dates, 1), WIDE)
    stamps = None if times is None else np.asarray(times, np.float64).astype(WIDE)
    for k in range(1, d + 1):
        later, sooner = np.pad(rows[1:], ((0, 0), (1, 0))), np.pad(rows[:-1], ((0, 0), (0, 1)))
        rows = later - sooner if stamps is None else (later - sooner) / (stamps[k:] - stamps[:-k])[:, np.newaxis]
    return rows


def applied(rows: Array, z: Array) -> Array:
    """Return the differences of series, by their coefficients."""
    found = np.zeros((len(rows), z.shape[1]), WIDE)
    for j in range(rows.shape[1]):
        found += rows[:, j, np.newaxis] * z[j : len(rows) + j]
    return found


def transposed(rows: Array, bent: Array, dates: int) -> Array:
    """Return what the transpose of the differences makes of differences."""
    found = np.zeros((dates, bent.shape[1]), WIDE)
    for j in range(rows.shape[1]):
        found[j : len(rows) + j] += rows[:, j, np.newaxis] * bent
    return found


def penalty(rows: Array, dates: int) -> Array:
    """Return DᵀD by its bands: ``[m, t]`` stands at row t and column t + m."""
    width = rows.shape[1]
    bands = np.zeros((width, dates), WIDE)
    for first in range(width):
        for second in range(first, width):
            bands[second - first, first : len(rows) + first] += rows[:, first] * rows[:, second]
    return bands


def factors(weights: Array, bands: Array) -> tuple[Array, Array]:
    """Return LDLᵀ of W + penalty for many series at once, as it stands in any textbook: L's bands, and D."""
    dates, d = len(weights), len(bands) - 1
    lower, pivots = np.zeros((d + 1, *weights.shape), WIDE), np.zeros(weights.shape, WIDE)
    for t in range(dates):
        first = max(0, t - d)
        for s in range(first, t):
            inner = sum(lower[t - r, t] * lower[s - r, s] * pivots[r] for r in range(max(first, s - d), s))
            lower[t - s, t] = (bands[t - s, s] - inner) / pivots[s]
        pivots[t] = weights[t] + bands[0, t] - sum(lower[t - r, t] ** 2 * pivots[r] for r in range(first, t))
    return lower, pivots


def solved(lower: Array, pivots: Array, right: Array) -> Array:
    """Solve L D Lᵀ z = right for many series at once."""
    z, width, dates = right.copy(), len(lower) - 1, len(right)
    for t in range(dates):
        for r in range(max(0, t - width), t):
            z[t] -= lower[t - r, t] * z[r]
    z /= pivots
    for t in range(dates - 1, -1, -1):
        for s in range(t + 1, min(dates, t + width + 1)):
            z[t] -= lower[s - t, s] * z[s]
    return z


def oracle(
    y: Array, weights: Array | None = None, times: Array | None = None, axis: int = 0, *, lmbda: Any, d: int = 2,
    nodata: Any = None, mask: Any = None, dtype: Any = None,
) -> Array:  # fmt: skip
    """Solve (W + λ·DᵀD) z = W y in long double, and again for what is left of the right side."""
    gone = missing(y, nodata=nodata, mask=mask)
    own = np.ones(y.shape) if weights is None else np.broadcast_to(weights, y.shape).astype(np.float64)
    heavy = np.where(gone | ~(own > 0), 0.0, own)
    values = np.where(heavy > 0, y.astype(np.float64), 0.0)
    shape = np.moveaxis(values, axis, 0).shape
    heavy, values = (np.moveaxis(each, axis, 0).reshape(shape[0], -1) for each in (heavy, values))
    good = (np.isfinite(values) & np.isfinite(heavy)).all(axis=0) & ((heavy > 0).sum(axis=0) >= d)
    smooth, rows = np.full(values.shape, np.nan), differences(shape[0], int(d), times)
    chosen = np.flatnonzero(good)
    for block in (chosen[k : k + BLOCK] for k in range(0, len(chosen), BLOCK)):
        own, given = heavy[:, block].astype(WIDE), values[:, block].astype(WIDE)
        smooth[:, block] = _block(own, given, WIDE(lmbda), rows)
    return np.moveaxis(smooth.reshape(shape), 0, axis)


def _block(weights: Array, values: Array, lmbda: Any, rows: Array) -> Array:
    """Return smooth series as float64."""
    dates = len(values)
    lower, pivots = factors(weights, lmbda * penalty(rows, dates))
    z = np.zeros(values.shape, WIDE)
    for _ in range(REFINED):
        bent = transposed(rows, applied(rows, z), dates)
        z = z + solved(lower, pivots, weights * (values - z) - lmbda * bent)
    return z.astype(np.float64)


def by_scipy(
    y: Array, weights: Array | None = None, times: Array | None = None, axis: int = 0, *, lmbda: float, d: int = 2
) -> Array:
    """Solve by SciPy's banded Cholesky factors, and again for what is left, which has the digits that they lose.

    Matrix and differences are made in another way than the oracle's, so that a fault of those is seen. Fewer values
    than `d` and an infinite value make a series NaN, which no factorisation says.
    """
    from scipy.linalg.lapack import dpbtrf, dpbtrs  # what its functions call, which check for ten times as long

    values = np.moveaxis(y, axis, 0)
    shape, dates = values.shape, len(values)
    own = np.ones(y.shape) if weights is None else np.broadcast_to(weights, y.shape).astype(np.float64)
    own = np.moveaxis(own, axis, 0)
    heavy = np.where(np.isnan(values) | ~(own > 0), 0.0, own).reshape(dates, math.prod(shape[1:]))
    right = np.where(heavy > 0, values.reshape(heavy.shape) * heavy, 0.0)
    good = np.flatnonzero((np.count_nonzero(heavy, axis=0) >= d) & np.isfinite(right).all(axis=0))
    heavy, right = heavy[:, good], right[:, good]
    stamps = None if times is None else np.asarray(times, np.float64)
    bent = scipy_.bands(dates, lmbda, d, stamps)
    factors = [_factor(*dpbtrf(np.vstack([bent[:-1], bent[-1] + one]))) for one in heavy.T]
    z = np.zeros(right.shape)
    for _ in range(REFINED if len(good) else 0):
        left = (right - heavy * z - lmbda * _bent(z.astype(WIDE), d, stamps)).astype(np.float64)
        z += np.stack([dpbtrs(one, rest)[0] for one, rest in zip(factors, left.T, strict=True)], axis=-1)
    smooth = np.full((dates, math.prod(shape[1:])), np.nan)
    smooth[:, good] = z
    return np.moveaxis(smooth.reshape(shape), 0, axis)


def _factor(factor: Array, info: int) -> Array:
    """Return what LAPACK made, unless it says that there is none."""
    if info:
        raise np.linalg.LinAlgError(f"leading minor {info} is not positive")
    return factor


def _bent(z: Array, d: int, times: Array | None) -> Array:
    """Return DᵀD z by NumPy's differences, there and back."""
    widths = [WIDE(1) if times is None else (times[k:] - times[:-k])[:, np.newaxis] for k in range(1, d + 1)]
    for width in widths:
        z = np.diff(z, axis=0) / width
    for width in reversed(widths):
        z = -np.diff(np.pad(z / width, ((1, 1), (0, 0))), axis=0)
    return z


MOST_LMBDA, MOST_VALUE, WEIGHTS = 1e9, 1e100, (1e-6, 1e6)
"""Beyond these the terms are too far apart for the arithmetic of some, the oracle's long double among them."""


def promises(data: tuple[Array, ...], keywords: Mapping[str, Any]) -> bool:
    """Tell whether float64 can tell the terms apart, and whether third differences have a value to spare."""
    y, *more = data
    given, d = keywords.get("weights", more[0] if more else None), int(lone(keywords.get("d", 2)))
    heavy = np.array([1.0]) if given is None else given[np.isfinite(given) & (given > 0)]
    values = y[np.isfinite(y)].astype(np.float64)
    near = bool(np.all((heavy >= WEIGHTS[0]) & (heavy <= WEIGHTS[1])) and np.all(np.abs(values) < MOST_VALUE))
    if not near or float(lone(keywords["lmbda"])) > MOST_LMBDA:
        return False
    if d < 3:
        return True
    gone = missing(y, nodata=keywords.get("nodata"), mask=keywords.get("mask"))
    there = ~gone if given is None else ~gone & (np.broadcast_to(given, y.shape) > 0)
    return bool(np.all(there.sum(axis=int(lone(keywords.get("axis", 0)))) != d))


def slack(expected: tuple[Array, ...], keywords: Mapping[str, Any]) -> tuple[Array, ...]:
    """Return what a value may be off: 2⁻³⁰ of the largest of its series, 2⁻¹³ with third divided differences."""
    (smooth,) = expected
    share = 2.0**-13 if int(lone(keywords.get("d", 2))) == 3 and keywords.get("times") is not None else 2.0**-30
    largest = np.abs(smooth).max(axis=int(lone(keywords.get("axis", 0))), keepdims=True, initial=0.0)
    return (np.broadcast_to(np.nan_to_num(largest, nan=0.0, posinf=0.0) * share, smooth.shape),)


SOURCE = "whittaker-eilers 0.2.0, order 2"
GOLDENS = (
    Golden("ten values", ([1.0, 2, 0, 3, 1, 4, 2, 5, 3, 6],),
           [0.9350592433, 1.198454676, 1.468344185, 1.831376377, 2.227365442, 2.712987933, 3.222183857, 3.817594428,
            4.439642475, 5.146991383], "float64", SOURCE, {"lmbda": 10.0}, rtol=1e-9),
    Golden("weights of 0", ([1.0, 2, 0, 3, 0, 0, 2, 5, 3, 0], [1.0, 1, 0, 1, 0, 0, 1, 1, 1, 0]),
           [1.371246214, 1.794774763, 2.181178691, 2.513855901, 2.776204293, 3.000236181, 3.217963877, 3.461399693,
            3.640759553, 3.820119414], "float64", SOURCE, {"lmbda": 10.0}, rtol=1e-9),
    Golden("uneven times", ([1.0, 2, 0, 3, 1, 4, 2, 5], None, [0.0, 1, 3, 4, 7, 8, 10, 15]),
           [1.19936123466, 1.43065950246, 1.17555559325, 2.02107876264, 2.01384949377, 2.82761791893, 2.347538711,
            4.9843387833], "float64", SOURCE, {"lmbda": 5.0}, rtol=1e-9),
    Golden("two values lie on a line, whatever lmbda is",
           ([math.nan] * 180 + [1.0] + [math.nan] * 30 + [4.0] + [math.nan] * 153,),
           [1.0 + (t - 180) * 3 / 31 for t in range(365)], "float64", "a line has no second differences",
           {"lmbda": 1e4}, rtol=1e-6),
)  # fmt: skip
