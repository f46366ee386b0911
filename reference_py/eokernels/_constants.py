"""Admission of the constants of equations, rounded to the output dtype in which a kernel computes with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from eokernels._admit import Admitted
from eokernels._checks import check_real

_WHOLE = 1e-6  # offsets and scales come as decimals: a doubled quotient this near to a whole number is meant to be it


def rounded(dtype: np.dtype[Any], *values: float) -> tuple[Any, ...]:
    """Return scalars of a dtype, infinite where it cannot hold the value."""
    kind = dtype.type
    if min(values) > -3e38 and max(values) < 3e38:
        return tuple([kind(value) for value in values])
    with np.errstate(over="ignore"):
        return tuple([kind(value) for value in values])


def reals(call: Admitted, **given: Any) -> tuple[Any, ...]:
    """Return finite real constants, given by name, in the output dtype."""
    return rounded(call.dtype, *[check_real(name, value) for name, value in given.items()])


def scaling(call: Admitted, scale: Any, offset: Any) -> tuple[Any, Any]:
    """Return scale and offset in the output dtype."""
    factor, summand = rounded(call.dtype, check_real("scale", scale, zero=False), check_real("offset", offset))
    return factor, summand


def shift(call: Admitted, scale: Any, offset: Any) -> tuple[Any, Any]:
    """Return k = 2·offset/scale and the guard in units of counts, both in the output dtype.

    With x = scale·n + offset for counts n, (x₁ - x₂)/(x₁ + x₂) is (n₁ - n₂)/(n₁ + n₂ + k): the scale cancels, and a
    guard on |x₁ + x₂| is one on |n₁ + n₂ + k| divided by |scale|.
    """
    factor = check_real("scale", scale, zero=False)
    k = 2.0 * check_real("offset", offset) / factor
    whole = float(np.rint(k))
    k, guard = rounded(call.dtype, whole if abs(k - whole) <= _WHOLE else k, call.min_denominator / abs(factor))
    return k, guard
