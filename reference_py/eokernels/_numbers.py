"""Numbers that callers hand over: Python's, NumPy's and arrays of one; a refusal names the argument.

To read a number may run Python code of its type, so kernels read all numbers before they look at any array. What then
depends on an array (a range, an output dtype) is checked by the functions of ``_admit`` and ``_constants``.

The order of tests within a check is that of cost: what nearly every caller hands over is let through first.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from functools import lru_cache
from math import isfinite, isinf
from numbers import Integral, Real
from typing import Any

import numpy as np

from eokernels._checks import has_own_meaning


def unwrapped(value: Any) -> Any:
    """Return the element of an array of one, as a NumPy scalar, and anything else as it is."""
    if not isinstance(value, np.ndarray) or has_own_meaning(type(value)):
        return value
    plain = np.ndarray.view(value, np.ndarray)
    return plain.reshape(())[()] if plain.size == 1 else value


def _is_number(value: Any, kind: type) -> bool:
    """Tell whether `value` is a number of that kind; a bool is not, and an int is found without the slow look-up."""
    return type(value) is int or (isinstance(value, kind) and not isinstance(value, bool))


def integer(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """Read an int within limits, both included."""
    if type(value) is not int:
        value = unwrapped(value)
        if not _is_number(value, Integral):
            raise TypeError(f"{name}: it is of type {type(value).__name__}; accepted is {_within(least, most)}")
        value = int(value)
    if (least is not None and value < least) or (most is not None and value > most):
        raise ValueError(f"{name}: it is {_shown(value)}; accepted is {_within(least, most)}")
    return int(value)


def _within(least: int | None, most: int | None) -> str:
    if least is None:
        return "an int"
    return f"an int of at least {least}" if most is None else f"an int of {least} to {most}"


def _shown(value: int) -> str:
    """Return an int in digits; Python refuses to write more than 4300 of them."""
    return str(value) if value.bit_length() < 1000 else f"an int of {value.bit_length()} bits"


def real(name: str, value: Any, *, zero: bool = True) -> float:
    """Read a finite real number, that is not zero where `zero` says so, as what its writer meant.

    A float32 is meant as the decimal that it prints, also where it has become a float64 on the way: metadata is read
    from files that hold float32 more often than not, and 9.99999974737875e-05 is 1e-4 there.
    """
    if type(value) is not float:
        value = unwrapped(value)
        if type(value) is np.float32:
            value = float(str(value))
        elif not _is_number(value, Real):
            raise TypeError(f"{name}: it is of type {type(value).__name__}; accepted is a finite real number")
        else:
            decimal = isinstance(value, float)
            value = _float(name, value)
            if decimal and value != 0.0:
                value = meant(value)
    elif value != 0.0:
        value = meant(value)
    if not isfinite(value):
        raise ValueError(f"{name}: it is {value}; accepted is a finite real number")
    if value == 0.0 and not zero:
        raise ValueError(f"{name}: it is {value}; accepted is a finite real number other than 0")
    return value


def _float(name: str, value: Any) -> float:
    """Return a real number as a Python float."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name}: it is beyond the range of float64; accepted is a finite real number") from None


@lru_cache(maxsize=256)
def meant(value: float) -> float:
    """Return the decimal that a float32 in float64's clothes prints, and any other number as it is; not for ±0.

    A number whose shortest decimal is exactly itself was written as that, such as 0.5 or 2**-20. A float32 that was
    printed with 15 digits, as C does, is one as well.
    """
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        return value
    passed = Decimal(repr(value)) != Decimal(value) if single == value else float(f"{single:.15g}") == value
    return float(str(np.float32(value))) if passed and not isinf(value) else value


def guard(value: Any) -> float:
    """Read a `min_denominator`."""
    if type(value) is not float:
        value = unwrapped(value)
        if not isinstance(value, float) and not _is_number(value, Real):
            raise TypeError(f"min_denominator: it is of type {type(value).__name__}; accepted is a real number >= 0")
    if not value >= 0.0:
        raise ValueError(f"min_denominator: it is {value}; accepted is a real number >= 0")
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def nodata(value: Any) -> int | float:
    """Read a number that means missing: an int, or a float that may be NaN or infinite."""
    if type(value) in {int, float}:
        return value  # type: ignore[no-any-return]
    value = unwrapped(value)
    if _is_number(value, Integral):
        return int(value)
    if not _is_number(value, Real):
        raise TypeError(f"nodata: it is of type {type(value).__name__}; accepted is a number, or None")
    number = _float("nodata", value)
    if isinf(number) and number != value:
        raise ValueError(f"nodata: it is {value}; accepted is a number within the range of float64")
    return number


def fitting_nodata(name: str, value: float, dtype: np.dtype[Any]) -> int | float | None:
    """Return the number that means missing as one that the dtype of the input `name` holds; None for NaN in floats."""
    if dtype.kind == "f":
        return _in_floats(value, dtype)
    limits = _limits(dtype)
    whole = value if type(value) is int else int(value) if isfinite(value) else None
    if whole is None or whole != value:
        raise ValueError(f"nodata: it is {value} and {name} is {dtype}; accepted is a whole number, or None")
    if not limits.min <= whole <= limits.max:
        shown = _shown(whole)
        raise ValueError(f"nodata: {shown} is outside the range {limits.min} to {limits.max} of {name}'s {dtype}")
    return whole


@lru_cache(maxsize=16)
def _limits(dtype: np.dtype[Any]) -> np.iinfo[Any]:
    return np.iinfo(dtype)


def _in_floats(value: float, dtype: np.dtype[Any]) -> float | None:
    """Return the number nearest to `value` among floats; None for NaN, which is missing anyway."""
    number = _float("nodata", value)
    if number != number:  # noqa: PLR0124 - which NaN alone is
        return None
    with np.errstate(all="ignore"):
        rounded = float(dtype.type(number))
    if isinf(rounded) and isfinite(number):
        raise ValueError(f"nodata: it is {value}, which is infinite in {dtype}; accepted is a number within its range")
    return rounded
