"""Penalised least squares on blocks of series, date by date: the formulas of ``kernels_rs/src/algo/banded.rs``.

What is known of a series is kept for its differences, not for its values, in which the penalty is a sum of large
numbers of both signs: where few values are valid, nothing would be left of them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from eokernels._admit import Array
from eokernels._smoothing import Smoothing, Steps
from eokernels.impl_numpy import blocks


class Rows:
    """Scratch for blocks of series as float64: weighted values, 0 where missing, and weights."""

    def __init__(self, dates: int, width: int) -> None:
        # 16 more, as a power of two for a stride overloads one set of the cache.
        self.values, self.weights = np.empty((2, dates, width + 16))
        self.gone = np.empty((2, dates, width), np.bool_)

    def read(self, block, masked, heavy, nodata):
        """Return weighted values and weights, (dates, pixels), and how many there are; NaN where one is infinite."""
        pixels = prod(block.shape[1:])
        values, weights = self.values[:, :pixels], self.weights[:, :pixels]
        gone, more = self.gone[:, :, :pixels]
        np.copyto(values.reshape(block.shape), block)
        np.not_equal(values, values, out=gone)
        if nodata is not None:
            np.equal(block.reshape(gone.shape), nodata, out=more)
            np.logical_or(gone, more, out=gone)
        if masked is not None:
            np.logical_or(gone, masked.reshape(gone.shape), out=gone)
        if heavy is None:
            np.subtract(1.0, gone, out=weights)
            np.copyto(values, 0.0, where=gone)
        else:
            np.copyto(weights.reshape(block.shape), heavy)
            np.greater(weights, 0.0, out=more)
            np.logical_or(gone, np.logical_not(more, out=more), out=gone)
            np.copyto(weights, 0.0, where=gone)
            np.copyto(values, 0.0, where=gone)
            np.multiply(values, weights, out=values)
        count = len(block) - gone.sum(axis=0, dtype=np.float64)
        doubtful = np.flatnonzero(~np.isfinite(values.sum(axis=0)))
        count[doubtful[~np.isfinite(values[:, doubtful]).all(axis=0)]] = np.nan
        return values, weights, count


def width_of(smoothing: Smoothing, most: int) -> int:
    """Return how many series are worked at together: `most`, at least one, and no more than there are."""
    return max(1, min(most, prod(smoothing.call.shape[1:])))


def by_blocks(smoothing: Smoothing, width: int, solve: Callable[..., Array], out: Array | None) -> Array:
    """Write what `solve` makes of weighted values, weights and the number of values of each block of series."""
    (stack,), result, dates = smoothing.call.arrays, smoothing.output(), len(smoothing.call.arrays[0])
    shape = stack.shape[1:] or (1,)
    given = [None if array is None else array.reshape(dates, *shape) for array in
             (stack, smoothing.call.mask, smoothing.weights, result)]  # fmt: skip
    rows = Rows(dates, width)
    with np.errstate(all="ignore"):
        for index in blocks(shape, width):
            *block, target = [None if array is None else array[(slice(None), *index)] for array in given]
            target[...] = solve(*rows.read(*block, smoothing.call.nodata)).reshape(target.shape)
    return smoothing.answer(result, out)


class Factors:
    """Factors of blocks of series, or of one, which then are those of all that have no gaps.

    Of every date `k` (d arrays) and `r`; at the end the matrix `j` of the last state, whose upper triangle counts.
    """

    def __init__(self, way: Steps, width: int) -> None:
        dates, d = way.widths.shape
        self.way, self.order = way, d
        self.k, self.r = np.empty((dates, d, width + 16)), np.empty((dates, width + 16))
        self.j, self.scratch = np.empty((d, d, width)), np.empty((2 * d + 2, width))
        self.pixels = width

    def of(self, weights: Array) -> Factors:
        """Make them anew, for weights (dates, pixels)."""
        d, (dates, pixels) = self.order, weights.shape
        self.pixels = pixels
        j, temporary = self.j[:, :, :pixels], self.scratch[0, :pixels]
        j[...] = 0.0
        for date in range(dates):
            if date >= d:
                self._change(j, date, temporary)
            if date:
                self._turn(j, date, temporary)
            np.add(j[0, 0], weights[date], out=j[0, 0])
        return self

    def _change(self, j: Array, date: int, temporary: Array) -> None:
        d, k, r = self.order, self.k[date, :, : self.pixels], self.r[date, : self.pixels]
        np.add(j[d - 1, d - 1], self.way.lambdas[date], out=r)
        np.divide(1.0, r, out=r)
        for a in range(d - 1):
            np.multiply(j[a, d - 1], r, out=k[a])
        np.multiply(self.way.lambdas[date], r, out=k[d - 1])
        for a in range(d - 1):
            for b in range(a, d - 1):
                np.subtract(j[a, b], np.multiply(k[a], j[b, d - 1], out=temporary), out=j[a, b])
        for a in range(d):
            np.multiply(j[a, d - 1], k[d - 1], out=j[a, d - 1])

    def _turn(self, j: Array, date: int, temporary: Array) -> None:
        d = self.order
        for a in range(d - 2, -1, -1):
            corner = j[a + 1, a + 1]
            np.subtract(corner, self._wide(date, a, j[a, a + 1], temporary), out=corner)
            for b in range(a + 1):
                np.subtract(j[b, a + 1], self._wide(date, a, j[b, a], temporary), out=j[b, a + 1])
            np.subtract(corner, self._wide(date, a, j[a, a + 1], temporary), out=corner)
            for b in range(a + 2, d):
                np.subtract(j[a + 1, b], self._wide(date, a, j[a, b], temporary), out=j[a + 1, b])

    def _wide(self, date: int, a: int, values: Array, temporary: Array) -> Array:
        """Return values times a width."""
        return values if self.way.even else np.multiply(values, self.way.widths[date, a], out=temporary)

    def solve(self, values: Array) -> Array:
        """Return the smooth series in place of weighted values (dates, pixels)."""
        d, (dates, pixels) = self.order, values.shape
        k, r = self.k[:, :, : self.pixels], self.r[:, : self.pixels]
        h, temporary = np.zeros((d, pixels)), np.empty(pixels)
        for date in range(dates):
            change = date >= d
            if change:
                step = r[date] * h[d - 1]
                for a in range(d - 1):
                    np.subtract(h[a], np.multiply(k[date, a], h[d - 1], out=temporary), out=h[a])
                np.multiply(h[d - 1], k[date, d - 1], out=h[d - 1])
            if date:
                for a in range(d - 2, -1, -1):
                    np.subtract(h[a + 1], self._wide(date, a, h[a], temporary), out=h[a + 1])
            np.add(h[0], values[date], out=h[0])
            if change:
                values[date] = step
        return self._back(values, self._last(h), temporary)

    def _last(self, h: Array) -> Array:
        """Return the state at the last date from what is known of it."""
        d, j, s = self.order, self.j[:, :, : self.pixels].copy(), np.empty_like(h)
        lower = np.zeros_like(j)
        for last in range(d - 1, 0, -1):
            r = 1.0 / j[last, last]
            for a in range(last):
                lower[last, a] = j[a, last] * r
                for b in range(a, last):
                    j[a, b] -= lower[last, a] * j[b, last]
                h[a] -= lower[last, a] * h[last]
            h[last] *= r
        s[0] = h[0] / j[0, 0]
        for a in range(1, d):
            s[a] = h[a]
            for b in range(a):
                s[a] -= lower[a, b] * s[b]
        return s

    def _back(self, steps: Array, s: Array, temporary: Array) -> Array:
        d, k = self.order, self.k[:, :, : self.pixels]
        for date in range(len(steps) - 1, -1, -1):
            step, now = steps[date].copy() if date >= d else None, s[0].copy()
            if date:
                for a in range(d - 1):
                    np.subtract(s[a], self._wide(date, a, s[a + 1], temporary), out=s[a])
            if step is not None:
                np.multiply(s[d - 1], k[date, d - 1], out=s[d - 1])
                for a in range(d - 1):
                    np.subtract(s[d - 1], np.multiply(k[date, a], s[a], out=temporary), out=s[d - 1])
                np.add(s[d - 1], step, out=s[d - 1])
            steps[date] = now
        return steps
