"""Temporal maximum as bare loops; the contract is that of :func:`eokernels.temporal_max`.

What is kept of a run of pixels, its largest values and whether there was any, stays in cache while dates go in. Few
pixels go one by one, each as the run of the dates of one pixel. A missing value goes in as the least of the dtype.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, temporal
from eokernels._pieces import aligned
from eokernels.impl_numba._jit import gather, helper, kernel, locate, scatter, tile, walk_pixels
from eokernels.impl_numba._sums import NOTHING_KEPT, run_length, share_stages

FEW, LANES = 8, 64  # pixels that go one by one, and dates of one that go side by side


def temporal_max(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1) -> Array:
    """Branch-free maxima over runs of pixels; see :func:`eokernels.temporal_max`."""
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
    kind = series.dtype.type
    low = kind(-np.inf) if series.dtype.kind == "f" else kind(np.iinfo(kind).min)
    gaps = call.nodata is not None, kind(0 if call.nodata is None else call.nodata), call.mask is not None
    dates, run = len(series), max(LANES, min(run_length(series, way), result.size))

    def runs(_, first, last, start, stop, state, origin):
        rows = tile(run, series.dtype)
        _runs(
            *flats, *way, *rows, dates, first, last, low, *gaps, state, state is not NOTHING_KEPT, origin, start, stop
        )

    share_stages(runs, result.size, dates, call.threads, stages=1)


@kernel
def _runs(
    x, gaps, out, offsets, lengths, steps, leads, written, read, dates, first, last, low, has_nodata, nodata, masked,
    state, kept, origin, start, stop,
):  # fmt: skip
    run, inner, step, at = written.size, lengths[-1], steps[:, -1], np.empty_like(offsets)
    most, seen, results = np.empty(run, x.dtype), np.empty(run, np.uint8), np.empty(run, out.dtype)
    holes = np.zeros(run, np.bool_)
    while start < stop:
        n, kept_at = min(inner - start % inner, stop - start, run), start - origin
        locate(start, offsets, lengths, steps, at)
        place, hole = at[0] + first * leads[0], at[1] + first * leads[1]
        if n <= FEW:
            n = 1
            most[:LANES], seen[:LANES] = low, 0
            for t in range(0, last - first, LANES):
                lanes = min(LANES, last - first - t)
                _join(x, gaps, place + t * leads[0], hole + t * leads[1], leads, written, read, holes, low,
                      has_nodata, nodata, masked, most[:lanes], seen[:lanes])  # fmt: skip
            for k in range(1, LANES):
                most[0], seen[0] = max(most[0], most[k]), seen[0] | seen[k]
        else:
            most[:n], seen[:n] = low, 0
            for t in range(last - first):
                _join(x, gaps, place + t * leads[0], hole + t * leads[1], step, written, read, holes, low,
                      has_nodata, nodata, masked, most[:n], seen[:n])  # fmt: skip
        if kept:
            for k in range(n):
                if state[3, kept_at + k] > 0:
                    most[k], seen[k] = max(most[k], x.dtype.type(state[0, kept_at + k])), 1
                state[0, kept_at + k], state[3, kept_at + k] = most[k], seen[k]
        if last == dates:
            for k in range(n):
                results[k] = out.dtype.type(most[k]) + out.dtype.type(0) if seen[k] else np.nan  # +0 of either zero
            scatter(results[:n], out, at[2], step[2])
        start += n


@helper
def _join(x, gaps, place, hole, steps, written, read, holes, low, has_nodata, nodata, masked, most, seen):
    """Join values `steps` apart to the largest so far and to whether there was any."""
    n = most.size
    if masked:
        gather(gaps, hole, steps[1], holes[:n])
    if steps[0] == 1:
        values = x[place : place + n]
    else:
        gather(x, place, steps[0], written[:n])
        values = read[:n]
    for k in range(n):
        value = values[k]
        gap = (value != value) | (has_nodata & (value == nodata)) | holes[k]  # noqa: PLR0124 - which NaN alone does
        filled = low if gap else value
        most[k] = filled if filled > most[k] else most[k]
        seen[k] |= not gap
