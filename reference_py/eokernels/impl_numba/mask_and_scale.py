"""Counts to scaled values, bad pixels to NaN, as bare loops; see :func:`eokernels.mask_and_scale`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

from functools import lru_cache

import numpy as np

from eokernels._admit import Array, elementwise
from eokernels._constants import reals, scaling
from eokernels._pieces import aligned
from eokernels._quality import Quality, quality, rules
from eokernels.impl_numba._jit import BLOCK, NO_MASK, gather, helper, kernel, locate, scatter, tile, walk
from eokernels.impl_numba._threads import share

UNREAD, BITS, RUNS, TABLE = range(4)  # how a quality band is read
FEW = 12  # runs of rejected classes up to which comparing bytes beats a table; with two or three it takes a tenth


def mask_and_scale(
    dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, reject_fields=None, mask=None, dtype=None,
    out=None, num_threads=1,
) -> Array:  # fmt: skip
    """One branch-free pass that LLVM vectorises; see :func:`eokernels.mask_and_scale`."""
    given, read = reals(scale=scale, offset=offset), rules(qa, keep, reject_bits, reject_fields)
    call = elementwise({"dn": dn}, nodata=nodata, mask=mask, dtype=dtype, out=out, num_threads=num_threads)
    checked, constants = quality(call, read), scaling(call, *given)
    result = call.output()
    for part, (target,), band in aligned(call, result, checked=checked) if result.size else ():
        _run(part, band, constants, target)
    return call.answer(result, out)


@lru_cache(maxsize=64)
def _classes(kept):
    """Return the rejected classes as a table and as runs: the least class and how many more."""
    table = Quality(NO_MASK, kept, 0).table()
    edges = np.flatnonzero(np.diff(table, prepend=False, append=False))
    return table, np.stack([edges[::2], edges[1::2] - edges[::2] - 1], axis=1).astype(np.uint8)


def _run(call, checked, constants, result):
    flats, way, direct = walk(call, result, None if checked is None else checked.array)
    nodata = call.arrays[0].dtype.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None
    mode, bits, (table, runs) = UNREAD, 0, _classes(0)
    if checked is not None and checked.kept is None:
        mode, bits = BITS, checked.bits
    elif checked is not None:
        table, runs = _classes(checked.kept)
        mode = RUNS if len(runs) <= FEW else TABLE

    def part(start, stop):
        counts = tile(0 if direct else BLOCK, call.arrays[0].dtype)
        _blocks(*flats, *way, direct, *counts, *constants, *gaps, mode, np.uint32(bits), table, runs, start, stop)

    share(part, result.size, call.threads, result.size)


@kernel
def _blocks(
    dn, gaps, qa, out, offsets, lengths, steps, _, direct, written, read, scale, offset, has_nodata, nodata, masked,
    mode, bits, table, runs, start, stop,
):  # fmt: skip
    inner, step, at = lengths[-1], steps[:, -1], np.empty_like(offsets)
    values, classes = np.empty(0 if direct else BLOCK, out.dtype), np.empty(BLOCK, qa.dtype)
    holes = np.zeros(BLOCK, np.bool_)
    holed = masked or mode != UNREAD
    block = BLOCK if holed or not direct else stop
    while start < stop:
        n = min(inner - start % inner, stop - start, block)
        locate(start, offsets, lengths, steps, at)
        hole = holes[: min(n, BLOCK)]
        if masked:
            gather(gaps, at[1], step[1], hole)
        if mode != UNREAD:
            gather(qa, at[2], step[2], classes[:n])
            _reject(classes[:n], hole, masked, mode, bits, table, runs)
        if direct:
            counts, scaled = dn[at[0] :], out[at[3] :]
        else:
            counts, scaled = read, values
            gather(dn, at[0], step[0], written[:n])
        _scale(counts[:n], hole, scaled[:n], scale, offset, has_nodata, nodata, holed)
        if not direct:
            scatter(values[:n], out, at[3], step[3])
        start += n


@helper
def _reject(classes, hole, masked, mode, bits, table, runs):
    """Write where a quality band, or the mask that `hole` holds, says that a value is missing."""
    if not masked:
        hole[:] = False
    if mode == BITS:
        for k in range(hole.size):
            hole[k] |= (classes[k] & bits) != 0
    elif mode == RUNS:
        for run in range(len(runs)):
            least, more = runs[run, 0], runs[run, 1]
            for k in range(hole.size):
                hole[k] |= np.uint8(classes[k] - least) <= more
    else:
        for k in range(hole.size):
            hole[k] |= table[classes[k] & 255]


@helper
def _scale(dn, hole, out, scale, offset, has_nodata, nodata, holed):
    """Write dn * scale + offset in the type of `scale`, NaN where a value is missing."""
    wide = type(scale)
    if not holed:
        for k in range(out.size):
            value = wide(dn[k]) * scale + offset
            out[k] = wide(np.nan) if has_nodata & (dn[k] == nodata) else value
    else:
        for k in range(out.size):
            value = wide(dn[k]) * scale + offset
            out[k] = wide(np.nan) if hole[k] | (has_nodata & (dn[k] == nodata)) else value
