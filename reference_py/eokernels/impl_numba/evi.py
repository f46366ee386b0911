"""Enhanced vegetation index as bare loops; the contract is that of :func:`eokernels.evi`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import evi_constants, pair, reals
from eokernels._pieces import aligned
from eokernels.impl_numba._jit import BLOCK, gather, helper, kernel, locate, scatter, tile, walk
from eokernels.impl_numba._threads import share


def evi(
    nir, red, blue, *, G=2.5, C1=6.0, C2=7.5, L=1.0, scale=None, offset=None, nodata=None, mask=None,
    min_denominator=0.0, dtype=None, out=None, num_threads=1,
) -> Array:  # fmt: skip
    """One branch-free pass that LLVM vectorises; see :func:`eokernels.evi`."""
    given, scaled = reals(G=G, C1=C1, C2=C2, L=L), pair(scale, offset)
    call = elementwise(
        {"nir": nir, "red": red, "blue": blue},
        nodata=nodata,
        mask=mask,
        min_denominator=min_denominator,
        dtype=dtype,
        out=out,
        num_threads=num_threads,
    )
    *constants, guard = evi_constants(call, given, scaled)
    result = call.output()
    for part, (target,), _ in aligned(call, result) if result.size else ():
        _run(part, tuple(constants), guard, target)
    return call.answer(result, out)


def _run(call, constants, guard, result):
    flats, way, direct = walk(call, result)
    nodata = call.arrays[0].dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None

    def part(start, stop):
        bands = tile(0 if direct else 3 * BLOCK, call.arrays[0].dtype)
        _blocks(*flats, *way, direct, *bands, constants, *gaps, guard, start, stop)

    share(part, result.size, call.threads, result.size)


@kernel
def _blocks(
    nir, red, blue, gaps, out, offsets, lengths, steps, _, direct, written, read, constants, has_nodata, nodata,
    masked, guard, start, stop,
):  # fmt: skip
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    values, holes = np.empty(0 if direct else BLOCK, out.dtype), np.zeros(BLOCK, np.bool_)
    block = stop if direct and not (masked or has_nodata) else BLOCK
    while start < stop:
        n = min(inner - start % inner, stop - start, block)
        locate(start, offsets, lengths, steps, at)
        hole = holes[: min(n, BLOCK)]
        if masked:
            gather(gaps, at[3], step[3], hole)
        if direct:
            x, y, z, index = nir[at[0] :], red[at[1] :], blue[at[2] :], out[at[4] :]
        else:
            x, y, z, index = read, read[BLOCK:], read[2 * BLOCK :], values
            gather(nir, at[0], step[0], written[:n])
            gather(red, at[1], step[1], written[BLOCK : BLOCK + n])
            gather(blue, at[2], step[2], written[2 * BLOCK : 2 * BLOCK + n])
        _indices(x[:n], y[:n], z[:n], hole, index[:n], constants, has_nodata, nodata, masked, guard)
        if not direct:
            scatter(values[:n], out, at[4], step[4])
        start += n


@helper
def _indices(nir, red, blue, hole, out, constants, has_nodata, nodata, masked, guard):
    """Write the index in the type of `guard`, NaN where the denominator is within it or a value is missing."""
    gain, c1, c2, soil = constants
    wide = type(guard)
    if not (has_nodata or masked):
        for k in range(out.size):
            x, y, z = wide(nir[k]), wide(red[k]), wide(blue[k])
            total = ((x + c1 * y) - c2 * z) + soil
            index = gain * (x - y) / total
            out[k] = wide(np.nan) if abs(total) <= guard else index
    else:
        for k in range(out.size):
            x, y, z = wide(nir[k]), wide(red[k]), wide(blue[k])
            total = ((x + c1 * y) - c2 * z) + soil
            index = gain * (x - y) / total
            gap = hole[k] | (has_nodata & ((nir[k] == nodata) | (red[k] == nodata) | (blue[k] == nodata)))
            out[k] = wide(np.nan) if gap | (abs(total) <= guard) else index
