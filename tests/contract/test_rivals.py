"""What the nearest rival gets wrong, each on an implementation of ours that is patched to do the same.

The defects are those found in eo-processor 0.23.1. Each must be caught by the case that is named here, which the
implementation without the patch passes.
"""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.contract import judging, questions, starvation, structure
from benchmarks.spec import Kernel

Function = Callable[..., Any]
Defect = Callable[[Function], Function]


def memory_order(function: Function) -> Function:
    """Read the first array in the order of its memory, as if it were in C order."""

    def spoilt(x: Any, *rest: Any, **kwargs: Any) -> Any:
        if isinstance(x, np.ndarray) and x.flags.fnc:
            x = x.ravel(order="K").reshape(x.shape)
        return function(x, *rest, **kwargs)

    return spoilt


def cut_to_the_shortest(function: Function) -> Function:
    """Cut all arrays to the shortest of each axis instead of refusing them."""

    def spoilt(*arrays: Any, out: Any = None, **kwargs: Any) -> Any:
        given = [value for value in (*arrays, *kwargs.values()) if isinstance(value, np.ndarray)]
        shortest = tuple(min(lengths) for lengths in zip(*(array.shape for array in given), strict=False))

        def cut(value: Any) -> Any:
            return value[tuple(map(slice, shortest))] if isinstance(value, np.ndarray) else value

        del out  # it would not fit
        return function(*map(cut, arrays), **{name: cut(value) for name, value in kwargs.items()})

    return spoilt


class PanicException(BaseException):
    """As PyO3 raises for a panic: ``except Exception`` does not catch it."""


def panics(function: Function) -> Function:
    """Panic where an argument should be refused."""

    def spoilt(*arrays: Any, **kwargs: Any) -> Any:
        try:
            return function(*arrays, **kwargs)
        except (TypeError, ValueError) as error:
            raise PanicException(str(error)) from None

    return spoilt


def series_of(x: Any, axis: int, mask: Any) -> tuple[Any, Any]:
    """Return the values in float64 with time first, gaps as 0, and where there is a value."""
    there = ~np.isnan(x) if mask is None else ~(np.isnan(x) | mask)
    values = np.where(there, x, 0).astype(np.float64)
    return np.moveaxis(values, axis, 0), np.moveaxis(there, axis, 0)


def sum_of_squares(_function: Function) -> Function:
    """Take the deviation from the sum of squares, in one pass."""

    def spoilt(x: Any, axis: int = 0, ddof: int = 0, *, mask: Any = None, **_kwargs: Any) -> Any:
        values, there = series_of(x, axis, mask)
        count = there.sum(axis=0).astype(np.int32)
        with np.errstate(all="ignore"):
            mean = values.sum(axis=0) / count
            spread = ((values * values).sum(axis=0) - count * mean * mean) / (count - ddof)
            std = np.where(count > ddof, np.sqrt(np.maximum(spread, 0)), np.nan)
        return mean.astype(x.dtype), std.astype(x.dtype), count

    return spoilt


def prefix_sums(function: Function) -> Function:
    """Take the mean from differences of one running sum over all pixels."""

    def spoilt(x: Any, axis: int = 0, *rest: Any, mask: Any = None, **kwargs: Any) -> Any:
        values, there = series_of(x, axis, mask)
        steps, shape = len(values), values.shape[1:]
        running = np.concatenate([[0.0], np.cumsum(values.reshape(steps, -1).T.ravel())])[::steps]
        with np.errstate(all="ignore"):
            mean = (np.diff(running).reshape(shape) / there.sum(axis=0)).astype(x.dtype)
        right = function(x, axis, *rest, mask=mask, **kwargs)
        return (mean, *right[1:]) if isinstance(right, tuple) else mean

    return spoilt


def sums_in_float32(function: Function) -> Function:
    """Add in the dtype of the input."""

    def spoilt(x: Any, axis: int = 0, *rest: Any, **kwargs: Any) -> Any:
        right = function(x, axis, *rest, **kwargs)
        mean = np.zeros(np.shape(right[0] if isinstance(right, tuple) else right), x.dtype)
        for date in np.moveaxis(x, axis, 0):
            mean += date
        mean /= x.dtype.type(x.shape[axis])
        return (mean, *right[1:]) if isinstance(right, tuple) else mean

    return spoilt


def small_denominators_give_zero(function: Function) -> Function:
    """Turn quotients of a denominator below 1e-10, which are large or NaN, into an ordinary 0."""

    def spoilt(*arrays: Any, **kwargs: Any) -> Any:
        result = function(*arrays, **kwargs)
        floor = function(*arrays, **{**kwargs, "min_denominator": max(1e-10, kwargs.get("min_denominator", 0))})
        small = np.isnan(floor) & ~np.any([np.isnan(array) for array in arrays], axis=0)
        result[small] = 0
        return result

    return spoilt


def scaled_floats(_function: Function) -> Function:
    """Scale both bands to floats first, so that the sum misses its true zeros."""

    def spoilt(a: Any, b: Any, *, scale: float, offset: float, **_kwargs: Any) -> Any:
        one, other = (np.float32(scale) * band.astype(np.float32) + np.float32(offset) for band in (a, b))
        with np.errstate(all="ignore"):
            return np.where(one + other == 0, np.float32(np.nan), (one - other) / (one + other))

    return spoilt


def casts_to_float64(function: Function) -> Function:
    """Work on float64 copies of large inputs."""

    def spoilt(*arrays: Any, **kwargs: Any) -> Any:
        held = [np.array(array, np.float64, order="C") for array in arrays if array.size > 2**20]
        result = function(*arrays, **kwargs)
        del held
        return result

    return spoilt


def copies_the_band(function: Function) -> Function:
    """Work on a copy of the quality band."""

    def spoilt(*arrays: Any, qa: Any, **kwargs: Any) -> Any:
        return function(*arrays, qa=qa.copy(), **kwargs)

    return spoilt


EVERY = tuple(registry.KERNELS)
RATIOS = ("normalized_difference", "evi")
SUMS = ("temporal_mean", "temporal_stats")
DEFECTS: list[tuple[Defect, tuple[str, ...], str, str, str]] = [
    (memory_order, EVERY, "uint16", "layout-f", "value"),
    (memory_order, ("evi", "temporal_stats"), "float64", "layout-f", "value"),
    (cut_to_the_shortest, ("normalized_difference_dn", *RATIOS), "uint16", "error-shapes-differ", "accepted"),
    (cut_to_the_shortest, EVERY, "int16", "error-mask-one-shorter", "accepted"),
    (cut_to_the_shortest, ("mask_and_scale",), "uint8", "error-qa-too-narrow", "accepted"),
    (panics, EVERY, "uint16", "error-mask-empty", "raised PanicException, expected ValueError"),
    (panics, EVERY, "int16", "error-out-read-only", "raised PanicException, expected ValueError"),
    (sum_of_squares, ("temporal_stats",), "float64", "offset-1e8-73", "std: "),
    (sum_of_squares, ("temporal_stats",), "float64", "offset-1e8-331-gaps", "std: "),
    (prefix_sums, SUMS, "float32", "fill--3.4e38-every-third-pixel", "value"),
    (prefix_sums, SUMS, "float64", "fill-lowest-one-pixel", "value"),
    (sums_in_float32, SUMS, "float32", "offset-1e8-331", "value"),
    (small_denominators_give_zero, ("normalized_difference",), "float64", "nearly-opposed", "value"),
    (small_denominators_give_zero, RATIOS, "float64", "specials", "value"),
    (small_denominators_give_zero, ("evi",), "float64", "denominator-crosses-zero-guard-0", "value"),
    (small_denominators_give_zero, ("normalized_difference_dn",), "uint8", "scaling-shift-of-200-sums", "value"),
    (scaled_floats, ("normalized_difference_dn",), "uint16", "scaling-sentinel-2-sums", "value"),
]
ROWS = [(spoil, registry.get(name), *row) for spoil, names, *row in DEFECTS for name in names]


def label(value: Any) -> str | None:
    return getattr(value, "name", getattr(value, "__name__", None))


@functools.cache
def question(kernel: str, dtype: str, name: str) -> Any:
    cases = {case.name: case for case in questions.cases(registry.get(kernel), dtype)}
    return next(case for known, case in cases.items() if known in {name, f"{name}-of-out-0"})


@pytest.mark.parametrize(("spoil", "kernel", "dtype", "name", "said"), ROWS, ids=label)
def test_a_case_catches_the_defect(spoil: Defect, kernel: Kernel, dtype: str, name: str, said: str) -> None:
    right = registry.resolve(kernel, "numpy")
    assert right is not None
    case = question(kernel.name, dtype, name)
    assert judging.check(kernel, "numpy", case, right).status == "ok"
    verdict = judging.check(kernel, "numpy", case, spoil(right))
    assert verdict.status == "failed"
    assert said in verdict.detail


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_a_hidden_cast_is_seen(kernel: Kernel) -> None:
    if reason := structure.unmeasurable():
        pytest.skip(reason)
    right = registry.resolve(kernel, "numpy")
    assert right is not None
    assert {verdict.status for verdict in structure.copies(kernel, {"numpy": right}, "int16")} == {"ok"}
    for spoil in (casts_to_float64, *([copies_the_band] if "qa" in kernel.companions else [])):
        (verdict,) = structure.copies(kernel, {"numpy": spoil(right)}, "int16")
        assert (verdict.case, verdict.status) == ("hidden-copy-sliced", "failed")
        assert "MiB beside inputs and out" in verdict.detail


HELD_US, STARVED_SHARE = 20_000, 0.5


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_a_held_gil_is_seen(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    hold = ctypes.PyDLL(None).usleep  # it keeps the GIL while it sleeps, as CDLL does not
    right = registry.resolve(kernel, "rust")
    assert right is not None

    def spoilt(*arrays: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        result = right(*arrays, **kwargs)
        hold(max(HELD_US, int(2e6 * (time.perf_counter() - began))))
        return result

    monkeypatch.setattr(registry, "resolve", lambda *_: spoilt)
    call = starvation.long_call(kernel, "rust")
    assert call is not None
    seen = starvation.starvation(call)
    assert seen.share > STARVED_SHARE, (
        "a call through which other threads run has less: see tests/contract/test_starvation.py"
    )
    assert seen.longest_s >= 0.9 * HELD_US * 1e-6
