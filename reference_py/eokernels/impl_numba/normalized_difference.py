"""Normalized difference as bare loops; the contract is that of :func:`eokernels.normalized_difference`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels.impl_numba._jit import address, gather, kernel, merged, scatter, share, span

BLOCK = 1984  # elements gathered at a time where memory is not contiguous or values may be missing; in L1 and L2


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
    if result.size:
        _run(call, result)
    return result if out is None else out


def _run(call, result):
    x, y = (span(array) for array in call.arrays)
    gaps, target = span(call.mask, result.ndim), span(result, written=True)
    lengths, steps, last = merged(result.shape, x.steps, y.steps, gaps.steps, target.steps)
    offsets = x.offset, y.offset, gaps.offset, target.offset
    nodata = x.flat.dtype.type(0 if call.nodata is None else call.nodata)
    guard = call.dtype.type(0.0)
    if call.min_denominator:
        with np.errstate(over="ignore"):
            guard = call.dtype.type(call.min_denominator)
    unit = last[0] == last[1] == last[3] == 1
    in_place = call.out is not None and any(np.may_share_memory(call.out, array) for array in call.arrays)

    def part(start, stop):
        _blocks(
            x.flat, y.flat, gaps.flat, target.flat, offsets, lengths, steps, unit and not in_place,
            call.nodata is not None, nodata, call.mask is not None, guard, start, stop,
        )  # fmt: skip

    share(part, result.size, call.threads, result.size)


@kernel
def _blocks(a, b, gaps, out, offsets, lengths, steps, direct, has_nodata, nodata, masked, guard, start, stop):
    inner, step = lengths[-1], steps[:, -1]
    size = 0 if direct else BLOCK
    x, y, ratios = np.empty(size, a.dtype), np.empty(size, b.dtype), np.empty(size, out.dtype)
    holes = np.zeros(BLOCK, np.bool_)
    block = stop if direct and not (masked or has_nodata) else BLOCK
    while start < stop:
        n = min(inner - start % inner, stop - start, block)
        ia = offsets[0] + address(start, lengths, steps[0])
        ib = offsets[1] + address(start, lengths, steps[1])
        io = offsets[3] + address(start, lengths, steps[3])
        hole = holes[: min(n, BLOCK)]
        if masked:
            gather(gaps, offsets[2] + address(start, lengths, steps[2]), step[2], hole)
        if direct:
            _ratios(a[ia : ia + n], b[ib : ib + n], hole, out[io : io + n], has_nodata, nodata, masked, guard)
        else:
            gather(a, ia, step[0], x[:n])
            gather(b, ib, step[1], y[:n])
            _ratios(x[:n], y[:n], hole, ratios[:n], has_nodata, nodata, masked, guard)
            scatter(ratios[:n], out, io, step[3])
        start += n


@kernel
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
