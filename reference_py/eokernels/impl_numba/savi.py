"""Soil-adjusted vegetation index as bare loops; the contract is that of :func:`eokernels.savi`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import pair, reals, rounded, soil_constants
from eokernels._pieces import aligned
from eokernels.impl_numba._jit import BLOCK, gather, helper, kernel, locate, scatter, tile, walk
from eokernels.impl_numba._threads import share


def savi(
    nir, red, *, L=0.5, scale=None, offset=None, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None,
    num_threads=1,
) -> Array:  # fmt: skip
    """One branch-free pass that LLVM vectorises; see :func:`eokernels.savi`."""
    (soil,), scaled = reals(L=L), pair(scale, offset)
    call = elementwise({"nir": nir, "red": red}, nodata=nodata, mask=mask, min_denominator=min_denominator,
                       dtype=dtype, out=out, num_threads=num_threads)  # fmt: skip
    constants = (*rounded(call.dtype, 1.0 + soil), *soil_constants(call, soil, 2.0, scaled))
    result = call.output()
    for part, (target,), _ in aligned(call, result) if result.size else ():
        _run(part, constants, target)
    return call.answer(result, out)


def _run(call, constants, result):
    flats, way, direct = walk(call, result)
    nodata = call.arrays[0].dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None

    def part(start, stop):
        bands = tile(0 if direct else 2 * BLOCK, call.arrays[0].dtype)
        _blocks(*flats, *way, direct, *bands, constants, *gaps, start, stop)

    share(part, result.size, call.threads, result.size)


@kernel
def _blocks(
    nir, red, gaps, out, offsets, lengths, steps, _, direct, written, read, constants, has_nodata, nodata, masked,
    start, stop,
):  # fmt: skip
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    values, holes = np.empty(0 if direct else BLOCK, out.dtype), np.zeros(BLOCK, np.bool_)
    block = stop if direct and not (masked or has_nodata) else BLOCK
    while start < stop:
        n = min(inner - start % inner, stop - start, block)
        locate(start, offsets, lengths, steps, at)
        hole = holes[: min(n, BLOCK)]
        if masked:
            gather(gaps, at[2], step[2], hole)
        if direct:
            x, y, index = nir[at[0] :], red[at[1] :], out[at[3] :]
        else:
            x, y, index = read, read[BLOCK:], values
            gather(nir, at[0], step[0], written[:n])
            gather(red, at[1], step[1], written[BLOCK : BLOCK + n])
        _indices(x[:n], y[:n], hole, index[:n], constants, has_nodata, nodata, masked)
        if not direct:
            scatter(values[:n], out, at[3], step[3])
        start += n


@helper
def _indices(nir, red, hole, out, constants, has_nodata, nodata, masked):
    """Write the index in the type of the constants, NaN where the denominator is too small or a value is missing."""
    factor, soil, guard = constants
    wide = type(guard)
    if not (has_nodata or masked):
        for k in range(out.size):
            total = (wide(nir[k]) + wide(red[k])) + soil
            index = factor * (wide(nir[k]) - wide(red[k])) / total
            out[k] = wide(np.nan) if abs(total) <= guard else index
    else:
        for k in range(out.size):
            total = (wide(nir[k]) + wide(red[k])) + soil
            index = factor * (wide(nir[k]) - wide(red[k])) / total
            gap = hole[k] | (has_nodata & ((nir[k] == nodata) | (red[k] == nodata)))
            out[k] = wide(np.nan) if gap | (abs(total) <= guard) else index
