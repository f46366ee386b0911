"""Whittaker's smoother, along time: the declaration as it will stand in ``benchmarks/kernels`` once a family has it.

Cases wanted of a family ``series`` (a stack with time stamps, results of its shape)::

    name                        shape              what
    f32_73x480 / _256 / _64     (73, n, n)         the centre: float32, cloud-structured gaps of 40 %, one thread
    f32_73x480_clean            (73, 480, 480)     no gaps: factors are shared
    f32_73x480_clean_out        (73, 480, 480)     the same into `out`
    f32_73x480_iid / _heavy     (73, 480, 480)     gaps of 40 % anywhere; 90 %, and 5 % of series all missing
    f32_24x820 / 146x340 / 365x215                 equal bytes
    u16_73x480, i16_73x480      nodata=0, -9999    counts, widened first
    f64_73x340                                     float64
    f32_73x480_t2 / _tall       threads; (4096, 64, 64)
    f32_73x480_pixel_major / _time_last            axis=-1, memory along time; a view with time last
    f32_73x480_uneven           times of Sentinel-2 in days, lmbda fitting them
    f32_73x480_weights          float32 weights in [0, 1], 40 % of them 0
    f32_73x480_d1 / _d3         orders beside 2
    f32_140_cube_ndvi           the real cube's NDVI, its own gaps and times

Probe values: lmbda=100, d=2. Least length of time 5. Names are to stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.kernels._shared import NUMBERS, missing, over_time
from benchmarks.peers import scipy_, whittaker_
from benchmarks.spec import Array, Authority, Contract, Cost, Golden, Kernel, Prose
from inputs.cases import Case

WIDE = np.longdouble
REFINED = 4


def differences(dates: int, d: int, times: Array | None) -> Array:
    """Return the matrix of plain differences, or of divided ones that are not scaled, in long double."""
    if times is None:
        steps = np.zeros((dates - d, dates), WIDE)
        for j in range(d + 1):
            steps[np.arange(dates - d), np.arange(dates - d) + j] = (-1) ** (d - j) * math.comb(d, j)
        return steps
    stamps, steps = times.astype(np.float64).astype(WIDE), np.eye(dates, dtype=WIDE)
    for k in range(1, d + 1):
        steps = np.diff(steps, axis=0) / (stamps[k:] - stamps[:-k])[:, np.newaxis]
    return steps


def solved(matrix: Array, right: Array) -> Array:
    """Solve a symmetric system with three bands beside the diagonal by LDLᵀ, as it stands in any textbook."""
    dates, width = len(matrix), 3
    lower, pivots, z = np.zeros_like(matrix), np.zeros_like(right), right.copy()
    for t in range(dates):
        for s in range(max(0, t - width), t):
            inner = sum(lower[t, r] * lower[s, r] * pivots[r] for r in range(max(0, t - width), s))
            lower[t, s] = (matrix[t, s] - inner) / pivots[s]
        pivots[t] = matrix[t, t] - sum(lower[t, r] ** 2 * pivots[r] for r in range(max(0, t - width), t))
        z[t] -= sum(lower[t, r] * z[r] for r in range(max(0, t - width), t))
    z /= pivots
    for t in range(dates - 1, -1, -1):
        for s in range(t + 1, min(dates, t + width + 1)):
            z[t] -= lower[s, t] * z[s]
    return z


def oracle(
    y: Array, weights: Array | None = None, times: Array | None = None, axis: int = 0, *, lmbda: Any, d: int = 2,
    nodata: Any = None, mask: Any = None, dtype: Any = None,
) -> Array:  # fmt: skip
    """Solve (W + λ·DᵀD) z = W y in long double, then for what is left of the right side, taken from differences of z."""
    gone = missing(y, nodata=nodata, mask=mask)
    own = np.ones(y.shape) if weights is None else np.broadcast_to(weights, y.shape).astype(np.float64)
    heavy = np.where(gone | ~(own > 0), 0.0, own)
    values = np.where(heavy > 0, y.astype(np.float64), 0.0)
    heavy, values = [np.moveaxis(each, axis, 0).astype(WIDE) for each in (heavy, values)]
    shape, dates = values.shape, len(values)
    heavy, values = heavy.reshape(dates, -1), values.reshape(dates, -1)
    good = (np.isfinite(values) & np.isfinite(heavy)).all(axis=0) & ((heavy > 0).sum(axis=0) >= d)
    smooth = np.full(values.shape, np.nan)
    for series in np.flatnonzero(good):
        smooth[:, series] = _one(heavy[:, series], values[:, series], WIDE(lmbda), differences(dates, d, times))
    return np.moveaxis(smooth.reshape(shape), 0, axis)


def _one(weights: Array, values: Array, lmbda: Any, steps: Array) -> Array:
    """Return one smooth series as float64."""
    matrix = lmbda * (steps.T @ steps)
    np.fill_diagonal(matrix, matrix.diagonal() + weights)
    z = np.zeros(len(values), WIDE)
    for _ in range(REFINED):
        left = weights * (values - z) - lmbda * (steps.T @ (steps @ z))
        z = z + solved(matrix, left)
    return np.asarray(z, np.float64)


def _solveh_banded(y: Array, *, lmbda: float, d: int = 2) -> Array:
    return scipy_.whittaker_smooth(y, lmbda=lmbda, d=d)


def keywords(case: Case) -> Mapping[str, Any]:
    """Return the keywords of a case: time is where it has it, and lmbda is a usual one."""
    return {"lmbda": 100.0, **over_time(case)}


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
           {"lmbda": 1e4}, rtol=1e-9),
)  # fmt: skip

KERNEL = Kernel(
    name="whittaker_smooth", title="Whittaker smoother", cost_class="C8", family="temporal", oracle=oracle,
    bands=("nir",), arguments=("y",), keywords=keywords,
    contract=Contract(
        dtypes=NUMBERS,
        # Of the largest magnitude in the series, not of each value: see the reason.
        tolerance_ulp={"float32": 1, "float64": 2.0**22},
        tolerance_reason="Every value depends on all others of its series, so what is rounded is of the size of the "
        "largest: the tolerance is in units in the last place of the largest magnitude of a smooth series. In float64 "
        "the state is kept in differences: with at least a third of the values, and lmbda of 0.01 to 1e7, the error is "
        "below 1e-12 of it for d of 1 and 2 and 1e-11 for 3; with d values alone, next to each other of 365, "
        "1e-9 (d=2) and 1e-6 (d=3), where the result is a hundred or 10⁵ times the values.",
        missing="NaN, nodata, True in the mask or a weight that is not above 0 leaves a value out, and its place is "
        "filled; fewer values than d, and an infinite value or weight, make a series NaN.",
    ),
    cost=Cost(lambda shape: 33.0 * float(np.prod(shape)), "flop"),
    golden=GOLDENS,
    authority=Authority("scipy.linalg.solveh_banded", _solveh_banded, rtol=1e-9),
    peers=(whittaker_.WHITTAKER_SMOOTH, scipy_.WHITTAKER_SMOOTH),
    prose=Prose(
        why="The usual way to a gapless vegetation index: phenology and crop maps start from it.",
        expect="A recurrence along time with a division a value: one series at a time waits for each step, many side by "
        "side do not. Without gaps all series share their factors, and two short recurrences are left.",
        surprise="The textbook's factorisation is right to 1e-3 only where two dates of 365 are known and lmbda is "
        "large. The same one in differences is right to 1e-10, and as fast.",
    ),
    source=("Eilers 2003, Analytical Chemistry 75, 3631–3636", "Whittaker 1923, Proc. Edinburgh Math. Soc. 41, 63–75"),
)  # fmt: skip
