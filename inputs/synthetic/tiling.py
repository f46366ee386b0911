"""From a small real chip to a benchmark's size: mirrored repetition, and the centre crop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.synthetic.fields import mirrored


def mirror(chip: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Repeat a chip to `shape` by mirroring it at every edge, so that no seam cuts through a field or a cloud.

    Parameters
    ----------
    chip
        (Y, X) or (T, Y, X), no axis of length 0.
    shape
        As many axes as `chip`. A shorter axis takes the leading part, a longer one repeats, time included.

    Returns
    -------
    numpy.ndarray
        A fresh C-ordered array of the chip's dtype.
    """
    if len(shape) != chip.ndim:
        raise ValueError(f"shape: was {shape}; a chip of {chip.ndim} axes is mirrored to {chip.ndim} axes")
    if 0 in chip.shape:
        raise ValueError(f"chip: was of shape {chip.shape}; an empty axis cannot be repeated")
    return np.ascontiguousarray(chip[np.ix_(*(mirrored(n, p) for n, p in zip(shape, chip.shape, strict=True)))])


def centre(shape: tuple[int, ...], side: int | None) -> tuple[slice, ...]:
    """Return the index of the centre crop: Y and X to at most `side` pixels, all other axes whole; None crops nothing.

    Raises ValueError for a side below 1.
    """
    if side is None:
        return tuple(slice(0, n) for n in shape)
    if side < 1:
        raise ValueError(f"crop_side: was {side}; a crop has at least one pixel")
    whole = tuple(slice(0, n) for n in shape[:-2])
    lengths = [(n, min(n, side)) for n in shape[-2:]]
    return whole + tuple(slice((n - kept) // 2, (n - kept) // 2 + kept) for n, kept in lengths)
