"""A reduction over an axis that is in several chunks: parts of single chunks, and parts added to each other.

Each block gives its `Moments`, at once and for itself. They are added in the order of the axis, four at a time, and
then what comes of it, four at a time: a tree that depends on the number of chunks along the reduced axis alone. So the
bits of a pixel do not depend on how the other axes are cut, nor on the order in which a scheduler takes the tasks; and
of a long axis only a few parts are in memory at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from eokernels import _moments
from eokernels._call import Call
from eokernels._moments import Moments

PARTED = frozenset({"temporal_mean", "temporal_stats"})
"""Kernels whose result can be made of parts."""

_TOGETHER = 4
_MOST = 2**31 - 1


@dataclass(frozen=True)
class Parts:
    """The steps of one call whose reduced axes are in several chunks; it can be pickled.

    Attributes
    ----------
    call
        What is called; one of `PARTED`.
    kind
        Dtype of the input.
    dtype
        Dtype of mean and deviation.
    """

    call: Call
    kind: np.dtype[Any]
    dtype: np.dtype[Any]

    def of_block(self, *blocks: Any) -> Moments:
        """Return what is known of one block."""
        (x,), named = self.call.arguments(*blocks)
        options = {
            name: value for name, value in self.call.options.items() if name in ("nodata", "num_threads", "mask")
        }
        return _moments.moments(x, -1, **options, **named)

    def added(self, parts: Any, axis: Any, keepdims: bool) -> Any:
        """Return what is known of parts in nested lists, in their order; dask also tries an array without elements."""
        if isinstance(parts, np.ndarray):
            return parts
        first, *rest = _flat(parts)
        known = first.copy()
        for part in rest:
            _moments.add(known, part, whole=self.kind.kind != "f")
        return known

    def finished(self, parts: Any, axis: Any, keepdims: bool) -> Any:
        """Return what the kernel returns, of parts in nested lists."""
        known = self.added(parts, axis, keepdims)
        if isinstance(known, np.ndarray):
            return known
        results = _moments.finish(known, self.call.options.get("ddof", 0), self.dtype)
        return results if self.call.kernel == "temporal_stats" else results[0]


def in_parts(call: Call, pairs: list[Any], free: int, dtype: np.dtype[Any]) -> Any:
    """Return the lazy result of a call on arrays with their axes, `pairs`; the last axes from `free` on are reduced."""
    import dask.array as da

    x = pairs[0]
    if (values := math.prod(x.shape[free:])) > _MOST:
        raise ValueError(f"x: {values} values of each pixel are reduced; accepted are {_MOST} at most")
    steps = Parts(call, x.dtype, dtype)
    axes = tuple(range(free + call.core))
    reduced = axes[free:]
    parts = da.blockwise(
        steps.of_block,
        axes,
        *pairs,
        name=None,
        token=f"{call.kernel}-part",
        adjust_chunks=dict.fromkeys(reduced, 1),
        meta=np.empty((0,) * len(axes), dtype),
    )
    return da.reduction(
        parts,
        _as_it_is,
        steps.finished,
        combine=steps.added,
        axis=reduced,
        concatenate=False,
        split_every=dict.fromkeys(reduced, _TOGETHER),
        name=call.kernel,
        dtype=dtype,
        meta=np.empty((0,) * free, dtype),
    )


def _as_it_is(part: Any, axis: Any, keepdims: bool) -> Any:
    return part


def _flat(parts: Any) -> Iterator[Moments]:
    """Yield the parts in nested lists, whose first level is the first reduced axis."""
    if isinstance(parts, Moments):
        yield parts
        return
    for part in parts:
        yield from _flat(part)
