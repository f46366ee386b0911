"""Admission of the constants of equations, rounded to the output dtype in which a kernel computes with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from eokernels._admit import Admitted
from eokernels._checks import real

_WHOLE = 1e-6  # offsets and scales come as decimals: a doubled quotient this near to a whole number is meant to be it


def rounded(dtype: np.dtype[Any], *values: float) -> tuple[Any, ...]:
    """Return scalars of a dtype, infinite where it cannot hold the value."""
    if max(map(abs, values)) < 3e38:
        return tuple(map(dtype.type, values))
    with np.errstate(over="ignore"):
        return tuple(map(dtype.type, values))


def reals(call: Admitted, **given: Any) -> tuple[Any, ...]:
    """Return finite real constants, given by name, in the output dtype."""
    return rounded(call.dtype, *[real(name, value) for name, value in given.items()])


def scaling(call: Admitted, scale: Any, offset: Any) -> tuple[Any, Any]:
    """Return scale and offset in the output dtype."""
    factor, summand = rounded(call.dtype, real("scale", scale, zero=False), real("offset", offset))
    return factor, summand


def shift(call: Admitted, scale: Any, offset: Any) -> tuple[Any, Any]:
    """Return k = 2·offset/scale and the guard in units of counts, both in the output dtype.

    With x = scale·n + offset for counts n, (x₁ - x₂)/(x₁ + x₂) is (n₁ - n₂)/(n₁ + n₂ + k): the scale cancels, and a
    guard on |x₁ + x₂| is one on |n₁ + n₂ + k| divided by |scale|.
    """
    factor = real("scale", scale, zero=False)
    k = 2.0 * real("offset", offset) / factor
    whole = float(np.rint(k))
    k, guard = rounded(call.dtype, whole if abs(k - whole) <= _WHOLE else k, call.min_denominator / abs(factor))
    return k, guard
