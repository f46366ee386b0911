"""Constants of equations, rounded to the output dtype in which a kernel computes with them.

:func:`reals` and :func:`pair` read them before a call is admitted; the other functions hold them against the call.
What is remembered takes 0.0 and -0.0 for one; so nothing is remembered where a result would show the sign of a zero.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np

from eokernels._admit import FLOAT32, Admitted
from eokernels._numbers import meant, real

_WHOLE = 1e-6  # offsets and scales come as decimals: a quotient this near to a whole number is meant to be it
_LEAST, _MOST = 1.2e-38, 3.4e38  # magnitudes between them are normal numbers of float32, without a look


def reals(**given: Any) -> tuple[float, ...]:
    """Read finite real numbers, given by name."""
    return tuple(
        [
            meant(value)
            if type(value) is float and _LEAST < abs(value) < _MOST
            else real(name, value, zero=name != "scale")
            for name, value in given.items()
        ]
    )


def pair(scale: Any, offset: Any) -> tuple[float, float] | None:
    """Read scale and offset, that an index may do without: both or neither."""
    if scale is None and offset is None:
        return None
    for name, value, other in (("scale", scale, "offset"), ("offset", offset, "scale")):
        if value is None:
            raise ValueError(f"{name}: it is not given and {other} is; accepted is both of them or neither")
    return real("scale", scale, zero=False), real("offset", offset)


def rounded(dtype: np.dtype[Any], *values: float) -> tuple[Any, ...]:
    """Return scalars of a dtype, infinite where it cannot hold the value."""
    kind = dtype.type
    if min(values) > -_MOST and max(values) < _MOST:
        return tuple([kind(value) for value in values])
    with np.errstate(over="ignore"):
        return tuple([kind(value) for value in values])


def fitted(dtype: np.dtype[Any], **given: float) -> tuple[Any, ...]:
    """Return constants in the output dtype.

    Raises
    ------
    ValueError
        For one that is 0 or infinite there, and is not as it was given.
    """
    if dtype == FLOAT32:
        for name, value in given.items():
            if value != 0.0 and not _LEAST < abs(value) < _MOST:
                _refuse_lost(name, value)
    return rounded(dtype, *given.values())


def _refuse_lost(name: str, value: float) -> None:
    """Raise where float32 does not hold a number, not even as a subnormal one."""
    with np.errstate(all="ignore"):
        single = float(np.float32(value))
    if single == 0.0 or not isfinite(single):
        raise ValueError(
            f"{name}: it is {value}, which is {single} in the output's float32; accepted is a number that float32 "
            "holds, or dtype='float64'"
        )


def scaling(call: Admitted, scale: float, offset: float) -> tuple[Any, ...]:
    """Return scale and offset in the output dtype."""
    fit = _scaling if offset else _scaling.__wrapped__
    return fit(call.dtype, scale, offset)


@lru_cache(maxsize=64)
def _scaling(dtype: np.dtype[Any], scale: float, offset: float) -> tuple[Any, ...]:
    return fitted(dtype, scale=scale, offset=offset)


def shift(call: Admitted, scale: float, offset: float) -> tuple[Any, Any]:
    """Return k = 2·offset/scale and the guard in units of counts, both in the output dtype.

    With x = scale·n + offset for counts n, (x₁ - x₂)/(x₁ + x₂) is (n₁ - n₂)/(n₁ + n₂ + k): the scale cancels, and a
    guard on |x₁ + x₂| is one on |n₁ + n₂ + k| divided by |scale|.
    """
    return _shift(call.dtype, scale, offset, call.min_denominator)


@lru_cache(maxsize=64)
def _shift(dtype: np.dtype[Any], scale: float, offset: float, guard: float) -> tuple[Any, Any]:
    fitted(dtype, scale=scale, offset=offset)
    return _in_counts(dtype, 2.0 * offset / scale, scale, guard, "offset")


def evi_constants(call: Admitted, given: tuple[float, ...], scaled: tuple[float, float] | None) -> tuple[Any, ...]:
    """Return G, C1, C2, the last summand of the denominator and the guard, in the output dtype; L comes in with them.

    The summand is that of :func:`additive`, for a denominator nir + C1·red - C2·blue + L.
    """
    fit = _evi_constants if given[0] else _evi_constants.__wrapped__
    return fit(call.arrays[0].dtype, call.dtype, given, scaled, call.min_denominator)


@lru_cache(maxsize=64)
def _evi_constants(
    bands: np.dtype[Any],
    dtype: np.dtype[Any],
    given: tuple[float, ...],
    scaled: tuple[float, float] | None,
    guard: float,
) -> tuple[Any, ...]:
    gain, c1, c2, soil = given
    g, red, blue, _ = fitted(dtype, G=gain, C1=c1, C2=c2, L=soil)
    if scaled is None:
        refuse_counts(bands, "L")
    return (g, red, blue, *additive(dtype, soil, 1.0 + c1 - c2, scaled, guard))


def soil_constants(call: Admitted, soil: float, weights: float, scaled: tuple[float, float] | None) -> tuple[Any, Any]:
    """Return what the constant L of an index becomes beside bands of these weights, and the guard."""
    fitted(call.dtype, L=soil)
    if scaled is None:
        refuse_counts(call.arrays[0].dtype, "L")
    return additive(call.dtype, soil, weights, scaled, call.min_denominator)


def refuse_counts(bands: np.dtype[Any], name: str) -> None:
    """Raise for bands of integers without a scale, in an index with a constant that is meant for reflectances."""
    if bands.kind != "f":
        raise ValueError(
            f"scale: it is not given and the bands are {bands}; the index and its {name} are meant for reflectance, so "
            "accepted is scale= and offset= that make the counts reflectance, or scale=1, offset=0 where the counts "
            "are meant as they are"
        )


def additive(
    dtype: np.dtype[Any], constant: float, weights: float, scaled: tuple[float, float] | None, guard: float
) -> tuple[Any, Any]:
    """Return what a constant beside weighted bands in a denominator is in the bands' units, and the guard.

    With x = scale·n + offset for counts n, Σ wᵢxᵢ + L is scale·(Σ wᵢnᵢ + k) for k = (offset·Σ wᵢ + L)/scale, so a ratio
    of such sums takes the counts themselves. Without a scale the bands are taken as they are, and k is L.

    Parameters
    ----------
    dtype
        Of the output.
    constant
        The constant L.
    weights
        Sum of the weights of the bands, Σ wᵢ.
    scaled
        Scale and offset, None without.
    guard
        Least denominator in the units of L.
    """
    if scaled is None:
        return rounded(dtype, constant, guard)  # type: ignore[return-value]
    scale, offset = scaled
    fitted(dtype, scale=scale, offset=offset)
    if scale == 1.0 and offset == 0.0:
        return rounded(dtype, constant, guard)  # type: ignore[return-value]
    return _in_counts(dtype, (offset * weights + constant) / scale, scale, guard, "scale")


def _in_counts(dtype: np.dtype[Any], k: float, scale: float, guard: float, name: str) -> tuple[Any, Any]:
    """Return a summand of counts, whole where it is meant to be, and the guard; `name` is to blame for an infinity."""
    whole = float(np.rint(k))
    summand, least = rounded(dtype, whole if abs(k - whole) <= _WHOLE else k, guard / abs(scale))
    if not isfinite(summand):
        raise ValueError(
            f"{name}: with it the constant of the denominator is {summand} in {dtype}; accepted are a scale and an "
            "offset that keep it finite"
        )
    return summand, least
