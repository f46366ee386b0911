"""Temporal median as bare loops; the contract is that of :func:`eokernels.temporal_median`.

Pixels side by side go through one network of minima and maxima over time (``_program``), so that the inner loops have
no branch and fill SIMD registers. Missing values become −∞ and +∞ in turn (the limits of the dtype for integers): with
m of T missing, (m + 1) // 2 lie below all data, and the median is always at ranks (T - 1) // 2 and the next one. It is
the mean of both where T and m are both even or both odd, hence T - m even; else the lower one for odd T and the upper
one for even T. So only those two ranks need sorting, whatever is missing. Very many dates go through ``_digits``.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, temporal
from eokernels._checks import fresh
from eokernels._pieces import aligned
from eokernels.impl_numba._digits import medians_by_digits
from eokernels.impl_numba._jit import gather, helper, kernel, locate, scatter, walk_pixels
from eokernels.impl_numba._program import LONGEST, PITCH, WIDTH, program, run
from eokernels.impl_numba._threads import share


def temporal_median(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1) -> Array:
    """Min-max network over lanes of pixels; see :func:`eokernels.temporal_median`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out, num_threads=num_threads)
    result, dates = call.output(), len(call.arrays[0])
    if dates == 0:
        result[...] = np.nan
    elif result.size:
        for part, (target,), _ in aligned(call, result):
            (_run if dates <= LONGEST else medians_by_digits)(part, target)
    return call.answer(result, out)


def _run(call, result):
    series = call.arrays[0]
    flats, way = walk_pixels(call, result)
    pieces = program(len(series), series.dtype)
    kind = series.dtype.type
    limits = (kind(-np.inf), kind(np.inf)) if series.dtype.kind == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    nodata = kind(0 if call.nodata is None else call.nodata)
    half = call.dtype.type(0.5)

    def part(start, stop):
        _blocks(
            *flats, *way, fresh((len(series) + 2, PITCH), series.dtype), pieces.addresses, pieces.first, pieces.halves,
            kind(limits[0]), kind(limits[1]), call.nodata is not None, nodata, call.mask is not None, half, start, stop,
        )  # fmt: skip

    share(part, result.size, call.threads, 2 * series.size)


@kernel
def _blocks(
    x, gaps, out, offsets, lengths, steps, leads, values, addresses, rows, halves, low, high, has_nodata, nodata,
    masked, half, start, stop,
):  # fmt: skip
    count, holes = len(values) - 2, np.zeros(WIDTH, np.bool_)
    missing, medians = np.empty(WIDTH, np.int32), np.empty(WIDTH, out.dtype)
    values[:] = low  # lanes beyond the last pixel are sorted too
    inner, places = lengths[-1], np.empty_like(offsets)
    for first in range(start, stop, WIDTH):
        missing[:] = 0
        lane, lanes = 0, min(WIDTH, stop - first)
        while lane < lanes:
            at = first + lane
            n = min(inner - at % inner, lanes - lane)
            locate(at, offsets, lengths, steps, places)
            ix, ig, dx, dg = places[0], places[1], leads[0], leads[1]  # elements of arrays would be read again
            for t in range(count):
                row, hole = values[t, lane : lane + n], holes[lane : lane + n]
                gather(x, ix + t * dx, steps[0, -1], row)
                if masked:
                    gather(gaps, ig + t * dg, steps[1, -1], hole)
                _pad(row, hole, missing[lane : lane + n], low, high, has_nodata, nodata)
            lane += n
        run(values, lanes, addresses, rows, halves, low, high)
        _middle(values[count], values[count + 1], missing[:lanes], count, half, medians)
        lane = 0
        while lane < lanes:
            at = first + lane
            n = min(inner - at % inner, lanes - lane)
            locate(at, offsets, lengths, steps, places)
            scatter(medians[lane : lane + n], out, places[2], steps[2, -1])
            lane += n


@helper
def _pad(row, hole, missing, low, high, has_nodata, nodata):
    """Count missing values per lane and replace them by `low` and `high` in turn."""
    for k in range(row.size):
        gap = (row[k] != row[k]) | (has_nodata & (row[k] == nodata)) | hole[k]
        missing[k] += gap
        pad = low if missing[k] & 1 else high
        row[k] = pad if gap else row[k]


@helper
def _middle(low, high, missing, count, half, medians):
    """Write the one value or the mean of two that is the median of each lane, NaN where all is missing."""
    wide = type(half)
    for k in range(missing.size):
        a, b = wide(low[k]), wide(high[k])
        mean = a if a == b else half * a + half * b
        one = a if count & 1 else b
        median = mean if (count - missing[k]) & 1 == 0 else one
        medians[k] = wide(np.nan) if missing[k] == count else median
