"""Temporal mean as bare loops; the contract is that of :func:`eokernels.temporal_mean`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, temporal
from eokernels.impl_numba._jit import kernel, locate, scatter, share, walk_pixels
from eokernels.impl_numba._sums import add_dates, run_length


def temporal_mean(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1) -> Array:
    """Branch-free sums over runs of pixels; see :func:`eokernels.temporal_mean`."""
    call = temporal(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out, num_threads=num_threads)
    result = call.output()
    if len(call.arrays[0]) == 0:
        result[...] = np.nan
    elif result.size:
        _run(call, result)
    return result if out is None else out


def _run(call, result):
    (series,) = call.arrays
    flats, way = walk_pixels(call, result)
    nodata = series.dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None
    run = run_length(series, way)

    def part(start, stop):
        _runs(*flats, *way, len(series), *gaps, run, start, stop)

    share(part, result.size, call.threads, series.size)


@kernel
def _runs(x, gaps, out, offsets, lengths, steps, leads, dates, has_nodata, nodata, masked, run, start, stop):
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    rows, holes = np.empty((4, 0 if step[0] == 1 else run), x.dtype), np.zeros((4, run), np.bool_)
    totals, counts, means = np.empty(run), np.empty(run, np.int32), np.empty(run, out.dtype)
    while start < stop:
        n = min(inner - start % inner, stop - start, run)
        locate(start, offsets, lengths, steps, at)
        total, count = totals[:n], counts[:n]
        total[:], count[:] = 0.0, 0
        add_dates(x, gaps, at, step, leads, dates, has_nodata, nodata, masked, rows, holes, total, total, count, False)
        for k in range(n):
            means[k] = total[k] / count[k]
        scatter(means[:n], out, at[2], step[2])
        start += n
