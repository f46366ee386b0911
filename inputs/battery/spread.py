"""The battery's stacks that lie far from zero, and the degrees of freedom of what is told of their spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import Array, BatteryCase, Call
from inputs.battery.errors import Wrong, wrong_options
from inputs.battery.request import Request
from inputs.battery.temporal import stack_call

DEGREES: tuple[Any, ...] = (0, 1, 2, 5, np.int64(1), np.uint8(3), 10**6, np.array(1), np.array([2]))
STEPS = (10, 73, 331)
LONG = 5003


def spread_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield stacks at an offset, stacks with fill values among them, and degrees of freedom."""
    yield from _degrees(request)
    yield from _offsets(request)
    yield from _fills(request)
    wrong: Wrong = {
        TypeError: {"ddof": [0.0, 1.5, "0", None, True, [0], 1j, np.array(True), np.array([1.0]), np.array([0, 1])]},
        ValueError: {"ddof": [-1, -(10**6)]},
    }
    yield from wrong_options(request, wrong)


def _staircase(request: Request, **kwargs: Any) -> Call:
    """Return pixels of 0 to 8 valid dates."""
    gaps = np.arange(8)[:, None, None] >= np.arange(9)[None, None, :] + np.zeros((8, 2, 9), int)
    return stack_call(request, gaps.shape, gaps, **kwargs)


def _degrees(request: Request) -> Iterator[BatteryCase]:
    needs = frozenset({"ddof"})
    for ddof in DEGREES:
        name = f"ddof-{type(ddof).__name__}-{ddof!s}"
        yield BatteryCase(name, request, partial(_staircase, request, ddof=ddof), needs=needs)
    for shape in ((0, 3, 4), (1, 3, 4), (2, 3, 4), (5, 0, 4)):
        for ddof in (1, 2):
            name = f"ddof-{ddof}-of-{'x'.join(map(str, shape))}"
            yield BatteryCase(name, request, partial(stack_call, request, shape, ddof=ddof), needs=needs)
    if not request.is_float:
        build = partial(_staircase, request, ddof=1, dtype="float64")
        yield BatteryCase("ddof-1-in-float64", request, build, needs=needs)


def _far(request: Request, steps: int, offset: float, spread: float, gaps: bool) -> Call:
    """Return values of a small spread at an offset, all of them exact in the dtype."""
    rng = request.rng(steps)
    values = (offset + spread * rng.integers(0, 8, (steps, 3, 7))).astype(request.dtype)
    if not gaps:
        return Call((values, *(values[::-1].copy() for _ in range(request.arrays - 1))))
    missing = rng.random(values.shape) < 0.4
    values[missing] = np.nan if request.is_float else 1
    return Call((values,) * request.arrays, {} if request.is_float else {"nodata": 1})


def _offsets(request: Request) -> Iterator[BatteryCase]:
    offsets: dict[str, tuple[float, float]] = {"at-the-top": (float(request.limits[1]) - 8, 1)}
    if request.is_float:
        fine = float(np.finfo(request.dtype).eps)
        offsets = {
            "1e8": (1e8, max(1.0, 2**27 * fine)),
            "1e4": (1e4, max(0.125, 2**14 * fine)),
            "-1e8": (-1e8, max(1.0, 2**27 * fine)),
            "1e4-constant": (1e4, 0.0),
            "0.1-constant": (0.1, 0.0),
        }
    if request.dtype == "float64":
        offsets |= {"1e15": (1e15, 1.0), "1e15-fine": (1e15, 0.125), "1e16": (1e16, 2.0), "-1e16": (-1e16, 2.0)}
    for name, (offset, spread) in offsets.items():
        for steps in STEPS:
            for gaps in (False, True):
                build = partial(_far, request, steps, offset, spread, gaps)
                yield BatteryCase(f"offset-{name}-{steps}{'-gaps' * gaps}", request, build)
    for constant in (0.1, 1e-3, 1e8 + 0.3, 1e15 + 0.125) if request.is_float else (7, 251):
        yield BatteryCase(f"constant-{constant}-{LONG}", request, partial(_constant, request, constant))


def _constant(request: Request, constant: float) -> Call:
    """Return long series of one value, of which the sum is rounded at nearly every date."""
    return Call(tuple(np.full((LONG, 2, 3), constant, request.dtype) for _ in range(request.arrays)))


def _fills(request: Request) -> Iterator[BatteryCase]:
    if not request.is_float:
        return
    fills = {"-3.4e38": -3.4e38, "lowest": float(request.limits[0]), "-9999": -9999.0, "1e20": 1e20}
    where: dict[str, Callable[[Array], Array]] = {
        "first-date-of-one-pixel": lambda index: index == 0,
        "one-pixel": lambda index: index % 21 == 10,
        "every-third-pixel": lambda index: index % 3 == 0,
        "one-value-of-each-third": lambda index: index % 63 == 0,
    }
    for name, fill in fills.items():
        for place, pick in where.items():
            for masked in (False, True):
                build = partial(_filled, request, fill, pick, masked)
                yield BatteryCase(f"fill-{name}-{place}{'-masked' * masked}", request, build)
            build = partial(_filled, request, fill, pick, False, nodata=fill)
            yield BatteryCase(f"fill-{name}-{place}-nodata", request, build)


def _filled(request: Request, fill: float, pick: Callable[[Array], Array], masked: bool, **kwargs: Any) -> Call:
    """Return stacks in which some values are a fill value that is data, or that the mask or `nodata` leaves out."""
    arrays = stack_call(request, (12, 3, 7)).arrays
    chosen = pick(np.arange(arrays[0].size)).reshape(arrays[0].shape)
    for array in arrays:
        array[chosen] = fill
    return Call(arrays, {"mask": chosen} if masked else kwargs)
