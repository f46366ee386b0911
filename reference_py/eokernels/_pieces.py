"""A call cut into calls on parts of its arrays: so that whatever is copied for a part is small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np

from eokernels._admit import Admitted, Array
from eokernels._quality import Quality

PIECE_BYTES = 2**22  # of copies at a time; from 1 to 16 MiB the time is the same within a tenth


def blocks(shape: tuple[int, ...], limit: int) -> Iterator[tuple[Any, ...]]:
    """Yield indices that cut an array of `shape` into pieces of at most `limit` elements (one at least).

    Trailing axes stay whole as long as they fit, so that pieces of a C-contiguous array are contiguous and all but the
    length of their first axis is the same for all of them.
    """
    inner = prod(shape[1:])
    if inner > limit and len(shape) > 1:
        for i in range(shape[0]):
            for rest in blocks(shape[1:], limit):
                yield (i, *rest)
        return
    step = max(1, limit // max(1, inner))
    for i in range(0, shape[0], step):
        yield (slice(i, i + step),)


def aligned(call: Admitted, *results: Array, checked: Quality | None = None) -> Iterable[tuple[Any, ...]]:
    """Return calls, each with its part of the results, that compiled loops may take as they are.

    Their arrays are aligned, with steps that are multiples of the itemsize; arrays that already are
    stay views of the caller's memory, and others are copied part by part. A quality band that is not
    :attr:`Quality.simple` has become part of the mask, and the third thing that is returned for each is then None.

    A call that needs none of this is returned whole, as it came in. So a compiled kernel calls its loops like this::

        for part, (result,), band in aligned(call, result, checked=checked):
            _run(part, band, result)

    Parameters
    ----------
    call
        Elementwise or temporal; for the latter its one array and its mask have time first. Not empty.
    results
        All outputs of the call, of its shape.
    checked
        The quality band of an elementwise call.

    Returns
    -------
    iterable of tuples
        Call, tuple of results, and quality band or None. `shape` of the call is that of its part of the results, and
        `out` is that part where the caller gave one. Their order is that of memory of the first result.

    Notes
    -----
    At most 4 MiB are copied at a time, or one series where that is more; a mask from a quality band adds its part of
    the output's elements in bytes, and some more to compute it.
    """
    read = checked is None or checked.simple
    if read and False not in [array.flags.aligned for array in call.arrays]:
        return ((call, results, checked),)
    return _cut(call, results, checked, read)


def _cut(call: Admitted, results: tuple[Array, ...], checked: Quality | None, read: bool) -> Iterator[tuple[Any, ...]]:
    """Yield parts; `read` tells whether the loops read the quality band."""
    lead = call.arrays[0].ndim - len(call.shape)  # 1 where time comes first
    order = sorted(range(len(call.shape)), key=lambda k: -abs(results[0].strides[k]))
    inner = [*range(lead), *[lead + k for k in order]]
    arrays = [array.transpose(inner) for array in call.arrays]
    mask = None if call.mask is None else call.mask.transpose(inner)
    band = None if checked is None else checked.array.transpose(order)
    targets = [result.transpose(order) for result in results]
    if not order:  # one series, or a scalar's worth of them
        arrays, targets = [array[..., np.newaxis] for array in arrays], [target.reshape(1) for target in targets]
        mask = None if mask is None else mask[..., np.newaxis]
    each = sum(array.itemsize for array in arrays) * (len(arrays[0]) if lead else 1)
    before = (slice(None),) * lead
    for place in blocks(targets[0].shape, max(1, PIECE_BYTES // max(1, each))):
        index = tuple([slice(i, i + 1) if isinstance(i, int) else i for i in place])
        holes = None if mask is None else mask[(*before, *index)]
        part = tuple([target[index] for target in targets])
        own = checked
        if band is not None and checked is not None:
            own = checked._replace(array=band[index]) if read else None
            if not read:
                rejected = checked.rejected(band[index])
                holes = rejected if holes is None else np.logical_or(holes, rejected, out=rejected)
        yield (
            call._replace(
                arrays=tuple([_usable(array[(*before, *index)]) for array in arrays]), mask=holes, shape=part[0].shape,
                out=None if call.out is None else part[0],
            ), part, own,
        )  # fmt: skip


def _usable(array: Array) -> Array:
    """Return an array itself where it is aligned, else a copy."""
    return array if array.flags.aligned else np.array(array, order="C", subok=False)
