"""The battery's values, shapes and strides for temporal kernels: every array is a stack ``(T, Y, X)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, Array, BatteryCase, Call, frozen, lay_out, specials
from inputs.battery.elementwise import Subclass
from inputs.battery.request import Request

STACK = (9, 4, 5)
STEPS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 63, 64, 65, 73, 100, 127, 128, 129, 146, 200, 250,
         255, 256, 257, 300, 365, 460, 520)  # fmt: skip
GAP = 7
"""The `nodata` value with which integer stacks mark their gaps: a legal value in the middle of the range."""


def temporal_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the value cases of one dtype, the forms of `out` and of the mask excepted."""
    yield from gap_cases(request)
    yield from step_cases(request)
    yield from _values(request)
    yield from integer_cases(request)
    yield from shape_cases(request)
    yield from stride_cases(request)


def stack_call(request: Request, shape: Sequence[int] = STACK, missing: Array | None = None, **kwargs: Any) -> Call:
    """Return ordinary stacks of `shape`; `missing` marks gaps, as NaN in floats and as `nodata` in integers."""
    arrays = []
    for salt in range(request.arrays):
        values = request.sample(shape, salt)
        if not request.is_float:
            values[values == GAP] = GAP + 1
        if missing is not None:
            values[missing] = np.nan if request.is_float else GAP
        arrays.append(values)
    if missing is not None and not request.is_float:
        kwargs = {"nodata": GAP, **kwargs}
    return Call(tuple(arrays), kwargs)


def _staircase(steps: int, first: bool) -> Array:
    """Return gaps that leave pixel k with k valid dates, at the series' start or at its end."""
    index, valid = np.arange(steps)[:, None, None], np.arange(steps + 1)[None, None, :]
    return index >= valid if first else index < steps - valid


def gap_cases(request: Request, longest: int = 310) -> Iterator[BatteryCase]:
    """Yield patterns of gaps in time and space; `longest` are the dates of a stack with as many pixels as dates."""
    index = np.arange(STACK[0])[:, None, None] + np.zeros(STACK, int)
    pixel = np.arange(20).reshape(4, 5) + np.zeros(STACK, int)
    patterns = {
        "none": index < 0,
        "all": index >= 0,
        "first-date": index == 0,
        "last-date": index == 8,
        "only-first-date-valid": index > 0,
        "only-last-date-valid": index < 8,
        "only-middle-date-valid": index != 4,
        "alternating-dates": index % 2 == 0,
        "chequered": (index + pixel) % 2 == 0,
        "one-valid-each": index != pixel % 9,
        "one-missing-each": index == pixel % 9,
        "row-of-pixels": (pixel // 5 == 1) | (index == 3),
        "column-of-pixels": pixel % 5 == 4,
        "first-pixel": pixel == 0,
        "last-pixel": pixel == 19,
        "random": request.rng(5).random(STACK) < 0.4,
        "random-heavy": request.rng(6).random(STACK) < 0.9,
    }
    for name, missing in patterns.items():
        yield BatteryCase(f"gaps-{name}", request, partial(stack_call, request, STACK, missing))
    for steps in (5, 12, 40, 73, longest):
        for name, first in (("start", True), ("end", False)):
            gaps = _staircase(steps, first)
            build = partial(stack_call, request, gaps.shape, gaps)
            yield BatteryCase(f"gaps-staircase-{steps}-{name}", request, build)


def step_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield stacks of every number of dates at which code changes its way."""
    for steps in STEPS:
        shape = (steps, 3, 6)
        missing = request.rng(steps).random(shape) < 0.4
        yield BatteryCase(f"steps-{steps}-clean", request, partial(stack_call, request, shape))
        yield BatteryCase(f"steps-{steps}-gaps", request, partial(stack_call, request, shape, missing))


def series_call(request: Request, series: Callable[[np.random.Generator], Any], steps: int, **kwargs: Any) -> Call:
    """Return a stack whose pixels are independent series made by ``series(rng)`` (or drawn from its values)."""
    rng = request.rng(steps)
    pixels = [np.asarray(series(rng)).astype(request.dtype) for _ in range(request.arrays * 21)]
    drawn = [p if p.size == steps else rng.choice(p, steps) for p in pixels]
    stacks = np.stack(drawn, axis=-1).reshape(steps, request.arrays, 3, 7)
    return Call(tuple(np.ascontiguousarray(stacks[:, k]) for k in range(request.arrays)), kwargs)


def _values(request: Request) -> Iterator[BatteryCase]:
    low, high = request.limits
    series: dict[str, Callable[[np.random.Generator], Any]] = {
        "ties": lambda rng: rng.integers(1, 4, 3),
        "constant": lambda rng: rng.integers(1, 100, 1),
        "rising": lambda _: np.arange(10),
        "falling": lambda _: np.arange(10)[::-1],
        "organ-pipe": lambda _: np.r_[np.arange(5), np.arange(5)[::-1]],
        "largest": lambda _: np.full(1, high, request.dtype),
        "smallest": lambda _: np.full(1, low, request.dtype),
        "extremes": lambda _: np.array([low, high], request.dtype),
        "specials": lambda _: np.array(specials(request), request.dtype),
        "outlier": lambda rng: np.r_[rng.integers(1, 9, 9), 120],
    }
    if request.is_float:
        inf, nan, step = np.inf, np.nan, float(np.finfo(request.dtype).smallest_subnormal)
        series |= {
            "inf-all": lambda _: [inf],
            "inf-negative-all": lambda _: [-inf],
            "inf-half": lambda rng: rng.permutation([inf] * 5 + [1.0, 2, 3, 4, 5]),
            "inf-opposed": lambda rng: rng.permutation([inf] * 5 + [-inf] * 5),
            "inf-majority": lambda rng: rng.permutation([inf] * 6 + [1.0, 2, 3, 4]),
            "inf-negative-majority": lambda rng: rng.permutation([-inf] * 6 + [1.0, 2, 3, 4]),
            "inf-and-nan": lambda _: [inf, -inf, nan, 1.0],
            "inf-or-nan": lambda _: [inf, nan],
            "inf-negative-or-nan": lambda _: [-inf, nan],
            "inf-lone-among-nan": lambda rng: rng.permutation([inf, *[nan] * 9]),
            "zeros-of-both-signs": lambda _: [0.0, -0.0],
            "zeros-negative": lambda _: [-0.0],
            "denormals": lambda _: np.array([1, 2, 3, 5, 7, -1, -4]) * step,
            "denormals-equal": lambda rng: np.full(1, step * rng.choice([1, 3, -1, -5])),
            "denormals-next-to-each-other": lambda rng: step * (rng.integers(1, 9) + np.array([0, 1])),
            "specials-and-nan": lambda _: np.array([*specials(request), nan], request.dtype),
        }
    for name, one in series.items():
        for steps in (10, 11, 74, 331):
            build = partial(series_call, request, one, steps)
            yield BatteryCase(f"{name}-{steps}", request, build)


def integer_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield `nodata` at all values where arithmetic changes its ways."""
    if request.is_float:
        return
    values = np.array(specials(request), request.dtype)
    for nodata in (None, *specials(request)):
        for steps in (13, 320):
            build = partial(series_call, request, lambda _: values, steps, nodata=nodata)
            yield BatteryCase(f"nodata-{nodata}-{steps}", request, build)
    build = partial(series_call, request, lambda _: values[-1:], 6, nodata=int(values[-1]))
    yield BatteryCase("nodata-all", request, build)
    for nodata in (None, 1):
        build = partial(series_call, request, lambda _: values, 24, nodata=nodata, dtype="float64")
        yield BatteryCase(f"float64-output-nodata-{nodata}", request, build)


def shape_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield shapes, empty ones too, and other places of time among the axes."""
    empty: list[tuple[int, ...]] = [(0, 3, 4), (0, 0, 4), (5, 0, 4), (5, 4, 0), (0,), (0, 3)]
    small: list[tuple[int, ...]] = [
        (1, 1, 1),
        (6, 1, 1),
        (6, 1, 9),
        (6, 9, 1),
        (1, 3, 4),
        (7,),
        (1,),
        (6, 11),
        (3, 2, 4, 5),
    ]
    lanes = [(5, 1, width) for width in range(1, 71)]
    for shape in [*empty, *small, *lanes, (4, 33, 3), (5, 131, 517)]:
        missing = request.rng(9).random(shape) < 0.3
        name = "shape-" + "x".join(map(str, shape))
        yield BatteryCase(name, request, partial(stack_call, request, shape, missing))
    for axis in (1, 2, 3, -1, -2, -3, -4, np.int64(2), np.array(1), np.array([-2])):
        build = partial(stack_call, request, (3, 4, 5, 6), axis=axis)
        name = f"axis-{axis}" if isinstance(axis, int) else f"axis-{type(axis).__name__}-{axis}"
        yield BatteryCase(name, request, build, needs=frozenset({"axis"}))
    for shape, axis in (((3, 0, 4), 1), ((3, 0), -1), ((6,), -1), ((1, 5), 1), ((0, 5), 1)):
        name = f"axis-{axis}-of-{'x'.join(map(str, shape))}"
        yield BatteryCase(name, request, partial(stack_call, request, shape, axis=axis), needs=frozenset({"axis"}))
    for dtype in (request.out_dtype, np.dtype(request.out_dtype), np.dtype(request.out_dtype).type):
        name = f"own-dtype-{type(dtype).__name__}"
        yield BatteryCase(name, request, partial(stack_call, request, dtype=dtype))


def _altered(request: Request, alter: Callable[[Array], Array], shape: Sequence[int], **kwargs: Any) -> Call:
    call = stack_call(request, shape, request.rng(3).random(tuple(shape)) < 0.3)
    return Call(tuple(alter(array) for array in call.arrays), {**call.kwargs, **kwargs})


Shapes = tuple[tuple[int, ...], ...]


def stride_cases(request: Request, largest: Shapes = ((5, 131, 517), (5003, 3, 2))) -> Iterator[BatteryCase]:
    """Yield the layouts of memory; `largest` are the shapes of the wide and of the deep stacks at odd addresses."""
    for layout in (*LAYOUTS, *ODD_LAYOUTS):
        relaid = partial(lay_out, layout=layout)
        yield BatteryCase(f"layout-{layout}", request, partial(_altered, request, relaid, (7, 5, 19)))
        yield BatteryCase(f"layout-{layout}-deep", request, partial(_altered, request, relaid, (310, 2, 9)))
        build = partial(_altered, request, relaid, (5, 6, 13), axis=-1)
        yield BatteryCase(f"layout-{layout}-last-axis", request, build, needs=frozenset({"axis"}))
    for layout in ("odd", "packed", "packed-rows"):
        for shape in largest:
            build = partial(_altered, request, partial(lay_out, layout=layout), shape)
            yield BatteryCase(f"layout-{layout}-{'x'.join(map(str, shape))}", request, build)
    alterations: dict[str, Callable[[Array], Array]] = {
        "time-last-view": lambda x: np.moveaxis(x, 0, -1),
        "pixel-major": lambda x: np.moveaxis(x, 0, -1).copy(),
        "pixel-major-odd": lambda x: lay_out(np.moveaxis(x, 0, -1), "odd"),
        "pixel-major-packed": lambda x: lay_out(np.moveaxis(x, 0, -1), "packed"),
        "time-in-the-middle": lambda x: np.moveaxis(x, 0, 1),
    }
    for name, alter in alterations.items():
        for shape in ((8, 5, 19), (301, 2, 9)):
            axis = 1 if name == "time-in-the-middle" else -1
            build = partial(_altered, request, alter, shape, axis=axis)
            yield BatteryCase(f"{name}-{shape[0]}", request, build, needs=frozenset({"axis"}))
    same_axes: dict[str, Callable[[Array], Array]] = {
        "read-only": frozen,
        "subclass": lambda x: x.view(Subclass),
        "every-third-date": lambda x: x[::3],
        "dates-backwards": lambda x: x[::-1],
        "zero-stride-dates": lambda x: np.broadcast_to(x[:1], x.shape),
        "zero-stride-pixels": lambda x: np.broadcast_to(x[:, :1, :1], x.shape),
        "zero-stride-columns": lambda x: np.broadcast_to(x[:, :, :1], x.shape),
    }
    for name, alter in same_axes.items():
        yield BatteryCase(name, request, partial(_altered, request, alter, (9, 4, 21)))
