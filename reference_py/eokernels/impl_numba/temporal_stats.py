"""Temporal mean, standard deviation and count as bare loops; see :func:`eokernels.temporal_stats`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import INT32, Array, several, temporal
from eokernels._checks import check_integer
from eokernels.impl_numba._jit import kernel, locate, scatter, share, walk_pixels
from eokernels.impl_numba._sums import add_dates, run_length


def temporal_stats(
    x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1
) -> tuple[Array, Array, Array]:
    """Two branch-free passes over runs of pixels that stay in cache; see :func:`eokernels.temporal_stats`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, num_threads=num_threads)
    free = min(check_integer("ddof", ddof, 0), len(call.arrays[0]))
    results = several(call, out, (call.dtype, call.dtype, INT32))
    if len(call.arrays[0]) == 0:
        for result, empty in zip(results, (np.nan, np.nan, 0), strict=True):
            result[...] = empty
    elif results[0].size:
        _run(call, free, results)
    return results if out is None else out


def _run(call, free, results):
    (series,) = call.arrays
    flats, way = walk_pixels(call, *results)
    nodata = series.dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None
    run = run_length(series, way, passes=2)

    def part(start, stop):
        _runs(*flats, *way, len(series), *gaps, free, run, start, stop)

    share(part, results[0].size, call.threads, 2 * series.size)


@kernel
def _runs(
    x, gaps, mean, std, number, offsets, lengths, steps, leads, dates, has_nodata, nodata, masked, free, run,
    start, stop,
):  # fmt: skip
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    rows, holes = np.empty((4, 0 if step[0] == 1 else run), x.dtype), np.zeros((4, run), np.bool_)
    centres, totals, counts, values = np.empty(run), np.empty(run), np.empty(run, np.int32), np.empty(run, mean.dtype)
    while start < stop:
        n = min(inner - start % inner, stop - start, run)
        locate(start, offsets, lengths, steps, at)
        centre, total, count, value = centres[:n], totals[:n], counts[:n], values[:n]
        centre[:], total[:], count[:] = 0.0, 0.0, 0
        add_dates(
            x, gaps, at, step, leads, dates, has_nodata, nodata, masked, rows, holes, centre, centre, count, False
        )
        for k in range(n):
            centre[k] /= count[k]
            value[k] = centre[k]
        scatter(value, mean, at[2], step[2])
        add_dates(x, gaps, at, step, leads, dates, has_nodata, nodata, masked, rows, holes, centre, total, count, True)
        for k in range(n):
            value[k] = np.sqrt(total[k] / (count[k] - free)) if count[k] > free else np.nan
        scatter(value, std, at[3], step[3])
        scatter(count, number, at[4], step[4])
        start += n
