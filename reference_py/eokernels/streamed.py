"""Statistics over time for whoever does not have the whole stack: dates come as they are read, and are let go again."""

from __future__ import annotations

from typing import Any

import numpy as np

from eokernels import _moments, _rust
from eokernels._moments import Array, Moments

__all__ = ["TemporalStats"]

_MOST = 2**31 - 1  # what the counts of pixels can hold


class TemporalStats:
    """Mean, standard deviation and number of the values over time, of dates that come one or a few at a time.

    What `eokernels.temporal_stats` says of a stack, this says of a stack that is never in memory as a whole:

    >>> import numpy as np
    >>> from eokernels import TemporalStats
    >>> seen = TemporalStats()
    >>> for date in np.array([[[900]], [[0]], [[700]], [[800]]], dtype="uint16"):
    ...     seen.update(date, axis=None, nodata=0)
    >>> mean, std, count = seen.result()
    >>> mean
    array([[800.]], dtype=float32)

    Parts that were gathered apart, in other threads, processes or machines, are brought together by `merge`; an object
    can be pickled.

    Attributes
    ----------
    dates : int
        Number of dates that came, missing values among them.

    Notes
    -----
    Memory: 20 bytes a pixel, whatever the number of dates. While `update` runs, as much again, and while `result` runs
    its results. Inputs are read and neither kept nor changed.

    NaN, `nodata` and `mask` mean what they mean to `eokernels.temporal_stats`, and infinities are data. One single
    update gives its bits. Of several updates, and of merged parts, the numbers are exact, and so is the mean of
    integers. The mean of floats and the standard deviation are, before they are rounded to the output dtype, within
    (n + 8·k)·2⁻⁵³ times the root mean square of the values from what one pass over them gives, for n values in k
    parts. In float32 that is the same number or its neighbour, unless large values cancel in the mean. Sums of finite
    values that leave float64 are infinite to `eokernels.temporal_stats`, and may be finite here.

    An `update` or `merge` that is refused changes nothing.
    """

    def __init__(self) -> None:
        self.dates = 0
        self._kind: np.dtype[Any] | None = None
        self._known: Moments | None = None

    def __repr__(self) -> str:
        if self._known is None:
            return "TemporalStats()"
        return f"<TemporalStats of {self.dates} dates of {self._known.number.shape} {self._kind}>"

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a pickled state; from another process its arrays may be read-only, or at odd addresses."""
        self.__dict__.update(state)
        if self._known is not None:
            self._known = Moments(*(np.require(array, requirements=["C", "A", "W"]) for array in self._known))

    def update(
        self,
        x: Array,
        *,
        axis: int | None = 0,
        nodata: float | None = None,
        mask: Array | bool | None = None,
        num_threads: int = 1,
    ) -> None:
        """Add dates, which come after those that are known.

        Parameters
        ----------
        x
            Dates of float32, float64, uint8, int16 or uint16, the same dtype in every update; of any strides.
        axis
            The axis of `x` that is time; None where `x` is a single date and has no such axis.
        nodata, mask, num_threads
            As of `eokernels.temporal_stats`; each update may have its own.

        Raises
        ------
        TypeError, ValueError
            A sentence that names the argument, what it was and what is accepted: `x` of another dtype or shape than
            before, and what `eokernels.temporal_stats` refuses.
        OverflowError
            More dates than 2³¹ − 1.
        """
        if axis is None:
            x, axis = _one_date(x), 0
        part = _moments.moments(x, axis, nodata=nodata, mask=mask, num_threads=num_threads)
        self._add("x", part, x.dtype, x.shape[_moments.as_int(axis)])

    def merge(self, other: TemporalStats) -> None:
        """Add all that another object knows; its dates count as later ones, and it stays as it is.

        Raises
        ------
        TypeError, ValueError
            `other` is no TemporalStats, or is of another dtype or shape.
        OverflowError
            More dates than 2³¹ − 1 together.
        """
        if not isinstance(other, TemporalStats):
            raise TypeError(f"other: it is of type {type(other).__name__}; accepted is a TemporalStats")
        if other._known is not None and other._kind is not None:
            known = other._known.copy() if self._known is None or other is self else other._known
            self._add("other", known, other._kind, other.dates)

    def result(self, ddof: int = 0, dtype: Any = None) -> tuple[Array, Array, Array]:
        """Return mean, standard deviation and number of the values so far; more may come afterwards.

        Parameters
        ----------
        ddof
            The squares are divided by the number of values less `ddof`.
        dtype
            Of mean and deviation, as of `eokernels.temporal_stats`: float64 or float32 for integers, and for floats
            their own.

        Returns
        -------
        tuple of numpy.ndarray
            Mean, standard deviation, and number as int32; arrays of their own.

        Raises
        ------
        TypeError, ValueError
            An argument is refused, or no date came yet.
        """
        if self._known is None or self._kind is None:
            raise ValueError("TemporalStats: no date came yet; update it first")
        on_nothing, _, _ = _rust.temporal_stats(np.empty((0, 0), self._kind), 0, ddof, dtype=dtype)
        return _moments.finish(self._known, ddof, on_nothing.dtype)

    def _add(self, name: str, part: Moments, kind: np.dtype[Any], dates: int) -> None:
        """Add a part; the first one is kept and written to later."""
        if self._known is None:
            self._known, self._kind, self.dates = part, kind, dates
            return
        if kind != self._kind:
            raise TypeError(f"{name}: its dtype is {kind}; accepted is {self._kind}, that of the dates before")
        if part.number.shape != self._known.number.shape:
            shapes = f"its dates have the shape {part.number.shape}; accepted is {self._known.number.shape}"
            raise ValueError(f"{name}: {shapes}, that of the dates before")
        if dates > _MOST - self.dates:
            raise OverflowError(f"{name}: with it {self.dates + dates} dates came; accepted are {_MOST} at most")
        _moments.add(self._known, part, whole=kind.kind != "f")
        self.dates += dates


def _one_date(x: Array) -> Array:
    """Return a date as a stack of one; what is no array is left to the kernel to refuse."""
    return x[np.newaxis] if isinstance(x, np.ndarray) else x
