"""Sums over time of many series at once, in the order of time and in float64."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from eokernels._admit import FLOAT64, Admitted, Array
from eokernels.impl_numpy import blocks

VALUES, WIDTH = 131072, 16384  # values and pixels at a time; less pays NumPy's call costs more often, more leaves cache
NARROW = 64  # pixels at a time of long series, whose dates are then taken in several chunks
FEW = 4  # pixels up to which sums along each beat sums of whole rows, of which each costs a call


class Scratch:
    """Memory for a chunk of one dtype, the same for all blocks of a call."""

    def __init__(self, dtype: np.dtype[Any], values: int) -> None:
        self.memory = np.empty(min(values + values // 4 + 16, VALUES + VALUES // 4), dtype)

    def chunk(self, steps: int, lanes: int) -> Array:
        """Return an array (steps, lanes), along time for few lanes.

        Rows have 16 elements to spare, as a power of two for a stride overloads one cache set.
        """
        if lanes <= FEW:
            return self.memory[: lanes * steps].reshape(lanes, steps).T
        width = lanes + 16 if lanes >= NARROW else lanes
        return self.memory[: steps * width].reshape(steps, width)[:, :lanes]


class Pixels:
    """Dates of a block of pixels in chunks: values (steps, lanes), 0 where missing, and int8 of -1 where not, else 0.

    Iterable as often as wanted; a single chunk is made once. Scratch is shared: blocks are taken one after the other.
    """

    def __init__(self, call: Admitted, arrays: list[Array], scratch: tuple[Scratch, Scratch]) -> None:
        self.nodata, (self.block, *self.masked) = call.nodata, arrays
        self.steps, self.lanes = len(self.block), prod(self.block.shape[1:])
        self.chunk = min(self.steps, max(1, VALUES // max(1, self.lanes)))
        self.scratch = [one.chunk(self.chunk, self.lanes) for one in scratch]
        self.counts: Array | None = None
        self.first = True

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        for start in range(0, self.steps, max(1, self.chunk)):
            arrays = [array[start : start + self.chunk] for array in (self.block, *self.masked)]
            values, bits = (one[: len(arrays[0])] for one in self.scratch)
            if self.first or self.chunk < self.steps:
                self._clean(arrays, values, bits)
            yield values, bits
        self.first = False

    def _clean(self, arrays: list[Array], values: Array, bits: Array) -> None:
        """Fill scratch from a chunk of the series and its masks."""
        block, *masked = arrays
        own, present = values.reshape(block.shape), bits.reshape(block.shape)
        if block.dtype.kind != "f" and self.nodata is None and not masked:
            np.copyto(own, block)
            bits[...] = -1
            counts = np.full(self.lanes, len(block), np.min_scalar_type(len(block)))
        else:
            _find(block, self.nodata, masked, present.view(np.bool_))
            counts = bits.view(np.uint8).sum(axis=0, dtype=np.min_scalar_type(len(bits)))
            np.negative(bits, out=bits)
            whole = f"i{block.itemsize}"
            np.bitwise_and(block.view(whole), present, out=own.view(whole))
        if self.first:
            self.counts = counts if self.counts is None else np.add(self.counts, counts, dtype=np.intp)

    def sums(self) -> tuple[Array, Array]:
        """Return the sums of the values, in their order, and how many there are."""
        total = None
        for values, _ in self:
            total = added(values, total)
        if total is None or self.counts is None:
            return np.zeros(self.lanes), np.zeros(self.lanes, np.uint8)
        return total, self.counts

    def squares(self, mean: Array, number: Array) -> Array:
        """Return Σ(x - m)² about the mean m, less (Σ(x - m))²/n of floats: what the rounding of m adds to it.

        That is below 2⁻⁶⁰ of the squares, and left out, where the values spread wider than n·2⁻²³ times their mean.
        """
        squares = self._distances(mean, squared=True)
        if self.block.dtype.kind == "f":
            reach = number * mean * 2.0**-23
            doubtful = (squares > 0) & (squares < number * reach * reach) | (squares == np.inf)
            if doubtful.any():
                off = self._distances(mean, squared=False)
                squares = np.where(doubtful, np.maximum(squares - off * off / number, 0.0), squares)
        return squares

    def _distances(self, mean: Array, *, squared: bool) -> Array:
        """Return Σ(x - m), or Σ(x - m)², in the order of dates."""
        total = None
        for values, bits in self:
            residuals = values.astype(FLOAT64)
            np.subtract(residuals, mean, out=residuals)
            np.bitwise_and(residuals.view(np.int64), bits, out=residuals.view(np.int64))
            total = added(np.multiply(residuals, residuals, out=residuals) if squared else residuals, total)
        return np.zeros(self.lanes) if total is None else total


def cleaned(call: Admitted) -> Iterator[tuple[Any, Pixels]]:
    """Yield blocks of pixels: index into the output (of one axis at least), and their dates."""
    series, steps, shape = call.arrays[0], len(call.arrays[0]), call.shape or (1,)
    arrays = [array.reshape(steps, *shape) for array in (series, call.mask) if array is not None]
    scratch = Scratch(series.dtype, series.size), Scratch(np.dtype(np.int8), series.size)
    for index in blocks(shape, max(NARROW, min(VALUES // max(steps, 1), WIDTH))):
        yield index, Pixels(call, [array[(slice(None), *index)] for array in arrays], scratch)


def _find(block, nodata, masked, present):
    """Write where values are there."""
    if block.dtype.kind == "f":
        np.equal(block, block, out=present)
        if nodata is not None:
            np.greater(present, block == nodata, out=present)
    elif nodata is None:
        present[...] = True
    else:
        np.not_equal(block, nodata, out=present)
    for where in masked:
        np.greater(present, where, out=present)


def added(values: Array, total: Array | None) -> Array:
    """Return `total`, float64, and rows of values added to it in float64, first to last.

    Rows of several pixels NumPy adds one after the other; those of one it would add in pairs.
    """
    if values.dtype.kind != "f":  # exact in any order
        rows = np.add.reduce(values, axis=0, dtype=FLOAT64)
        return rows if total is None else np.add(total, rows, out=rows)
    if total is not None:
        values = np.concatenate([total[np.newaxis], values], dtype=FLOAT64)
    if values.shape[1] <= FEW:
        return np.add.accumulate(values, axis=0, dtype=FLOAT64)[-1]
    return np.add.reduce(values, axis=0, dtype=FLOAT64)


def filled(call: Admitted) -> Array:
    """Return a float64 copy of the stack, time first, with NaN for whatever is missing, under one more last axis.

    That axis has one element, or two for a single series, which NumPy would otherwise add up in pairs.
    """
    (series,) = call.arrays
    stack = np.empty((*series.shape, 2 if prod(call.shape) == 1 else 1))
    stack[...] = series[..., np.newaxis]
    if call.nodata is not None:
        stack[series == call.nodata] = np.nan
    if call.mask is not None:
        stack[call.mask] = np.nan
    return stack
