"""Penalised least squares as most people write it: a matrix of all dates for every series, and ``np.linalg.solve``."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array

_DIGITS = 2.0**-36  # a constant comes back as exactly as this, or the series is solved again for what is left
_ROUNDS = 3


class Dense:
    """The matrix of the differences of all dates, times the square root of lmbda."""

    def __init__(self, dates: int, d: int, lmbda: float, times: Array | None) -> None:
        rows = np.eye(dates)
        for k in range(1, d + 1):
            rows = np.diff(rows, axis=0)
            if times is not None:
                rows /= (times[k:] - times[:-k])[:, np.newaxis]
        self._rows = np.sqrt(lmbda) * rows
        self._bent = self._rows.T @ self._rows

    def solve(self, right: Array, weight: Array) -> Array:
        """Return smooth series, (dates, series), for weighted values and weights of that shape.

        With few values the matrix is nearly singular, and digits are lost. Constants show which series lose them, as
        they solve the equations for every weight. Those are solved again for what is left of the right side, which
        differences of the solution give exactly enough.
        """
        each = np.arange(len(right))
        matrix = np.repeat(self._bent[np.newaxis], right.shape[1], axis=0)
        matrix[:, each, each] += weight.T
        found = np.linalg.solve(matrix, np.stack([right.T, weight.T], axis=-1))
        smooth, ones = found[..., 0].T, found[..., 1]
        again = np.flatnonzero(~(np.abs(ones - 1.0).max(axis=1) < _DIGITS))
        for _ in range(_ROUNDS if len(again) else 0):
            z = smooth[:, again]
            left = right[:, again] - weight[:, again] * z - self._rows.T @ (self._rows @ z)
            smooth[:, again] = z + np.linalg.solve(matrix[again], left.T[..., np.newaxis])[..., 0].T
        return smooth
