"""Sums over time in float64, the dates added in their order, over runs of pixels side by side.

Four dates go in at a time, so that a pixel's sum is loaded and stored once for four values, and stays in a register
between them. The loops have no branch: a missing value adds a selected 0.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels.impl_numba._jit import gather, kernel

RUN = 4096  # pixels at most where they are contiguous: sums and counts in L1 or L2, rows long enough to be prefetched
STRIDED = 1024  # pixels at most where they are gathered; fewer pay more for the start of loops, up to twice at 128
RESIDENT_BYTES = 2**20  # of input that stays in L2: for a second pass, or for cache lines that hold several dates


def run_length(series, way, passes=1):
    """Return how many pixels to take at a time on the way through a series."""
    step = way.steps[0, -1]
    pixels = RUN if step == 1 else STRIDED
    if passes > 1 or step != 1:
        pixels = min(pixels, RESIDENT_BYTES // (len(series) * series.itemsize))
    return max(64, pixels)


@kernel
def add_dates(
    x, gaps, places, steps, leads, dates, has_nodata, nodata, masked, rows, holes, centres, totals, counts, squared
):  # fmt: skip
    """Add the values of a run of pixels to `totals` and their number to `counts`, or only squares about `centres`."""
    n = totals.size
    for first in range(0, dates, 4):
        left = dates - first
        if masked or left < 4:
            for k in range(4):
                holes[k, :n] = k >= left
                if masked and k < left:
                    gather(gaps, places[1] + (first + k) * leads[1], steps[1], holes[k, :n])
        if steps[0] == 1:
            at = places[0] + first * leads[0]
            a, b = _row(x, at, leads[0], 0, n), _row(x, at, leads[0], min(1, left - 1), n)
            c, d = _row(x, at, leads[0], min(2, left - 1), n), _row(x, at, leads[0], min(3, left - 1), n)
            _add(a, b, c, d, holes, has_nodata, nodata, masked or left < 4, centres, totals, counts, squared)
        else:
            for k in range(min(4, left)):
                gather(x, places[0] + (first + k) * leads[0], steps[0], rows[k, :n])
            a, b, c, d = rows[0, :n], rows[1, :n], rows[2, :n], rows[3, :n]
            _add(a, b, c, d, holes, has_nodata, nodata, masked or left < 4, centres, totals, counts, squared)


@kernel
def _row(x, first, stride, date, count):
    start = first + date * stride
    return x[start : start + count]


@kernel
def _add(a, b, c, d, holes, has_nodata, nodata, holed, centres, totals, counts, squared):
    if squared:
        _add_squares(a, b, c, d, holes, has_nodata, nodata, holed, centres, totals)
    else:
        _add_values(a, b, c, d, holes, has_nodata, nodata, holed, totals, counts)


@kernel
def _missing(value, has_nodata, nodata):
    return (value != value) | (has_nodata & (value == nodata))  # noqa: PLR0124 - which NaN alone does


@kernel
def _add_values(a, b, c, d, holes, has_nodata, nodata, holed, totals, counts):
    if not holed:
        for k in range(totals.size):
            ga, gb = _missing(a[k], has_nodata, nodata), _missing(b[k], has_nodata, nodata)
            gc, gd = _missing(c[k], has_nodata, nodata), _missing(d[k], has_nodata, nodata)
            total = totals[k] + (0.0 if ga else np.float64(a[k]))
            total += 0.0 if gb else np.float64(b[k])
            total += 0.0 if gc else np.float64(c[k])
            totals[k] = total + (0.0 if gd else np.float64(d[k]))
            counts[k] += np.int32(4) - ga - gb - gc - gd
    else:
        for k in range(totals.size):
            ga, gb = _missing(a[k], has_nodata, nodata) | holes[0, k], _missing(b[k], has_nodata, nodata) | holes[1, k]
            gc, gd = _missing(c[k], has_nodata, nodata) | holes[2, k], _missing(d[k], has_nodata, nodata) | holes[3, k]
            total = totals[k] + (0.0 if ga else np.float64(a[k]))
            total += 0.0 if gb else np.float64(b[k])
            total += 0.0 if gc else np.float64(c[k])
            totals[k] = total + (0.0 if gd else np.float64(d[k]))
            counts[k] += np.int32(4) - ga - gb - gc - gd


@kernel
def _add_squares(a, b, c, d, holes, has_nodata, nodata, holed, centres, totals):
    if not holed:
        for k in range(totals.size):
            ga, gb = _missing(a[k], has_nodata, nodata), _missing(b[k], has_nodata, nodata)
            gc, gd = _missing(c[k], has_nodata, nodata), _missing(d[k], has_nodata, nodata)
            total = totals[k] + _square(a[k], centres[k], ga)
            total += _square(b[k], centres[k], gb)
            total += _square(c[k], centres[k], gc)
            totals[k] = total + _square(d[k], centres[k], gd)
    else:
        for k in range(totals.size):
            ga, gb = _missing(a[k], has_nodata, nodata) | holes[0, k], _missing(b[k], has_nodata, nodata) | holes[1, k]
            gc, gd = _missing(c[k], has_nodata, nodata) | holes[2, k], _missing(d[k], has_nodata, nodata) | holes[3, k]
            total = totals[k] + _square(a[k], centres[k], ga)
            total += _square(b[k], centres[k], gb)
            total += _square(c[k], centres[k], gc)
            totals[k] = total + _square(d[k], centres[k], gd)


@kernel
def _square(value, centre, gap):
    distance = np.float64(value) - centre
    return 0.0 if gap else distance * distance
