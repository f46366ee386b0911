"""Whittaker's smoother as bare loops; the contract is that of :func:`eokernels.whittaker_smooth`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array
from eokernels._smoothing import penalty, series, steps
from eokernels.impl_numba._banded import back, change, last_state, share_back, share_change, turn
from eokernels.impl_numba._jit import kernel, locate, walk_series
from eokernels.impl_numba._lanes import LANES, narrow, parts, widen
from eokernels.impl_numba._threads import share
from eokernels.impl_numpy._banded import Factors

WORTH = 16  # a smoothed value takes about as long as so many that are added up
SCRATCH = 2**25  # bytes, of the lanes of all threads
MOST = 4096  # dates up to which the factors of series without gaps are made beforehand


def whittaker_smooth(
    y, weights=None, times=None, axis=0, *, lmbda, d=2, nodata=None, mask=None, dtype=None, out=None, num_threads=1
) -> Array:
    """Factorise lanes of pixels date by date, see ``_banded``; see :func:`eokernels.whittaker_smooth`."""
    given = penalty(lmbda, d)
    smoothing = series(
        y, weights, times, axis, nodata=nodata, mask=mask, dtype=dtype, out=out, num_threads=num_threads
    )  # fmt: skip
    result = smoothing.output()
    way = steps(given, len(result), smoothing.times)
    if result.size:
        shared = _shared(way) if smoothing.weights is None and len(result) <= MOST else None
        for part, own, heavy in parts(smoothing, result):
            _run(part, heavy, own, way, shared)
    return smoothing.answer(result, out)


def _shared(way):
    """Return k, r and the last J of series without gaps."""
    factors = Factors(way, 1).of(np.ones((len(way.lambdas), 1)))
    return factors.k[:, :, 0].copy(), factors.r[:, 0].copy(), factors.j


def _run(call, heavy, result, way, shared):
    (stack,) = call.arrays
    flats, plan = walk_series(call, heavy, result)
    nodata = stack.dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None, heavy is not None
    d = way.widths.shape[1]
    common = shared or (np.empty((0, d)), np.empty(0), np.empty((d, d, 1)))
    pixels, dates = result[0].size, len(result)

    width = max(1, min(LANES, pixels, SCRATCH // (8 * dates * (d + 3) * call.threads)))

    def lanes(start, stop):
        _lanes(*flats, *plan, dates, *gaps, way.lambdas, way.widths, *common, width, start, stop)

    share(lanes, pixels, call.threads, pixels * dates * WORTH)


@kernel
def _lanes(
    x, holes, heavy, out, offsets, lengths, steps, leads, dates, has_nodata, nodata, masked, weighted, lambdas, widths,
    shared_k, shared_r, shared_j, lanes, start, stop,
):  # fmt: skip
    d, inner, step, at = widths.shape[1], lengths[-1], steps[:, -1], np.empty_like(offsets)
    values, weights, count = np.empty((dates, lanes)), np.empty((dates, lanes)), np.empty(lanes)
    k, g, j, h = np.empty((dates, d, lanes)), np.empty((dates, lanes)), np.empty((d, d, lanes)), np.empty((d, lanes))
    while start < stop:
        n = min(inner - start % inner, stop - start, lanes)
        locate(start, offsets, lengths, steps, at)
        count[:] = 0.0
        for date in range(dates):
            widen(
                x, holes, heavy, at[0] + date * leads[0], at[1] + date * leads[1], at[2] + date * leads[2], step,
                has_nodata, nodata, masked, weighted, n, values[date], weights[date], count,
            )  # fmt: skip
        full = shared_r.size > 0
        for w in range(n):
            full = full and count[w] == dates
        h[:], j[:] = 0.0, 0.0
        if full:
            for date in range(dates):
                share_change(h, shared_k[date], shared_r[date], widths[date], values[date], g[date], date >= d)
            for a in range(d):
                for b in range(d):
                    j[a, b, :] = shared_j[a, b, 0]
            last_state(j, h)
            for date in range(dates - 1, -1, -1):
                share_back(h, shared_k[date], widths[date], g[date], values[date], date >= d)
        else:
            for date in range(dates):
                if date >= d:
                    change(j, h, k[date], g[date], lambdas[date])
                turn(j, h, widths[date], weights[date], values[date])
            last_state(j, h)
            for date in range(dates - 1, -1, -1):
                back(h, k[date], widths[date], g[date], values[date], date >= d)
        for date in range(dates):
            narrow(values[date], count, d, n, out, at[3] + date * leads[3], step[3])
        start += n
