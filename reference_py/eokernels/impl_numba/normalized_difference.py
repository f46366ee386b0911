"""Normalized difference as bare loops; the contract is that of :func:`eokernels.normalized_difference`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import rounded
from eokernels._pieces import aligned
from eokernels.impl_numba._jit import BLOCK, gather, helper, kernel, locate, scatter, tile, walk
from eokernels.impl_numba._threads import share


def normalized_difference(
    a, b, *, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1
) -> Array:
    """One branch-free pass that LLVM vectorises; see :func:`eokernels.normalized_difference`."""
    call = elementwise(
        {"a": a, "b": b},
        nodata=nodata,
        mask=mask,
        min_denominator=min_denominator,
        dtype=dtype,
        out=out,
        num_threads=num_threads,
    )
    result = call.output()
    for part, (target,), _ in aligned(call, result) if result.size else ():
        _run(part, target)
    return call.answer(result, out)


def _run(call, result):
    flats, way, direct = walk(call, result)
    nodata = call.arrays[0].dtype.type(0 if call.nodata is None else call.nodata)
    (guard,) = rounded(call.dtype, call.min_denominator)
    gaps = call.nodata is not None, nodata, call.mask is not None

    def part(start, stop):
        values = tile(0 if direct else 2 * BLOCK, call.arrays[0].dtype)
        _blocks(*flats, *way, direct, *values, *gaps, guard, start, stop)

    share(part, result.size, call.threads, result.size)


@kernel
def _blocks(
    a, b, gaps, out, offsets, lengths, steps, _, direct, written, read, has_nodata, nodata, masked, guard, start, stop
):
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    ratios, holes = np.empty(0 if direct else BLOCK, out.dtype), np.zeros(BLOCK, np.bool_)
    block = stop if direct and not (masked or has_nodata) else BLOCK
    while start < stop:
        n = min(inner - start % inner, stop - start, block)
        locate(start, offsets, lengths, steps, at)
        hole = holes[: min(n, BLOCK)]
        if masked:
            gather(gaps, at[2], step[2], hole)
        if direct:
            x, y, ratio = a[at[0] :], b[at[1] :], out[at[3] :]
        else:
            x, y, ratio = read, read[BLOCK:], ratios
            gather(a, at[0], step[0], written[:n])
            gather(b, at[1], step[1], written[BLOCK : BLOCK + n])
        _ratios(x[:n], y[:n], hole, ratio[:n], has_nodata, nodata, masked, guard)
        if not direct:
            scatter(ratios[:n], out, at[3], step[3])
        start += n


@helper
def _ratios(a, b, hole, out, has_nodata, nodata, masked, guard):
    """Write (a - b) / (a + b) in the type of `guard`, NaN where |a + b| is within it or a value is missing."""
    wide = type(guard)
    if not (has_nodata or masked):
        for k in range(out.size):
            total = wide(a[k]) + wide(b[k])
            ratio = (wide(a[k]) - wide(b[k])) / total
            out[k] = wide(np.nan) if abs(total) <= guard else ratio
    else:
        for k in range(out.size):
            total = wide(a[k]) + wide(b[k])
            ratio = (wide(a[k]) - wide(b[k])) / total
            gap = hole[k] | (has_nodata & ((a[k] == nodata) | (b[k] == nodata)))
            out[k] = wide(np.nan) if gap | (abs(total) <= guard) else ratio
