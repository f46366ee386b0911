"""The battery's values for kernels that give a series for every series: infinities, far offsets, weights, days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, Array, BatteryCase, Call, frozen, lay_out
from inputs.battery.errors import Wrong, wrong_options
from inputs.battery.request import Request
from inputs.battery.temporal import (
    gap_cases,
    integer_cases,
    series_call,
    shape_cases,
    stack_call,
    step_cases,
    stride_cases,
)

SHAPE = (9, 4, 5)
LARGEST, STAIRCASE = ((5, 61, 203), (503, 3, 2)), 110
"""Less than for reductions: some take one series after the other, and others a matrix of all dates."""
LONG = ("rising", "outlier")
"""Values that are also asked of 331 dates, where a matrix of all dates takes seconds; others show nothing new there."""
WEIGHTS, TIMES = frozenset({"weights"}), frozenset({"times"})


def series_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the value cases of one dtype, and the refusals of what goes beside the data."""
    yield from gap_cases(request, STAIRCASE)
    for part in (step_cases, integer_cases, shape_cases, _values, _weights, _times, _numbers):
        yield from part(request)
    yield from stride_cases(request, LARGEST)


def _values(request: Request) -> Iterator[BatteryCase]:
    series: dict[str, Callable[[np.random.Generator], Any]] = {
        "ties": lambda rng: rng.integers(1, 4, 3),
        "constant": lambda rng: rng.integers(1, 100, 1),
        "rising": lambda _: np.arange(10),
        "falling": lambda _: np.arange(10)[::-1],
        "outlier": lambda rng: np.r_[rng.integers(1, 9, 9), 120],
    }
    if request.is_float:
        inf, nan = np.inf, np.nan
        series |= {
            "inf-all": lambda _: [inf],
            "inf-one": lambda rng: rng.permutation([inf, *np.arange(9.0)]),
            "inf-opposed": lambda rng: rng.permutation([inf] * 5 + [-inf] * 5),
            "inf-or-nan": lambda _: [inf, nan],
            "inf-lone-among-nan": lambda rng: rng.permutation([inf, *[nan] * 9]),
            "zeros": lambda _: [0.0],
            "small": lambda rng: 1e-30 * rng.random(10),
            "far": lambda rng: 1e6 + rng.random(10),
            "large": lambda rng: 1e30 * rng.random(10),
        }
    for name, one in series.items():
        for steps in (10, 11, 74, 331) if name in LONG else (10, 11, 74):
            yield BatteryCase(f"{name}-{steps}", request, partial(series_call, request, one, steps))
    yield BatteryCase("two-of-365", request, partial(_few, request, 365, 2))
    yield BatteryCase("three-of-73", request, partial(_few, request, 73, 3))


def _few(request: Request, steps: int, valid: int) -> Call:
    """Return series of which so many dates are valid, anywhere, apart from each other."""
    rng, missing = request.rng(steps), np.ones((steps, 3, 7), bool)
    for pixel in np.ndindex(3, 7):
        missing[(rng.choice(steps // 9, valid, replace=False) * 9, *pixel)] = False
    return stack_call(request, missing.shape, missing)


def _weighted(request: Request, make: Callable[[Array], Any], **kwargs: Any) -> Call:
    call = stack_call(request, SHAPE, request.rng(3).random(SHAPE) < 0.2, **kwargs)
    kind = request.dtype if request.is_float else "float32"
    return call.given(weights=make(request.rng(21).uniform(0.1, 2.0, SHAPE).astype(kind)))


def _with(weights: Array, *values: float) -> Array:
    """Return weights of which a third are these values."""
    flat = weights.reshape(-1)
    flat[::3] = np.resize(values, flat[::3].size)
    return weights


def _weights(request: Request) -> Iterator[BatteryCase]:
    right: dict[str, Callable[[Array], Any]] = {
        "plain": lambda w: w,
        "zero": lambda w: _with(w, 0.0),
        "negative": lambda w: _with(w, -1.0, -0.0),
        "nan": lambda w: _with(w, np.nan),
        "all-zero": np.zeros_like,
        "infinite": lambda w: _with(w, np.inf),
        "of-a-date": lambda w: w[:, :1, :1].copy(),
        "of-a-pixel": lambda w: w[0].copy(),
        "broadcast-view": lambda w: np.broadcast_to(w[:, :1, :1], w.shape),
        "read-only": frozen,
        "other-float": lambda w: w.astype("float64" if w.dtype == np.float32 else "float32"),
        **{f"layout-{layout}": partial(lay_out, layout=layout) for layout in (*LAYOUTS, *ODD_LAYOUTS)},
    }
    for name, make in right.items():
        yield BatteryCase(f"weights-{name}", request, partial(_weighted, request, make), needs=WEIGHTS)
    wrong: dict[type[Exception], dict[str, Callable[[Array], Any]]] = {
        TypeError: {
            "ints": lambda w: w.astype(int),
            "a-list": lambda w: w.tolist(),
            "a-number": lambda _: 1.0,
            "byte-swapped": lambda w: w.astype(w.dtype.newbyteorder()),
            "masked-array": np.ma.masked_array,
        },
        ValueError: {"one-longer": lambda w: np.concatenate([w, w[:1]]), "larger": lambda w: np.stack([w, w])},
    }
    for raises, group in wrong.items():
        for name, make in group.items():
            build = partial(_weighted, request, make)
            yield BatteryCase(f"error-weights-{name}", request, build, raises, ("weights",), needs=WEIGHTS)


def _timed(request: Request, times: Any, **kwargs: Any) -> Call:
    return stack_call(request, SHAPE, request.rng(3).random(SHAPE) < 0.2, **kwargs).given(times=times)


def _times(request: Request) -> Iterator[BatteryCase]:
    days = np.array([0, 1, 3, 4, 7, 8, 10, 15, 17])
    right = {"int64": days, "float64": days * 0.25, "float32": days.astype("float32"), "uint16": days.astype("uint16"),
             "even": np.arange(9.0), "negative": days - 20.0, "strided": np.repeat(days, 2)[::2]}  # fmt: skip
    for name, times in right.items():
        yield BatteryCase(f"times-{name}", request, partial(_timed, request, times), needs=TIMES)
    yield BatteryCase("times-and-weights", request, partial(_timed_and_weighted, request, days), needs=TIMES | WEIGHTS)
    wrong: dict[type[Exception], dict[str, Any]] = {
        TypeError: {"text": np.array(list("abcdefghi")), "dates": days.astype("M8[D]"), "complex": days * 1j,
                    "bool": days > 3},
        ValueError: {"one-fewer": days[1:], "two-dimensional": days[None], "falling": days[::-1].copy(),
                     "twice-the-same": np.minimum(days, 10), "nan": np.where(days == 4, np.nan, days),
                     "inf": np.where(days == 17, np.inf, days)},
    }  # fmt: skip
    for raises, group in wrong.items():
        for name, times in group.items():
            build = partial(_timed, request, times)
            yield BatteryCase(f"error-times-{name}", request, build, raises, ("times",), needs=TIMES)


def _timed_and_weighted(request: Request, days: Array) -> Call:
    return _weighted(request, lambda w: w).given(times=days)


def _numbers(request: Request) -> Iterator[BatteryCase]:
    """Yield smoothing parameters and orders of differences, right ones and wrong ones."""
    needs = frozenset({"lmbda", "d"})
    missing = request.rng(17).random((73, 3, 7)) < 0.4
    for lmbda in (1e-3, 1, 100.0, 1e4, 1e6, np.float32(10), np.array(10.0), np.int64(7)):
        for order in (1, 2, 3):
            build = partial(stack_call, request, (73, 3, 7), missing, lmbda=lmbda, d=order)
            text = f"lmbda-{type(lmbda).__name__}-{float(lmbda):g}-d-{order}"
            yield BatteryCase(text, request, build, needs=needs)
    wrong: Wrong = {
        TypeError: {"lmbda": ["1", [1.0], 1j, True], "d": [1.5, "2", True, [2]]},
        ValueError: {"lmbda": [0, 0.0, -1.0, np.nan, np.inf], "d": [0, 4, -1, 10**9]},
    }
    yield from wrong_options(request, wrong)
