"""What the adapters share: lazy import, one thread, NaN for what is missing, the way back to the contract's dtype."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.spec import Array, Peer
from inputs.cases import Case

NEARLY_AN_INTEGER = 1e-6
SQUARES = "squares that overflow give an infinite deviation, not NaN; it is not corrected for the mean's rounding"
Adapter = Callable[..., Any]
Refusal = Callable[[Case], str | None]


def peer(name: str, package: str, adapter: Adapter, semantics: str, refuses: Refusal = lambda _case: None) -> Peer:
    """Return a peer that is measured on one thread, loaded when `package` can be imported."""

    def load() -> Adapter:
        import_module(package)
        return adapter

    def refuse(case: Case) -> str | None:
        return f"{name} is measured on one thread" if case.thread_count > 1 else refuses(case)

    return Peer(name, load, refuse, semantics)


def few_values(case: Case) -> str | None:
    """Refuse cases with so many gaps that a form that works in the basis of values loses its digits."""
    return "with few values its digits are lost" if case.mask == "heavy" else None


def output_dtype(array: Array, dtype: Any) -> np.dtype[Any]:
    """Return the dtype of a call's output: the one asked for, or the contract's default for an input."""
    return np.dtype(dtype or (array.dtype if array.dtype.kind == "f" else "float32"))


def in_counts(constant: float, weight: float, scale: float | None, offset: float | None) -> float:
    """Return what stands for `constant` in a sum of counts whose factors add up to `weight`; whole where nearly so."""
    if scale is None or offset is None or (scale == 1 and offset == 0):
        return constant
    with np.errstate(all="ignore"):
        k = float((np.float64(offset) * weight + constant) / scale)
    return float(round(k)) if abs(k) < 2**53 and abs(k - round(k)) <= NEARLY_AN_INTEGER else k


def guard(min_denominator: float, scale: float | None) -> float:
    """Return a guard of scaled values as one of counts."""
    with np.errstate(all="ignore"):
        return float(np.float64(min_denominator) / (1.0 if scale is None else abs(scale)))


def as_floats(array: Array, dtype: Any, nodata: int | None = None, mask: Array | None = None) -> Array:
    """Return an array in a float dtype, NaN where it is missing; the array itself where that is what it is."""
    if nodata is None and mask is None:
        return array.astype(dtype, copy=False)
    floats = array.astype(dtype)
    if nodata is not None:
        np.copyto(floats, np.nan, where=array == nodata)
    if mask is not None:
        np.copyto(floats, np.nan, where=mask)
    return floats


def count(floats: Array, axis: int) -> Array:
    """Return how many values along an axis are no NaN, which is what differs from itself; a sum of int32 is soonest."""
    return np.asarray((floats == floats).sum(axis=axis, dtype=np.int32))  # noqa: PLR0124


def deliver(result: Any, dtype: Any, out: Array | None) -> Array:
    """Return a peer's result in the contract's dtype, copied into `out` where that is handed over."""
    if out is None:
        return np.asarray(result).astype(dtype, copy=False)
    out[...] = result
    return out


def deliver_all(results: tuple[Any, ...], dtype: Any, out: tuple[Array, ...] | None) -> tuple[Array, ...]:
    """Return mean, deviation and count as the contract wants them: the count as int32."""
    dtypes = (dtype, dtype, np.int32)
    if out is None:
        return tuple(deliver(result, kind, None) for result, kind in zip(results, dtypes, strict=True))
    for result, kind, target in zip(results, dtypes, out, strict=True):
        deliver(result, kind, target)
    return out
