"""Memory layouts: the same values, laid out as callers have them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.cases import Layout

Array = NDArray[Any]

BANDS_INTERLEAVED = 4
MARGINS_PX = ((16, 11), (37, 27))
"""Rows and columns of the larger tile before and after a window; odd, so that no row starts at an aligned address."""


def lay_out(array: Array, layout: Layout) -> Array:
    """Return an array with the values of `array` and the memory of `layout`.

    Parameters
    ----------
    array
        Logical array, (Y, X) or (T, Y, X).
    layout
        ``c``: C order. ``band_last``: the last band of a ``(…, 4)`` array. ``window``: a view inside a larger tile.
        ``pixel_major``: C-contiguous (Y, X, T). ``time_last``: the (Y, X, T) view of C-contiguous (T, Y, X).

    Returns
    -------
    numpy.ndarray
        Freshly allocated, writeable, aligned; (Y, X, T) for the last two layouts, otherwise the shape of `array`.

    Raises
    ------
    ValueError
        For a layout that is not known, or a (Y, X) array in a layout that moves the time axis.
    """
    return lay_out_bands((array,), layout)[0]


def lay_out_bands(arrays: tuple[Array, ...], layout: Layout) -> tuple[Array, ...]:
    """Lay out the bands of one input together, as `lay_out` does for one.

    With ``band_last`` they are bands of *one* interleaved array, as a caller has them who read an image of four bands
    (more, if more are asked for); the bands nobody asked for repeat the first one. All arrays have one shape and dtype.
    """
    if layout == "band_last":
        return _band_last(arrays)
    return tuple(_single(array, layout) for array in arrays)


def _single(array: Array, layout: Layout) -> Array:
    if layout == "c":
        return np.array(array, order="C", copy=True)
    if layout == "window":
        return _window(array)
    if layout not in ("pixel_major", "time_last"):
        raise ValueError(f"layout: was {layout!r}; layouts are c, band_last, window, pixel_major, time_last")
    if array.ndim < 3:
        raise ValueError(f"layout: was {layout!r} for an array of shape {array.shape}; it needs a time axis (T, Y, X)")
    if layout == "time_last":
        return np.moveaxis(np.array(array, order="C", copy=True), 0, -1)
    return np.array(np.moveaxis(array, 0, -1), order="C", copy=True)


def _band_last(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
    count = max(BANDS_INTERLEAVED, len(arrays))
    parent = np.empty((*arrays[0].shape, count), dtype=arrays[0].dtype)
    first = count - len(arrays)
    for k in range(count):
        parent[..., k] = arrays[max(k - first, 0)]
    return tuple(parent[..., first + k] for k in range(len(arrays)))


def _window(array: Array) -> Array:
    margins = ((0, 0),) * (array.ndim - 2) + MARGINS_PX
    sizes = tuple(zip(array.shape, margins, strict=True))
    tile = np.zeros(tuple(before + n + after for n, (before, after) in sizes), dtype=array.dtype)
    window = tile[tuple(slice(before, before + n) for n, (before, _) in sizes)]
    window[...] = array
    return window
