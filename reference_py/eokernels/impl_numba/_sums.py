"""Sums over time in float64, the dates added in their order, over runs of pixels side by side.

Four dates go in at a time, so that a pixel's sum is loaded and stored once for four values, and stays in a register
between them; eight gain little more (docs/decisions/0011). The loops have no branch: a missing value adds a selected
0. Integers are added up in int32 first, which changes no bit, as all sums are exact. Where there are few pixels, and
the start of loops would take most of the time, one pixel's dates go in after the other's.

Squares are about a centre that is rounded, so the sum of the distances is not 0. For floats it is a correction that
matters where values are large and near to each other: only then, which a pixel's own sums tell, are distances added up
in a pass of their own. All sums of a run lie in one array at fixed distances, which LLVM can tell apart without a test;
with a test for each pair of arrays it gives up vectorising.

The file is longer than others, as loops are written out that differ by dtype and by what they add.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from eokernels.impl_numba._jit import gather, helper
from eokernels.impl_numba._threads import SLICE, share

SQUARES, DISTANCES, SUMS, ROOM = 0, 4168, 8336, 12504  # where the sums of a run begin in one array, and its length
RUN = 4096  # pixels at most where they are contiguous: sums and counts in L1 or L2, rows long enough to be prefetched
STRIDED = 1024  # pixels at most where they are gathered; fewer pay more for the start of loops, up to twice at 128
FEW, MANY = 16, 1024  # pixels that go one by one, twice as many where there are at least so many dates
CHUNK = 256  # dates of one pixel before the next one's: cache lines that hold both stay in L1
LONG = 2**17  # dates beyond which a stack is cut along time, as Python handles signals between parts
BATCH = 2**20  # pixels of such a stack at a time
RESIDENT_BYTES = 2**20  # of input that stays in L2: for a second pass, or for cache lines that hold several dates

NOTHING_KEPT = np.zeros((4, 1))


def run_length(series, way, passes=1):
    """Return how many pixels to take at a time on the way through a series."""
    step = way.steps[0, -1]
    pixels = RUN if step == 1 else STRIDED
    if passes > 1 or step != 1:
        pixels = min(pixels, RESIDENT_BYTES // (len(series) * series.itemsize))
    return max(64, pixels)


def share_stages(runs, pixels, dates, threads, stages):
    """Call ``runs(stage, first, last, start, stop, state, origin)`` until all dates of all pixels have gone in.

    `stage` has the bits of the stages to run, of which there are `stages`. Ordinary stacks take all at once, run by
    run. Beyond `LONG` dates each call is about some dates of all pixels in a batch, and `state` (4, pixels) keeps their
    sums between calls, from that of pixel `origin` on; else it is `NOTHING_KEPT`. A third stage is rarely run.
    """
    if dates <= LONG:
        every = 2**stages - 1
        share(
            lambda start, stop: runs(every, 0, dates, start, stop, NOTHING_KEPT, 0),
            pixels,
            threads,
            min(stages, 2) * pixels * dates,
        )
        return
    for begin in range(0, pixels, BATCH):
        count = min(BATCH, pixels - begin)
        state, step = np.zeros((4, count)), max(1, SLICE // count)
        for stage in range(stages):
            for first in range(0, dates, step):
                last = min(first + step, dates)

                def part(start, stop, stage=stage, first=first, last=last, begin=begin, state=state):
                    runs(1 << stage, first, last, begin + start, begin + stop, state, begin)

                share(part, count, threads, (last - first) * count)


@helper
def add_dates(
    x, gaps, places, steps, leads, begin, end, has_nodata, nodata, masked, written, read, holes, sums, counts, turn
):  # fmt: skip
    """Add dates of a run of pixels, of which `counts` has one element each, to `sums`.

    In turn 0 the values go to `SUMS` and how many there are to `counts`. Then `SUMS` holds their centres; the squares
    of the distances to them go to `SQUARES` in turn 1, and the distances to `DISTANCES` in turn 2.
    """
    n = counts.size
    if n <= FEW or (n <= 2 * FEW and end - begin >= MANY):
        _add_each(x, gaps, places, steps, leads, begin, end, has_nodata, nodata, masked, sums, counts, turn)
        return
    for first in range(begin, end, 4):
        left = end - first
        if masked or left < 4:
            for k in range(4):
                holes[k, :n] = k >= left
                if masked and k < left:
                    gather(gaps, places[1] + (first + k) * leads[1], steps[1], holes[k, :n])
        if steps[0] == 1:
            rows, at, apart = x, places[0] + first * leads[0], leads[0]
        else:
            rows, at, apart = read, 0, n
            for k in range(min(4, left)):
                gather(x, places[0] + (first + k) * leads[0], steps[0], written[k * n : (k + 1) * n])
        a, b = _row(rows, at, n), _row(rows, at + min(1, left - 1) * apart, n)
        c, d = _row(rows, at + min(2, left - 1) * apart, n), _row(rows, at + min(3, left - 1) * apart, n)
        if turn == 1:
            _add_squares(a, b, c, d, holes, has_nodata, nodata, masked or left < 4, sums)
        elif turn == 2:
            _add_distances(a, b, c, d, holes, has_nodata, nodata, masked or left < 4, sums)
        else:
            _add_values(a, b, c, d, holes, has_nodata, nodata, masked or left < 4, sums[SUMS : SUMS + n], counts)


@helper
def _row(rows, first, count):
    return rows[first : first + count]


@helper
def _add_each(x, gaps, places, steps, leads, begin, end, has_nodata, nodata, masked, sums, counts, turn):
    for first in range(begin, end, CHUNK):
        last = min(first + CHUNK, end)
        for k in range(counts.size):
            at = np.uintp(places[0] + k * steps[0] + first * leads[0])
            hole = np.uintp(places[1] + k * steps[1] + first * leads[1])
            total, square, distances, count = sums[SUMS + k], sums[SQUARES + k], sums[DISTANCES + k], counts[k]
            added, in_order = _start(x[0], total), turn == 0 and leads[0] == 1 and not masked
            if in_order:
                added, found = _add_row(
                    _row(x, places[0] + k * steps[0] + first, last - first), has_nodata, nodata, added
                )
                count += found
            for _ in range(last if in_order else first, last):
                value = x[at]
                gap = _missing(value, has_nodata, nodata)
                if masked:
                    gap |= gaps[hole]
                at += np.uintp(leads[0])
                hole += np.uintp(leads[1])
                if turn > 0:
                    distance = _distance(value, total, gap)
                    if turn == 1:
                        square += distance * distance
                    else:
                        distances += distance
                else:
                    added += _term(value, gap)
                    count += 0 if gap else 1
            if turn == 0:
                total = _end(x[0], total, added)
            sums[SUMS + k], sums[SQUARES + k], sums[DISTANCES + k], counts[k] = total, square, distances, count


@helper
def _add_row(row, has_nodata, nodata, added):
    """Return the sum of dates of a pixel that lie side by side, and how many they are; vectorised for integers."""
    count = 0
    for k in range(row.size):
        gap = _missing(row[k], has_nodata, nodata)
        added += _term(row[k], gap)
        count += 0 if gap else 1
    return added, count


@helper
def _missing(value, has_nodata, nodata):
    return (value != value) | (has_nodata & (value == nodata))  # noqa: PLR0124 - which NaN alone does


@helper
def _add_values(a, b, c, d, holes, has_nodata, nodata, holed, totals, counts):
    if not holed:
        for k in range(totals.size):
            ga, gb = _missing(a[k], has_nodata, nodata), _missing(b[k], has_nodata, nodata)
            gc, gd = _missing(c[k], has_nodata, nodata), _missing(d[k], has_nodata, nodata)
            totals[k] = _four(totals[k], a[k], b[k], c[k], d[k], ga, gb, gc, gd)
            counts[k] += np.int32(4) - ga - gb - gc - gd
    else:
        for k in range(totals.size):
            ga, gb = _missing(a[k], has_nodata, nodata) | holes[0, k], _missing(b[k], has_nodata, nodata) | holes[1, k]
            gc, gd = _missing(c[k], has_nodata, nodata) | holes[2, k], _missing(d[k], has_nodata, nodata) | holes[3, k]
            totals[k] = _four(totals[k], a[k], b[k], c[k], d[k], ga, gb, gc, gd)
            counts[k] += np.int32(4) - ga - gb - gc - gd


@helper
def _add_squares(a, b, c, d, holes, has_nodata, nodata, holed, sums):
    if not holed:
        for k in range(a.size):
            centre = sums[SUMS + k]
            ga, gb = _missing(a[k], has_nodata, nodata), _missing(b[k], has_nodata, nodata)
            gc, gd = _missing(c[k], has_nodata, nodata), _missing(d[k], has_nodata, nodata)
            da, db = _distance(a[k], centre, ga), _distance(b[k], centre, gb)
            dc, dd = _distance(c[k], centre, gc), _distance(d[k], centre, gd)
            sums[SQUARES + k] = (((sums[SQUARES + k] + da * da) + db * db) + dc * dc) + dd * dd
    else:
        for k in range(a.size):
            centre = sums[SUMS + k]
            ga, gb = _missing(a[k], has_nodata, nodata) | holes[0, k], _missing(b[k], has_nodata, nodata) | holes[1, k]
            gc, gd = _missing(c[k], has_nodata, nodata) | holes[2, k], _missing(d[k], has_nodata, nodata) | holes[3, k]
            da, db = _distance(a[k], centre, ga), _distance(b[k], centre, gb)
            dc, dd = _distance(c[k], centre, gc), _distance(d[k], centre, gd)
            sums[SQUARES + k] = (((sums[SQUARES + k] + da * da) + db * db) + dc * dc) + dd * dd


@helper
def _add_distances(a, b, c, d, holes, has_nodata, nodata, holed, sums):
    for k in range(a.size):
        centre = sums[SUMS + k]
        ga, gb = _missing(a[k], has_nodata, nodata), _missing(b[k], has_nodata, nodata)
        gc, gd = _missing(c[k], has_nodata, nodata), _missing(d[k], has_nodata, nodata)
        if holed:
            ga, gb, gc, gd = ga | holes[0, k], gb | holes[1, k], gc | holes[2, k], gd | holes[3, k]
        off = (sums[DISTANCES + k] + _distance(a[k], centre, ga)) + _distance(b[k], centre, gb)
        sums[DISTANCES + k] = (off + _distance(c[k], centre, gc)) + _distance(d[k], centre, gd)


@helper
def _distance(value, centre, gap):
    distance = np.float64(value) - centre
    return 0.0 if gap else distance


def _four(total, a, b, c, d, ga, gb, gc, gd):
    """Return a total with the values of four dates, but for those that are missing."""
    raise NotImplementedError("compiled for each dtype below")


@overload(_four)
def _four_of_kind(total, a, b, c, d, ga, gb, gc, gd):
    if isinstance(a, types.Integer):
        return lambda total, a, b, c, d, ga, gb, gc, gd: (
            total
            + np.float64(
                np.int32(0 if ga else a)
                + np.int32(0 if gb else b)
                + np.int32(0 if gc else c)
                + np.int32(0 if gd else d)
            )
        )
    return lambda total, a, b, c, d, ga, gb, gc, gd: (
        (((total + (0.0 if ga else np.float64(a))) + (0.0 if gb else np.float64(b))) + (0.0 if gc else np.float64(c)))
        + (0.0 if gd else np.float64(d))
    )


def _start(value, total):
    """Return what a sum of some dates of one pixel starts with: for floats all that went before, as order matters."""
    raise NotImplementedError("compiled for each dtype below")


@overload(_start)
def _start_of_kind(value, total):
    if isinstance(value, types.Integer):
        return lambda value, total: np.int64(0)
    return lambda value, total: total


def _term(value, gap):
    """Return what a value adds to such a sum."""
    raise NotImplementedError("compiled for each dtype below")


@overload(_term)
def _term_of_kind(value, gap):
    if isinstance(value, types.Integer):
        return lambda value, gap: np.int64(0) if gap else np.int64(value)
    return lambda value, gap: 0.0 if gap else np.float64(value)


def _end(value, total, added):
    """Return the total with such a sum."""
    raise NotImplementedError("compiled for each dtype below")


@overload(_end)
def _end_of_kind(value, total, added):
    if isinstance(value, types.Integer):
        return lambda value, total, added: total + np.float64(added)
    return lambda value, total, added: added


def _doubtful(value, square, centre, count):
    """Tell whether the rounding of a centre could show in the sum of squares about it; never for integers."""
    raise NotImplementedError("compiled for each dtype below")


@overload(_doubtful)
def _doubtful_of_kind(value, square, centre, count):
    if isinstance(value, types.Integer):
        return lambda value, square, centre, count: False
    return lambda value, square, centre, count: (
        ((square > 0.0) & (square < count * (count * centre / 8388608.0) * (count * centre / 8388608.0)))
        | (square == np.inf)
    )


@helper
def any_doubtful(kind, squares, centre, count):
    found = False
    for k in range(count.size):
        found |= _doubtful(kind, squares[k], centre[k], count[k])
    return found


@helper
def correct(kind, squares, off, centre, count):
    """Take from squares of distances to rounded centres, where it could show, what the rounding adds to them."""
    for k in range(count.size):
        if _doubtful(kind, squares[k], centre[k], count[k]):
            exact = squares[k] - off[k] * off[k] / count[k]
            squares[k] = 0.0 if exact < 0.0 else exact


@helper
def divide(centre, count, value):
    """Make means of sums, and write them."""
    for k in range(value.size):
        centre[k] /= count[k]
        value[k] = centre[k]


@helper
def spread(squares, count, free, value):
    """Write standard deviations."""
    for k in range(value.size):
        value[k] = np.sqrt(squares[k] / (count[k] - free)) if count[k] > free else np.nan
