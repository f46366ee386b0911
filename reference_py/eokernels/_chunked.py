"""A kernel on plain arrays, or lazily on every block of chunked ones.

``dask="parallelized"`` would do, but for one thing: dask's ``apply_gufunc`` concatenates the blocks along a reduced
dimension even where there is one, and so copies it, time innermost. On 73 dates that copy takes longer than the mean.
Here a block is handed on as the view that it is.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from eokernels._call import Call
from eokernels._parts import PARTED, in_parts


def apply(*arrays: Any, call: Call, dtypes: tuple[np.dtype[Any], ...]) -> Any:
    """Call a kernel at once, or lazily and block by block where one of the arrays is chunked.

    The arrays broadcast from their last axes on, as ``apply_ufunc`` lays them out, the reduced ones last of all.
    """
    if not any(hasattr(array, "dask") for array in arrays):
        return call(*arrays)
    import dask.array as da

    core = [call.core] * (len(arrays) - len(call.companions)) + [sum(has) for has in call.has]
    free = max(array.ndim - own for array, own in zip(arrays, core, strict=True))
    pairs = _with_axes(arrays, call, free)
    axes = tuple(range(free + call.core * call.keeps))
    metas = [np.empty((0,) * len(axes), dtype) for dtype in dtypes]
    if call.kernel in PARTED and any(len(pieces) > 1 for pieces in _pieces(arrays[0], call.core)):
        together = in_parts(call, pairs, free, dtypes[0])
    else:
        together = da.blockwise(call, axes, *pairs, concatenate=False, name=None, token=call.kernel, meta=metas[0])
    if len(metas) == 1:
        return together
    return tuple(
        da.map_blocks(partial(_item, i), together, meta=meta, dtype=meta.dtype) for i, meta in enumerate(metas)
    )


def _with_axes(arrays: tuple[Any, ...], call: Call, free: int) -> list[Any]:
    """Return each array followed by the numbers of its axes; the reduced axes of companions are cut as the input's."""
    pieces = _pieces(arrays[0], call.core)
    whole = ((True,) * call.core,) * (len(arrays) - len(call.companions))
    pairs: list[Any] = []
    for array, has in zip(arrays, whole + call.has, strict=True):
        own = array.ndim - sum(has)
        reduced = [i for i, there in enumerate(has) if there]
        cuts = {own + k: pieces[i] for k, i in enumerate(reduced)}
        cut = array.rechunk(cuts) if cuts and hasattr(array, "dask") else array
        pairs += [cut, (*range(free - own, free), *(free + i for i in reduced))]
    return pairs


def _pieces(array: Any, core: int) -> tuple[tuple[int, ...], ...]:
    """Return the chunks of the reduced axes."""
    first = array.ndim - core
    return tuple(array.chunks[first:]) if hasattr(array, "dask") else tuple((n,) for n in array.shape[first:])


def _item(index: int, results: Any) -> Any:
    return results[index]
