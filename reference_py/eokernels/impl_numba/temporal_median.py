"""Temporal median as bare loops; the contract is that of :func:`eokernels.temporal_median`.

Pixels side by side go through one network of minima and maxima over time, so that the inner loop has no branch and
fills SIMD registers. Missing values become −∞ and +∞ in turn (the limits of the dtype for integers): with m of T
missing, (m + 1) // 2 lie below all data, and the median is always at ranks (T - 1) // 2 and the next one. It is the
mean of both where T and m are both even or both odd, hence T - m even; else the lower one for odd T and the upper one
for even T. So only those two ranks need sorting, whatever is missing.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, temporal
from eokernels._network import selection
from eokernels.impl_numba._jit import gather, kernel, locate, scatter, share, walk_pixels
from eokernels.impl_numba._lanes import LANES, exchange


def temporal_median(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1) -> Array:
    """Min-max network over lanes of pixels; see :func:`eokernels.temporal_median`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out, num_threads=num_threads)
    result = call.output()
    if len(call.arrays[0]) == 0:
        result[...] = np.nan
    elif result.size:
        _run(call, result)
    return result if out is None else out


def _run(call, result):
    series = call.arrays[0]
    flats, way = walk_pixels(call, result)
    middle = (len(series) - 1) // 2
    network = selection(len(series), (middle, min(middle + 1, len(series) - 1)), quads=True)
    kind = series.dtype.type
    limits = (kind(-np.inf), kind(np.inf)) if series.dtype.kind == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    nodata = kind(0 if call.nodata is None else call.nodata)
    half = call.dtype.type(0.5)

    def part(start, stop):
        _blocks(
            *flats, *way, len(series), network.operations, network.rows, kind(limits[0]), kind(limits[1]),
            call.nodata is not None, nodata, call.mask is not None, half, start, stop,
        )  # fmt: skip

    share(part, result.size, call.threads, 4 * series.size)


@kernel
def _blocks(
    x, gaps, out, offsets, lengths, steps, leads, count, operations, rows, low, high, has_nodata, nodata, masked,
    half, start, stop,
):  # fmt: skip
    values = np.empty((count + 1, LANES), x.dtype)
    holes = np.zeros(LANES, np.bool_)
    missing = np.empty(LANES, np.int32)
    medians = np.empty(LANES, out.dtype)
    values[:] = low  # lanes beyond the last pixel are sorted too
    inner, places = lengths[-1], np.empty_like(offsets)
    for first in range(start, stop, LANES):
        missing[:] = 0
        lane, lanes = 0, min(LANES, stop - first)
        while lane < lanes:
            at = first + lane
            n = min(inner - at % inner, lanes - lane)
            locate(at, offsets, lengths, steps, places)
            ix, ig, dx, dg = places[0], places[1], leads[0], leads[1]  # as array elements they take 5 % more
            for t in range(count):
                row, hole = values[t, lane : lane + n], holes[lane : lane + n]
                gather(x, ix + t * dx, steps[0, -1], row)
                if masked:
                    gather(gaps, ig + t * dg, steps[1, -1], hole)
                _pad(row, hole, missing[lane : lane + n], low, high, has_nodata, nodata)
            lane += n
        exchange(values, operations)
        _middle(values[rows[0]], values[rows[1]], missing, count, half, medians)
        lane = 0
        while lane < lanes:
            at = first + lane
            n = min(inner - at % inner, lanes - lane)
            locate(at, offsets, lengths, steps, places)
            scatter(medians[lane : lane + n], out, places[2], steps[2, -1])
            lane += n


@kernel
def _pad(row, hole, missing, low, high, has_nodata, nodata):
    """Count missing values per lane and replace them by `low` and `high` in turn."""
    for k in range(row.size):
        gap = (row[k] != row[k]) | (has_nodata & (row[k] == nodata)) | hole[k]
        missing[k] += gap
        pad = low if missing[k] & 1 else high
        row[k] = pad if gap else row[k]


@kernel
def _middle(low, high, missing, count, half, medians):
    """Write the one value or the mean of two that is the median of each lane, NaN where all is missing."""
    wide = type(half)
    for k in range(medians.size):
        a, b = wide(low[k]), wide(high[k])
        mean = half * a + half * b
        one = a if count & 1 else b
        median = mean if (count - missing[k]) & 1 == 0 else one
        medians[k] = wide(np.nan) if missing[k] == count else median
