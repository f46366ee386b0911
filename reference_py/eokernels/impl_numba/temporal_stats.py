"""Temporal mean, standard deviation and count as bare loops; see :func:`eokernels.temporal_stats`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import INT32, Array, outputs, several, temporal
from eokernels._numbers import integer
from eokernels._pieces import aligned
from eokernels.impl_numba._jit import helper, kernel, locate, scatter, tile, walk_pixels
from eokernels.impl_numba._sums import (
    DISTANCES,
    NOTHING_KEPT,
    ROOM,
    SQUARES,
    SUMS,
    add_dates,
    any_doubtful,
    correct,
    divide,
    run_length,
    share_stages,
    spread,
)  # fmt: skip


def temporal_stats(
    x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1
) -> tuple[Array, Array, Array]:
    """Two branch-free passes over runs of pixels in cache, a third in doubt; see :func:`eokernels.temporal_stats`."""
    free, targets = integer("ddof", ddof, 0), outputs(out, 3)
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, num_threads=num_threads)
    free = min(free, len(call.arrays[0]))
    results = several(call, targets, (call.dtype, call.dtype, INT32))
    if len(call.arrays[0]) == 0:
        for result, empty in zip(results, (np.nan, np.nan, 0), strict=True):
            result[...] = empty
    elif results[0].size:
        for part, own, _ in aligned(call, *results):
            _run(part, free, own)
    return results if out is None else out


def _run(call, free, results):
    (series,) = call.arrays
    flats, way = walk_pixels(call, *results)
    nodata = series.dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None
    run, dates = min(run_length(series, way, passes=2), results[0].size), len(series)

    def runs(stage, first, last, start, stop, state, origin):
        kept, rows = state is not NOTHING_KEPT, tile(0 if way.steps[0, -1] == 1 else 4 * run, series.dtype)
        _runs(
            *flats, *way, *rows, dates, first, last, *gaps, free, stage, state, kept, origin, run, start, stop
        )  # fmt: skip

    share_stages(runs, results[0].size, dates, call.threads, stages=3)


@kernel
def _runs(
    x, gaps, mean, std, number, offsets, lengths, steps, leads, written, read, dates, first, last, has_nodata, nodata,
    masked, free, stage, state, kept, origin, run, start, stop,
):  # fmt: skip
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    values, sums = np.empty(run, mean.dtype), np.empty(ROOM)
    holes, counts = np.zeros((4, run), np.bool_), np.zeros(run, np.int32)
    while start < stop:
        n = min(inner - start % inner, stop - start, run)
        locate(start, offsets, lengths, steps, at)
        squares, off = sums[SQUARES : SQUARES + n], sums[DISTANCES : DISTANCES + n]
        centre, count, value = sums[SUMS : SUMS + n], counts[:n], values[:n]
        squares[:], centre[:], count[:] = 0.0, 0.0, 0
        if kept:
            _copy(state, start - origin, squares, off, centre, count, False)
        for turn in range(3):  # one call for all, as each is compiled anew
            if not stage >> turn & 1:
                continue
            wanted = turn < 2 or any_doubtful(x[0], squares, centre, count)
            if turn == 2 and wanted and not kept:
                off[:] = 0.0
            if wanted:
                add_dates(
                    x, gaps, at, step, leads, first, last, has_nodata, nodata, masked, written, read, holes, sums,
                    count, turn,
                )  # fmt: skip
            if last < dates:
                continue
            if turn == 0:
                divide(centre, count, value)
                scatter(value, mean, at[2], step[2])
            elif turn == 2:
                if wanted:
                    correct(x[0], squares, off, centre, count)
                spread(squares, count, free, value)
                scatter(value, std, at[3], step[3])
                scatter(count, number, at[4], step[4])
        if kept:
            _copy(state, start - origin, squares, off, centre, count, True)
        start += n


@helper
def _copy(state, place, squares, off, centre, count, back):
    """Copy sums from `state`, where they are kept between calls, or back to it."""
    for k in range(count.size):
        if back:
            state[0, place + k], state[1, place + k] = squares[k], off[k]
            state[2, place + k], state[3, place + k] = centre[k], count[k]
        else:
            squares[k], off[k] = state[0, place + k], state[1, place + k]
            centre[k], count[k] = state[2, place + k], state[3, place + k]
