"""What several declarations say alike: dtypes, keywords of a case, what a number means, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from numbers import Integral
from typing import Any

import numpy as np

from benchmarks.spec import Array
from inputs.cases import Case

NUMBERS = {"float32": "float32", "float64": "float64"} | dict.fromkeys(("uint8", "int16", "uint16"), "float32")
SENTINEL_2 = {"scale": 1e-4, "offset": -0.1}
"""Of surface reflectance from processing baseline 04.00 on: counts are 1000 above those of earlier baselines."""
NEARLY_AN_INTEGER = 1e-6


def nodata_of(case: Case) -> Mapping[str, Any]:
    """Return ``nodata`` where a case has one; floats and gapless integers leave it out."""
    return {} if case.nodata is None else {"nodata": case.nodata}


def of_reflectance(case: Case) -> Mapping[str, Any]:
    """Return the keywords of an index that is meant for reflectance: of integers how they become it."""
    return {**({} if case.dtype.startswith("float") else SENTINEL_2), **nodata_of(case)}


def over_time(case: Case) -> Mapping[str, Any]:
    """Return the keywords of a temporal case: time is on the last axis of two layouts, else on the first."""
    axis = {"axis": -1} if case.layout in ("pixel_major", "time_last") else {}
    return {**axis, **nodata_of(case)}


def lone(value: Any) -> Any:
    """Return the number in an array of one element; anything else is returned as it is."""
    return value.reshape(-1)[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def meant(value: Any) -> float:
    """Return the number that a constant stands for: what passed through a float32 is the decimal that this prints.

    A float64 counts as such where it is exactly a float32 and its own shortest decimal is not exactly it, and where it
    is a float32 as C prints it, with 15 digits.
    """
    given = lone(value)
    number = float(given)
    if isinstance(given, Integral):
        return number
    with np.errstate(all="ignore"):
        single = np.float32(given)
    if not np.isfinite(single):
        return number
    exact, printed = float(single), float(f"{float(single):.15g}")
    passed = Decimal(number) != Decimal(repr(number)) if exact == number else printed == number
    return float(Decimal(str(single))) if isinstance(given, np.float32) or passed else number


def in_counts(constant: float, weight: float, scale: Any, offset: Any) -> float:
    """Return k, with which a sum of counts is that of scaled values plus `constant`, divided by `scale`.

    The factors of the sum's terms add up to `weight`. k is an integer where it is one but for the rounding of scale and
    offset to binary. Without a scale, and with one that leaves counts as they are, it is the constant.
    """
    if scale is None or (meant(scale) == 1 and meant(offset) == 0):
        return constant
    with np.errstate(all="ignore"):
        k = (np.float64(meant(offset)) * weight + constant) / np.float64(meant(scale))
        return float(np.rint(k) if abs(k - np.rint(k)) <= NEARLY_AN_INTEGER else k)


def guard(least: Any, scale: Any, dtype: np.dtype[Any]) -> Any:
    """Return a guard of scaled values as one of counts, rounded to `dtype`; without a scale as it is."""
    with np.errstate(all="ignore"):
        return dtype.type(np.float64(lone(least)) / (1.0 if scale is None else abs(meant(scale))))


def missing(*arrays: Array, nodata: Any, mask: Any) -> Array:
    """Return where any of the arrays is NaN or `nodata`, or the mask is True: in the shape that they broadcast to."""
    found = np.zeros(np.broadcast_shapes(*(array.shape for array in arrays)), bool)
    for array in arrays:
        found |= np.isnan(array)
        if nodata is not None:
            with np.errstate(all="ignore"):
                found |= array == (array.dtype.type(lone(nodata)) if array.dtype.kind == "f" else lone(nodata))
    return found if mask is None else found | mask


def output_dtype(array: Array, dtype: Any) -> np.dtype[Any]:
    """Return the dtype of a call's output: the one asked for, a float input's own, or float32."""
    return np.dtype(dtype if dtype is not None else array.dtype if array.dtype.kind == "f" else "float32")
