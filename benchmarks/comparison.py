"""Is a result the expected one? NaN where NaN is due, the same infinities, and a distance in ulp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.spec import Array


@dataclass(frozen=True)
class Comparison:
    """Outcome of comparing a result with the oracle's.

    Attributes
    ----------
    ok
        Whether shape, dtype and every value are as expected.
    max_ulp
        Largest distance of a finite value, in ulp of the output dtype; None where no finite values were compared.
    detail
        What is wrong and where first, in a sentence; empty when `ok`.
    """

    ok: bool
    max_ulp: float | None
    detail: str


def compare(result: Any, expected: Array, out_dtype: np.dtype[Any] | str, tolerance_ulp: float) -> Comparison:
    """Compare a result with the oracle's float64 values.

    Parameters
    ----------
    result
        What an implementation returned.
    expected
        The oracle's values, float64, any shape.
    out_dtype
        The dtype that the result must have.
    tolerance_ulp
        Largest distance allowed, in spacings of the output dtype at the rounded expected value. The sign of a zero
        does not matter.
    """
    dtype = np.dtype(out_dtype)
    if not isinstance(result, np.ndarray):
        return Comparison(False, None, f"returned {type(result).__name__}, expected an array")
    if result.shape != expected.shape:
        return Comparison(False, None, f"shape was {result.shape}, expected {expected.shape}")
    if result.dtype != dtype:
        return Comparison(False, None, f"dtype was {result.dtype.str}, expected {dtype.str}")
    return _compare_values(np.asarray(result), np.asarray(expected, np.float64), dtype, tolerance_ulp)


def _compare_values(result: Array, expected: Array, dtype: np.dtype[Any], tolerance_ulp: float) -> Comparison:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        rounded = expected.astype(dtype)
        finite = np.isfinite(rounded)
        same = np.where(finite, np.isfinite(result), (np.isnan(rounded) & np.isnan(result)) | (rounded == result))
        if not same.all():
            return Comparison(False, None, _first("value", ~same, result, expected))
        if not finite.any():
            return Comparison(True, None, "")
        distance = np.zeros(result.shape)
        gap = np.abs(result[finite].astype(np.float64) - expected[finite])
        distance[finite] = gap / np.spacing(np.abs(rounded[finite])).astype(np.float64)
    worst = float(min(distance.max(), np.finfo(np.float64).max))  # a wrong value beside 0 may be infinitely many off
    if worst > tolerance_ulp:
        first = _first("value", distance > tolerance_ulp, result, expected)
        return Comparison(False, worst, f"{worst:.3g} ulp off, {tolerance_ulp:g} allowed; {first}")
    return Comparison(True, worst, "")


def _first(what: str, wrong: Array, result: Array, expected: Array) -> str:
    """Say where the first wrong value lies, what it is and how many there are."""
    where = tuple(int(axis[0]) for axis in np.nonzero(np.atleast_1d(wrong)))
    at = where if result.ndim else ()
    place = ", ".join(map(str, at))
    return f"{what} at [{place}] was {result[at]}, expected {expected[at]} ({int(np.sum(wrong))} of {wrong.size} wrong)"


def same_bits(one: Array, other: Array) -> bool:
    """Say whether two results are bit for bit the same, zeros' signs included; any NaN equals any NaN."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    equal = (one == other) & (np.signbit(one) == np.signbit(other))
    return bool(np.all(equal | (np.isnan(one) & np.isnan(other))))
