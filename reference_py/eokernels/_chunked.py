"""A kernel on plain arrays, or on every block of chunked ones: what ``eokernels.xarray`` hands to ``apply_ufunc``.

``dask="parallelized"`` would do, but for one thing: dask's ``apply_gufunc`` concatenates the blocks along a reduced
dimension even where there is one, and so copies it, time innermost. On 73 dates that copy takes longer than the mean.
Here a block is handed on as the view that it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import eokernels


@dataclass(frozen=True)
class Call:
    """One call, apart from its arrays; it can be pickled.

    Attributes
    ----------
    kernel
        Name in `eokernels`.
    companions
        Names of the last arrays, which are handed over as keywords.
    flat
        Those of them that lack the reduced axis.
    options
        The other keywords.
    reduces
        Whether the last axis of the other arrays is reduced.
    """

    kernel: str
    companions: tuple[str, ...]
    flat: frozenset[str]
    options: Mapping[str, Any]
    reduces: bool

    def __call__(self, *blocks: Any) -> Any:
        """Call the kernel; a block in nested lists, as dask hands over what is reduced, is alone in them."""
        plain = [_alone(block) for block in blocks]
        split = len(plain) - len(self.companions)
        named = dict(zip(self.companions, plain[split:], strict=True))
        named |= {name: named[name][..., np.newaxis] for name in self.flat}
        return getattr(eokernels, self.kernel)(*plain[:split], **named, **self.options)

    def on_nothing(self, *arrays: Any) -> tuple[np.dtype[Any], ...]:
        """Return the dtypes of the results; the kernel checks all arguments, on arrays without elements."""
        results = self(*(np.empty((0,) * array.ndim, array.dtype) for array in arrays))
        return tuple(result.dtype for result in _as_tuple(results))


def apply(*arrays: Any, call: Call, dtypes: tuple[np.dtype[Any], ...]) -> Any:
    """Call a kernel at once, or lazily and block by block where one of the arrays is chunked.

    The arrays broadcast from their last axes on, as ``apply_ufunc`` lays them out.
    """
    if not any(hasattr(array, "dask") for array in arrays):
        return call(*arrays)
    import dask.array as da

    ndim = max(array.ndim for array in arrays)
    own = len(arrays) - len(call.companions)
    lacking = [False] * own + [name in call.flat for name in call.companions]
    pairs: list[Any] = []
    for array, lacks in zip(arrays, lacking, strict=True):
        end = ndim - lacks
        pairs += [array, tuple(range(end - array.ndim, end))]
    axes = tuple(range(ndim - call.reduces))
    metas = [np.empty((0,) * len(axes), dtype) for dtype in dtypes]
    together = da.blockwise(call, axes, *pairs, concatenate=False, name=None, token=call.kernel, meta=metas[0])
    if len(metas) == 1:
        return together
    return tuple(
        da.map_blocks(partial(_item, i), together, meta=meta, dtype=meta.dtype) for i, meta in enumerate(metas)
    )


def _item(index: int, results: Any) -> Any:
    return results[index]


def _alone(block: Any) -> Any:
    while isinstance(block, list):
        (block,) = block
    return block


def _as_tuple(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)
