"""Whittaker's smoother as bare loops; the contract is that of :func:`eokernels.whittaker_smooth`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array
from eokernels._pieces import PIECE_BYTES, blocks
from eokernels._smoothing import penalty, series, steps
from eokernels.impl_numba._banded import back, change, last_state, share_back, share_change, turn
from eokernels.impl_numba._jit import helper, kernel, locate, walk_series
from eokernels.impl_numba._threads import share
from eokernels.impl_numpy._banded import Factors

LANES = 64  # pixels at a time: long enough for vectors, and their factors stay in L2
WORTH = 3  # a smoothed value takes about as long as so many that are added up
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
        for part, own, heavy in _parts(smoothing, result):
            _run(part, heavy, own, way, shared)
    return smoothing.answer(result, out)


def _shared(way):
    """Return k, r and the last J of series without gaps."""
    factors = Factors(way, 1).of(np.ones((len(way.lambdas), 1)))
    return factors.k[:, :, 0].copy(), factors.r[:, 0].copy(), factors.j


def _parts(smoothing, result):
    """Yield calls whose arrays compiled loops may take as they are, with their results and weights.

    Misaligned arrays are copied part by part; all others stay views of the caller's memory.
    """
    call, heavy = smoothing.call, smoothing.weights
    (stack,) = call.arrays
    if stack.flags.aligned and (heavy is None or heavy.flags.aligned):
        yield call, result, heavy
        return
    shape, dates = result.shape[1:] or (1,), len(result)
    stack, holes, heavy, target = [
        None if array is None else array.reshape(dates, *shape) for array in (stack, call.mask, heavy, result)
    ]
    for place in blocks(shape, max(1, PIECE_BYTES // (8 * dates))):
        index = (slice(None), *[slice(i, i + 1) if isinstance(i, int) else i for i in place])
        own = None if heavy is None else np.array(heavy[index], order="C")
        part = call._replace(
            arrays=(np.array(stack[index], order="C"),), mask=None if holes is None else holes[index],
        )  # fmt: skip
        yield part, target[index], own


def _run(call, heavy, result, way, shared):
    (stack,) = call.arrays
    flats, plan = walk_series(call, heavy, result)
    nodata = stack.dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None, heavy is not None
    d = way.widths.shape[1]
    common = shared or (np.empty((0, d)), np.empty(0), np.empty((d, d, 1)))
    pixels, dates = result[0].size, len(result)

    def lanes(start, stop):
        _lanes(*flats, *plan, dates, *gaps, way.lambdas, way.widths, *common, start, stop)

    share(lanes, pixels, call.threads, pixels * dates * WORTH)


@kernel
def _lanes(
    x, holes, heavy, out, offsets, lengths, steps, leads, dates, has_nodata, nodata, masked, weighted, lambdas, widths,
    shared_k, shared_r, shared_j, start, stop,
):  # fmt: skip
    d, inner, step, at = widths.shape[1], lengths[-1], steps[:, -1], np.empty_like(offsets)
    values, weights, count = np.empty((dates, LANES)), np.empty((dates, LANES)), np.empty(LANES)
    k, g, j, h = np.empty((dates, d, LANES)), np.empty((dates, LANES)), np.empty((d, d, LANES)), np.empty((d, LANES))
    while start < stop:
        n = min(inner - start % inner, stop - start, LANES)
        locate(start, offsets, lengths, steps, at)
        count[:] = 0.0
        for date in range(dates):
            _widen(
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
            _narrow(values[date], count, d, n, out, at[3] + date * leads[3], step[3])
        start += n


@helper
def _widen(x, holes, heavy, place, hole, weigh, step, has_nodata, nodata, masked, weighted, n, values, weights, count):
    """Read n values of one date as float64, times their weights; 0 where they are missing, and in lanes beyond."""
    for w in range(n, LANES):
        values[w] = weights[w] = 0.0
    if step[0] == 1 and not (masked or weighted or has_nodata):
        near = x[place : place + n]
        for w in range(n):
            value = near[w]
            there = value == value  # noqa: PLR0124 - which NaN alone is not
            weights[w] = 1.0 if there else 0.0
            values[w] = np.float64(value) if there else 0.0
            count[w] += weights[w] + (values[w] - values[w])
        return
    for w in range(n):
        value = x[np.uintp(place + w * step[0])]
        gone = value != value  # noqa: PLR0124 - which NaN alone is
        if has_nodata:
            gone |= value == nodata
        if masked:
            gone |= holes[np.uintp(hole + w * step[1])]
        weight = np.float64(heavy[np.uintp(weigh + w * step[2])]) if weighted else 1.0
        gone |= not weight > 0.0
        weights[w] = 0.0 if gone else weight
        values[w] = 0.0 if gone else np.float64(value) * weight
        count[w] += (0.0 if gone else 1.0) + (values[w] - values[w])


@helper
def _narrow(values, count, d, n, out, place, step):
    """Write n results of one date, NaN where there are too few values."""
    if step == 1:
        near = out[place : place + n]
        for w in range(n):
            near[w] = values[w] if count[w] >= d else np.nan
    else:
        for w in range(n):
            out[np.uintp(place + w * step)] = values[w] if count[w] >= d else np.nan
