"""Is a result the expected one? NaN where NaN is due, the same infinities, and a distance in ulp; integers exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.calls.breaches import Kind
from benchmarks.spec import Array, Kernel


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
    kind
        What kind of breach that is; of no meaning when `ok`.
    """

    ok: bool
    max_ulp: float | None
    detail: str
    kind: Kind = "value"


def compare_result(
    kernel: Kernel,
    result: Any,
    expected: Any,
    output_dtype: np.dtype[Any] | str,
    *,
    scalar: bool = False,
    keywords: Mapping[str, Any] | None = None,
) -> Comparison:
    """Compare all that a call returned with the oracle's answer.

    Parameters
    ----------
    kernel
        Says which arrays a call returns, and how far each may be off.
    result
        What an implementation returned.
    expected
        What the oracle returned: an array, or of a kernel with several outputs a tuple.
    output_dtype
        The call's output dtype.
    scalar
        Whether the call must return a NumPy scalar.
    keywords
        Those of the call.
    """
    slack = _slack(kernel, expected, keywords or {})
    dtypes, tolerance = kernel.output_dtypes(output_dtype), kernel.contract.tolerance_ulp
    if len(dtypes) == 1:
        return compare(result, expected, dtypes[0], tolerance[dtypes[0].name], scalar=scalar, slack=slack[0])
    if not isinstance(result, tuple) or len(result) != len(dtypes):
        was = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
        return Comparison(False, None, f"returned {was}, expected a tuple of {len(dtypes)} arrays", "object")
    worst: float | None = None
    for output, one, right, dtype, off in zip(kernel.contract.outputs, result, expected, dtypes, slack, strict=True):
        found = compare(one, right, dtype, tolerance.get(dtype.name, 0), slack=off)
        if not found.ok:
            return Comparison(False, found.max_ulp, f"{output.name}: {found.detail}", found.kind)
        worst = max((ulp for ulp in (worst, found.max_ulp) if ulp is not None), default=None)
    return Comparison(True, worst, "")


def _slack(kernel: Kernel, expected: Any, keywords: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what each output may be off besides its tolerance."""
    if kernel.contract.slack is None:
        return (0.0,) * len(kernel.contract.outputs)
    with np.errstate(all="ignore"):
        return kernel.contract.slack(expected if isinstance(expected, tuple) else (expected,), keywords)


def compare(
    result: Any,
    expected: Array,
    out_dtype: np.dtype[Any] | str,
    tolerance_ulp: float,
    *,
    scalar: bool = False,
    slack: Any = 0.0,
) -> Comparison:
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
        does not matter, and integers must be equal.
    scalar
        Whether the result must be a NumPy scalar and no array.
    slack
        What each value may be off besides, absolutely: a number, or an array of the shape of `expected`.
    """
    dtype = np.dtype(out_dtype)
    if not isinstance(result, np.generic if scalar else np.ndarray):
        due = "a NumPy scalar" if scalar else "an array"
        kind: Kind = "scalar" if isinstance(result, np.generic | int | float) else "object"
        return Comparison(False, None, f"returned {type(result).__name__}, expected {due}", kind)
    if result.shape != expected.shape:
        return Comparison(False, None, f"shape was {result.shape}, expected {expected.shape}")
    if result.dtype != dtype:
        return Comparison(False, None, f"dtype was {result.dtype.str}, expected {dtype.str}", "dtype")
    result = np.asarray(result)
    if dtype.kind != "f":
        wrong = result != expected
        return Comparison(not wrong.any(), None, _first("value", wrong, result, expected) if wrong.any() else "")
    return _compare_values(result, np.asarray(expected, np.float64), dtype, tolerance_ulp, slack)


def _compare_values(
    result: Array, expected: Array, dtype: np.dtype[Any], tolerance_ulp: float, slack: Any
) -> Comparison:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        rounded = expected.astype(dtype)
        finite = np.isfinite(rounded)
        same = np.isfinite(result) if finite.all() else np.where(
            finite, np.isfinite(result), (np.isnan(rounded) & np.isnan(result)) | (rounded == result)
        )  # fmt: skip
        if not same.all():
            return Comparison(False, None, _first("value", ~same, result, expected))
        if not finite.any():
            return Comparison(True, None, "")
        gap = np.abs(result.astype(np.float64, copy=False) - expected)
        gap = np.maximum(gap - slack, 0.0) if np.any(slack) else gap
        distance = np.where(finite, gap / np.spacing(np.abs(rounded)).astype(np.float64, copy=False), 0.0)
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


def as_due(kernel: Kernel, result: Any, output_dtype: np.dtype[Any] | str, *, scalar: bool = False) -> Any:
    """Return the values of a result in the form that is due, or None where it holds no numbers of that many outputs.

    What came as a scalar, in a list or in another dtype may still have right values.
    """
    dtypes = kernel.output_dtypes(output_dtype)
    several = len(dtypes) > 1
    members = list(result) if several and isinstance(result, tuple | list) else [result]
    try:
        arrays = [np.asarray(one) for one in members]
    except (TypeError, ValueError):  # such as a ragged list
        return None
    if len(arrays) != len(dtypes) or any(array.dtype.kind not in "biuf" for array in arrays):
        return None
    with np.errstate(all="ignore"):
        cast = tuple(array.astype(dtype) for array, dtype in zip(arrays, dtypes, strict=True))
    return cast if several else cast[0][()] if scalar else cast[0]


def same_bits(one: Any, other: Any) -> bool:
    """Say whether two results are bit for bit the same, zeros' signs included; any NaN equals any NaN.

    Results are arrays, or tuples of arrays.
    """
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(same_bits(*pair) for pair in zip(one, other, strict=True))
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    equal = (one == other) & (np.signbit(one) == np.signbit(other))
    return bool(np.all(equal | (np.isnan(one) & np.isnan(other))))
