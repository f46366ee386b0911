"""numexpr: a formula in a string, compiled to a small virtual machine that runs over blocks in the cache.

It has no 8- and 16-bit integers and widens them to 32 bits block by block; with float32 constants the result is
float32. So counts need no cast beforehand, and gaps are a ``where`` in the formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks.peers._common import guard, in_counts, output_dtype, peer
from benchmarks.spec import Array

LARGEST_INTEGER = 2**24  # beyond it neighbours share a float32, and sums of counts are rounded


def _evaluate(
    formula: str, missing: Iterable[str], arrays: Mapping[str, Array], constants: Mapping[str, float], *,
    dtype: np.dtype[Any], out: Array | None,
) -> Array:  # fmt: skip
    import numexpr

    if numexpr.get_num_threads() != 1:
        numexpr.set_num_threads(1)
    with np.errstate(over="ignore"):
        given = {**arrays, **{name: dtype.type(value) for name, value in {**constants, "nan": np.nan}.items()}}
    gaps = " | ".join(missing)
    expression = f"where({gaps}, nan, {formula})" if gaps else formula
    result = np.asarray(numexpr.evaluate(expression, local_dict=given, global_dict={}, out=out))
    return result if out is None else out


def _ratio(
    numerator: str, denominator: str, arrays: Mapping[str, Array], constants: Mapping[str, float], *,
    zero: str, nodata: int | None, mask: Array | None, dtype: np.dtype[Any], out: Array | None,
) -> Array:  # fmt: skip
    """Return the ratio, NaN where `zero` holds or, if ``least`` is above 0, where the denominator is no larger.

    An equality is worth writing, as abs() and ``<=`` in its place make the whole call much slower.
    """
    missing = [zero if constants["least"] == 0 else f"(abs({denominator}) <= least)"]
    if nodata is not None:
        missing += [f"({name} == {nodata})" for name in arrays]
    if mask is not None:
        arrays, missing = {**arrays, "mask": mask}, [*missing, "mask"]
    return _evaluate(f"{numerator} / {denominator}", missing, arrays, constants, dtype=dtype, out=out)


def normalized_difference(
    a: Array, b: Array, *, nodata: int | None = None, mask: Array | None = None, min_denominator: float = 0.0,
    dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Return (a − b) / (a + b); the float zero that is added to integers makes their division one of floats."""
    total, zero = ("(a + b)", {}) if a.dtype.kind == "f" else ("(a + b + zero)", {"zero": 0.0})
    return _ratio(
        "(a - b)", total, {"a": a, "b": b}, {"least": min_denominator, **zero}, zero="((a + b) == 0)",
        nodata=nodata, mask=mask, dtype=output_dtype(a, dtype), out=out,
    )  # fmt: skip


def normalized_difference_dn(
    a: Array, b: Array, *, scale: float, offset: float, nodata: int | None, mask: Array | None = None,
    min_denominator: float = 0.0, dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Return (a − b) / (a + b + k) with k = 2·offset/scale, as whoever knows that the scale cancels writes it."""
    k, least = in_counts(0.0, 2.0, scale, offset), guard(min_denominator, scale)
    whole = k.is_integer() and abs(k) < LARGEST_INTEGER and a.dtype.kind != "f"
    zero = f"((a + b) == {-round(k)})" if whole else "((a + b + k) == 0)"
    return _ratio(
        "(a - b)", "(a + b + k)", {"a": a, "b": b}, {"k": k, "least": least}, zero=zero,
        nodata=nodata, mask=mask, dtype=output_dtype(a, dtype), out=out,
    )  # fmt: skip


def evi(
    nir: Array, red: Array, blue: Array, *, G: float = 2.5, C1: float = 6.0, C2: float = 7.5, L: float = 1.0,
    scale: float | None = None, offset: float | None = None, nodata: int | None = None, mask: Array | None = None,
    min_denominator: float = 0.0, dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Return G·(nir − red) / (nir + C1·red − C2·blue + L); numexpr evaluates the denominator once.

    Of counts only L has to be scaled, as whoever knows that the scale cancels writes it.
    """
    soil = in_counts(float(L), 1.0 + C1 - C2, scale, offset)
    arrays, constants = {"n": nir, "r": red, "b": blue}, {"g": G, "c": C1, "d": C2, "l": soil}
    constants["least"] = guard(min_denominator, scale)
    denominator = "(n + c * r - d * b + l)"
    return _ratio(
        "g * (n - r)", denominator, arrays, constants, zero=f"({denominator} == 0)",
        nodata=nodata, mask=mask, dtype=output_dtype(nir, dtype), out=out,
    )  # fmt: skip


def savi(
    nir: Array, red: Array, *, L: float = 0.5, scale: float | None = None, offset: float | None = None,
    nodata: int | None = None, mask: Array | None = None, min_denominator: float = 0.0, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return (1 + L)·(nir − red) / (nir + red + L), with L in counts where there is a scale, as for `evi`."""
    constants = {"f": 1.0 + L, "l": in_counts(float(L), 2.0, scale, offset), "least": guard(min_denominator, scale)}
    denominator = "(n + r + l)"
    return _ratio(
        "f * (n - r)", denominator, {"n": nir, "r": red}, constants, zero=f"({denominator} == 0)",
        nodata=nodata, mask=mask, dtype=output_dtype(nir, dtype), out=out,
    )  # fmt: skip


def mask_and_scale(
    dn: Array, *, scale: float, offset: float, nodata: int | None, qa: Array | None = None,
    keep: Iterable[int] | None = None, reject_bits: int | None = None,
    reject_fields: Mapping[int, Iterable[int]] | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return dn·scale + offset; classes come through a NumPy table, which beats five comparisons in the formula."""
    arrays, missing = {"dn": dn}, [f"(dn == {nodata})"] if nodata is not None else []
    if qa is not None and keep is not None:
        arrays, missing = {**arrays, "dropped": _dropped(qa, keep)}, [*missing, "dropped"]
    elif qa is not None:
        arrays, missing = {**arrays, "qa": qa}, [*missing, *_rejected(reject_bits, reject_fields or {})]
    if mask is not None:
        arrays, missing = {**arrays, "mask": mask}, [*missing, "mask"]
    constants = {"scale": scale, "offset": offset}
    return _evaluate("dn * scale + offset", missing, arrays, constants, dtype=output_dtype(dn, dtype), out=out)


def _dropped(qa: Array, keep: Iterable[int]) -> Array:
    """Return where a class does not stay."""
    if qa.dtype != np.uint8:
        return np.isin(qa, np.array(list(keep), qa.dtype), invert=True)
    dropped = np.ones(256, bool)
    dropped[list(keep)] = False
    return np.take(dropped, qa)


def _rejected(bits: Any, fields: Mapping[int, Iterable[int]]) -> list[str]:
    """Return what a formula says of bits and of fields that are rejected."""
    bits = 0 if bits is None else np.ravel(bits)[0]
    pairs = [(int(field), value * (field & -field)) for field, values in fields.items() for value in values]
    return [
        *([f"((qa & {int(bits)}) != 0)"] if bits else []),
        *(f"((qa & {field}) == {value})" for field, value in pairs),
    ]


_RATIO = "x/0 would give ±inf: the where() that gives NaN, and nodata, is part of its time; no check of arguments"

NORMALIZED_DIFFERENCE = peer("numexpr", "numexpr", normalized_difference, _RATIO)
NORMALIZED_DIFFERENCE_DN = peer("numexpr", "numexpr", normalized_difference_dn, _RATIO)
EVI = peer("numexpr", "numexpr", evi, _RATIO)
SAVI = peer("numexpr", "numexpr", savi, _RATIO)
MASK_AND_SCALE = peer(
    "numexpr",
    "numexpr",
    mask_and_scale,
    "classes are looked up by NumPy first, in its time; words of at most 63 bits; no check of arguments",
)
