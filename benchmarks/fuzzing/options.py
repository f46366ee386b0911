"""Values for keyword arguments: good ones by the argument's name, and odd ones that any argument may be handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np

ODD: Sequence[Any] = (
    None, True, False, "1", b"1", 1.5, -1.5, float("nan"), float("inf"), -float("inf"), -1, 0, 1, 255, 256, 70_000,
    2**31, 2**63, -(2**63), 2**64, 10**30, 1j, (), [], {}, [1], (1, 2), {1, 2}, range(3), object, Fraction(1, 3),
    np.float32(2.5), np.float64(-0.0), np.int8(-3), np.uint16(7), np.bool_(True), np.array(1), np.array([1]),
    np.array([1.5, 2]), np.array([[1, 2]]), np.datetime64("2020-01-01"), "float32", "nan", Ellipsis,
)  # fmt: skip
"""Neither of these may do more than raise a TypeError or a ValueError."""

GOOD_THREADS = (1, 2, 2, 3, 5)
DTYPES: Sequence[Any] = ("float32", "float64", np.float32, np.float64, np.dtype("float64"), "f4", "<f8")
ODD_DTYPES: Sequence[Any] = (">f4", "float16", "int16", "uint16", bool, object, "no-dtype", np.float16, 3, "f4,f4")

_CONSTANTS = (0.0, 1.0, -1.0, 2.5, 7.5, 1e-4, 1e30, -1e-30, 3, np.float32(0.1), np.array(6.0), 1e-60, 1e39)


def _axis(rng: Random, _dtype: np.dtype[Any], ndim: int) -> Any:
    return rng.randrange(-ndim, ndim) if ndim else 0


def _nodata(rng: Random, dtype: np.dtype[Any], _ndim: int) -> Any:
    if rng.random() < 0.2:
        return None
    if dtype.kind == "f":
        return rng.choice((0.0, 1, -1.0, np.inf, -np.inf, np.nan, -9999, 1e-60, np.float32(1), np.array([0.0]), 1e39))
    limits = np.iinfo(dtype)
    return rng.choice((0, 1, 7, limits.min, limits.max, dtype.type(3), 0.0, 7.0, np.float32(1), np.array(1), 1.5, 1e9))


def _word(dtype: np.dtype[Any]) -> tuple[int, int, int]:
    """Return the least and the greatest value of a quality band, and all its bits."""
    if dtype.kind not in "iu":
        return 0, 1, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max), 2**info.bits - 1


def _keep(rng: Random, dtype: np.dtype[Any], _ndim: int) -> Any:
    low, high, _ = _word(dtype)
    numbers = [
        rng.randint(*((low, high) if rng.random() < 0.5 else (0, min(12, high)))) for _ in range(rng.randrange(6))
    ]
    return rng.choice((list, tuple, set, frozenset, dict.fromkeys))(numbers or [high])


def _reject_bits(rng: Random, dtype: np.dtype[Any], _ndim: int) -> Any:
    bits = _word(dtype)[2]
    return rng.choice((0, 1, bits, (bits >> 1) + 1, rng.randint(0, bits), np.array(1)))


def _reject_fields(rng: Random, dtype: np.dtype[Any], _ndim: int) -> Any:
    bits, fields = _word(dtype)[2], {}
    for _ in range(rng.randrange(4)):
        field = rng.choice((1, 0b1100 & bits or 1, rng.randint(1, bits)))
        most = field // (field & -field)
        fields[field] = rng.choice((list, tuple, set))(rng.randint(0, most) for _ in range(rng.randrange(4)))
    return fields


def _one_of(*values: Any) -> Callable[..., Any]:
    return lambda rng, _dtype, _ndim: rng.choice(values)


GOOD: Mapping[str, Callable[[Random, np.dtype[Any], int], Any]] = {
    "axis": _axis,
    "ddof": _one_of(0, 0, 1, 2, 5, np.int16(1)),
    "nodata": _nodata,
    "min_denominator": _one_of(0.0, 0.0, 0, 1, 0.25, 60.0, 1e-30, np.float32(0.5)),
    "scale": _one_of(1e-4, 2.75e-5, -1e-4, 1, 3.5, 1e30, 1e-30, np.float64(1e-4), np.float32(1e-4), np.array([1.0])),
    "offset": _one_of(-0.1, -0.2, 0.0, 0, 1000, -1e30, np.float32(0.1), np.float64(np.float32(-0.1)), np.array(0)),
    "keep": _keep,
    "reject_bits": _reject_bits,
    "reject_fields": _reject_fields,
    "dtype": _one_of(None, *DTYPES),
}
"""Name → a good value for an input dtype, or that of a quality band, and a number of dimensions; an argument that
is not here gets a constant. Some are good only for some dtypes."""


def value(rng: Random, name: str, dtype: np.dtype[Any], ndim: int, odd: float) -> Any:
    """Return a value for an argument, odd with that probability."""
    if rng.random() < odd:
        return rng.choice(ODD_DTYPES if name == "dtype" and rng.random() < 0.7 else ODD)
    known = GOOD.get(name)
    return rng.choice(_CONSTANTS) if known is None else known(rng, dtype, ndim)
