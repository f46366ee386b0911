"""Number, mean and centred squares of values that come in parts, and how two parts become one.

A part is what ``_rust.temporal_moments`` says of some dates. Chan, Golub & LeVeque (1983, The American Statistician 37,
242–247) add two of them without looking at the values again:

    n = n₁ + n₂,   δ = m₂ − m₁,   m = m₁ + δ·n₂/n,   S = S₁ + S₂ + δ²·n₁·n₂/n

Of integers the sums n₁·m₁ and n₂·m₂ are whole numbers below 2⁵¹, so rounding gives them back exactly, and m is their
sum divided once: the mean that one pass over all the dates gives, to the last bit. Of floats every step rounds. For n
values in k parts mean and standard deviation are then within (n + 8·k)·2⁻⁵³ times the root mean square of the values
from what one pass gives, before they are rounded to the output dtype.

The result depends on where the dates are cut, and on nothing else: one pixel knows nothing of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eokernels import _rust

Array = NDArray[Any]

_BLOCK = 1 << 14
"""Pixels that are combined at a time: the temporaries stay in the cache, and are no memory to speak of."""


class Moments(NamedTuple):
    """What is known of the values of each pixel; 20 bytes a pixel.

    Attributes
    ----------
    number
        How many values are not missing, int32.
    mean
        Their mean, float64; NaN where there are none.
    squares
        Sum of the squares of their distances from the mean, float64; 0 where there are none.
    """

    number: Array
    mean: Array
    squares: Array

    def copy(self) -> Moments:
        """Return the same in memory of its own."""
        return Moments(*(array.copy() for array in self))


def moments(x: Array, axis: int, **options: Any) -> Moments:
    """Return what one pass of the Rust kernel says of `x`; `options` are its nodata, mask and num_threads."""
    return Moments(*(np.asarray(found) for found in _rust.temporal_moments(x, axis, **options)))


def as_int(value: Any) -> int:
    """Return an integer that a kernel has taken: an int, or an array of one."""
    return int(np.asarray(value).item())


def add(into: Moments, other: Moments, *, whole: bool) -> None:
    """Add what is known of later values, in place.

    Parameters
    ----------
    into
        C-contiguous arrays, which are overwritten.
    other
        The later values, of the same shape, in other memory.
    whole
        Whether all values are integers.
    """
    with np.errstate(all="ignore"):
        for (count, mean, squares), (n, m, s) in zip(_blocks(into), _blocks(other), strict=True):
            both = (count > 0) & (n > 0)
            total = count + n
            delta = m - mean
            centre = _centre_of_integers(count, mean, n, m) if whole else _centre(count, mean, n, m)
            squares[...] += s
            squares[...] += np.where(both, delta * delta * (count * (n / total)), 0.0)
            mean[...] = np.where(both, centre, np.where(count > 0, mean, m))
            count[...] = total


def _centre_of_integers(count: Array, mean: Array, n: Array, m: Array) -> Array:
    centre: Array = (np.rint(mean * count) + np.rint(m * n)) / (count + n)
    return centre


def _centre(count: Array, mean: Array, n: Array, m: Array) -> Array:
    """Return the mean of both; by weights where the distance is not finite, so that infinities stay what they are."""
    delta, weight = m - mean, n / (count + n)
    centre: Array = mean + delta * weight
    finite = np.isfinite(delta)
    return centre if finite.all() else np.where(finite, centre, mean * (1.0 - weight) + m * weight)


def finish(known: Moments, ddof: Any, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """Return mean, standard deviation and number, the first two rounded to a dtype; NaN as in `temporal_stats`.

    The kernel has taken `ddof` and `dtype` before.
    """
    shape = known.number.shape
    results = np.empty(shape, dtype), np.empty(shape, dtype), np.empty(shape, np.int32)
    ddof = min(as_int(ddof), 2**31 - 1)  # more cannot be counted
    with np.errstate(all="ignore"):
        for (count, mean, squares), (to_mean, to_std, to_count) in zip(_blocks(known), _blocks(results), strict=True):
            free = count - ddof
            to_mean[...] = mean
            to_std[...] = np.where(free > 0, np.sqrt(squares / free), np.nan)
            to_count[...] = count
    return results


def _blocks(arrays: tuple[Array, ...]) -> Iterator[tuple[Array, ...]]:
    """Yield views of the same pixels of each array, which are C-contiguous."""
    flat = [array.reshape(-1) for array in arrays]
    for first in range(0, flat[0].size, _BLOCK):
        yield tuple(array[first : first + _BLOCK] for array in flat)
