"""Temporal mean as bare loops; the contract is that of :func:`eokernels.temporal_mean`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, temporal
from eokernels._pieces import aligned
from eokernels.impl_numba._jit import kernel, locate, scatter, tile, walk_pixels
from eokernels.impl_numba._sums import NOTHING_KEPT, ROOM, SUMS, add_dates, run_length, share_stages


def temporal_mean(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1) -> Array:
    """Branch-free sums over runs of pixels; see :func:`eokernels.temporal_mean`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out, num_threads=num_threads)
    result = call.output()
    if len(call.arrays[0]) == 0:
        result[...] = np.nan
    elif result.size:
        for part, (target,), _ in aligned(call, result):
            _run(part, target)
    return call.answer(result, out)


def _run(call, result):
    (series,) = call.arrays
    flats, way = walk_pixels(call, result)
    nodata = series.dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None
    run, dates = min(run_length(series, way), result.size), len(series)

    def runs(stage, first, last, start, stop, state, origin):
        kept, rows = state is not NOTHING_KEPT, tile(0 if way.steps[0, -1] == 1 else 4 * run, series.dtype)
        _runs(*flats, *way, *rows, dates, first, last, *gaps, stage > 1, state, kept, origin, run, start, stop)

    share_stages(runs, result.size, dates, call.threads, stages=1)


@kernel
def _runs(
    x, gaps, out, offsets, lengths, steps, leads, written, read, dates, first, last, has_nodata, nodata, masked,
    squared, state, kept, origin, run, start, stop,
):  # fmt: skip
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    means, sums = np.empty(run, out.dtype), np.empty(ROOM)
    holes, counts = np.zeros((4, run), np.bool_), np.zeros(run, np.int32)
    while start < stop:
        n, kept_at = min(inner - start % inner, stop - start, run), start - origin
        locate(start, offsets, lengths, steps, at)
        total, count = sums[SUMS : SUMS + n], counts[:n]
        total[:], count[:] = 0.0, 0
        if kept:
            for k in range(n):
                total[k], count[k] = state[0, kept_at + k], state[3, kept_at + k]
        add_dates(
            x, gaps, at, step, leads, first, last, has_nodata, nodata, masked, written, read, holes, sums, count,
            squared,
        )  # fmt: skip
        for k in range(n):
            means[k] = total[k] / count[k]
        if last == dates:
            scatter(means[:n], out, at[2], step[2])
        if kept:
            for k in range(n):
                state[0, kept_at + k], state[3, kept_at + k] = total[k], count[k]
        start += n
