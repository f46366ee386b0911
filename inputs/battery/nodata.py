"""The battery's forms of `nodata`: numbers of every kind on integers and on floats, beside NaN, mask and `out`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import BatteryCase, Call
from inputs.battery.forms import good_call, new_out
from inputs.battery.request import Request

ON_INTEGERS: Mapping[str, Callable[[Any], Any]] = {
    "float": float,
    "float64": np.float64,
    "float32": np.float32,
    "int64": np.int64,
    "0d": np.array,
    "0d-float": lambda value: np.array(float(value)),
    "one-element": lambda value: np.array([value]),
    "one-element-float32": lambda value: np.array([[value]], np.float32),
}
NEGATIVE_ZERO = -0.0


def nodata_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the value cases of `nodata` that are alike in all families."""
    cases = _on_floats(request) if request.is_float else _on_integers(request)
    for name, fill, nodata in cases:
        build = partial(_filled, request, (41, 3, 6) if request.over_time else (3, 41), fill, nodata=nodata)
        yield BatteryCase(f"nodata-as-{name}", request, build)
    fill, nodata = (-9999.0, -9999) if request.is_float else (7, 7.0)
    yield BatteryCase("nodata-and-out", request, partial(_into_out, request, fill, nodata))
    yield BatteryCase("nodata-and-some-mask", request, partial(_masked, request, fill, nodata))
    yield BatteryCase("nodata-wherever", request, partial(_everywhere, request, fill, nodata))
    if request.is_float and request.is_elementwise:
        build = partial(_in_place, request, fill, nodata)
        yield BatteryCase("nodata-in-place", request, build, needs=frozenset({"in_place"}))


def _on_integers(request: Request) -> Iterator[tuple[str, Any, Any]]:
    low, high = (int(limit) for limit in request.limits)
    for name, make in ON_INTEGERS.items():
        for value in sorted({0, 7, low, high}):
            yield f"{name}-{value}", value, make(value)
    yield "negative-zero", 0, NEGATIVE_ZERO


def _on_floats(request: Request) -> Iterator[tuple[str, Any, Any]]:
    kind = np.dtype(request.dtype).type
    forms: dict[str, Callable[[Any], Any]] = {"int": int, **ON_INTEGERS}
    for form, make in forms.items():
        yield f"{form}--9999", -9999.0, make(-9999)
    for value in (np.inf, -np.inf, np.nan, 0.0, NEGATIVE_ZERO, *request.limits, 0.1, 1e-3):
        yield f"float-{value}", value, float(value)
    yield "nan-of-float32", np.nan, np.float32("nan")
    yield "zero-of-the-other-sign", 0.0, NEGATIVE_ZERO
    yield "what-is-nowhere", 0.5, 12_345.0
    yield "what-is-beyond-float64-decimals", kind(0.1), 0.1 + 1e-17
    yield "float32-of-a-decimal", kind(np.float32(0.1)), np.float32(0.1)
    yield "a-large-int", kind(2**80), 2**80
    if request.dtype == "float32":
        yield "what-rounds-to-a-value", np.float32(0.1), 0.1 + 1e-12
        yield "what-rounds-to-zero", 0.0, 1e-60
        yield "what-rounds-to-the-largest", request.limits[1], 3.4028235e38


def _filled(request: Request, shape: tuple[int, ...], fill: Any, **kwargs: Any) -> Call:
    """Return arrays of which every third value or so is `fill`; floats have NaN beside it."""
    call = good_call(request, shape)
    for number, array in enumerate(call.arrays):
        chosen = request.rng(61 + number).random(shape)
        array[chosen < 0.3] = fill
        if request.is_float:
            array[chosen > 0.9] = np.nan
    return call.given(**kwargs)


def _into_out(request: Request, fill: Any, nodata: Any) -> Call:
    shape = request.usual
    return _filled(request, shape, fill, nodata=nodata, out=new_out(request, shape))


def _masked(request: Request, fill: Any, nodata: Any) -> Call:
    call = _filled(request, (6, 5, 7), fill, nodata=nodata)
    return call.given(mask=request.rng(64).random((6, 5, 7)) < 0.3)


def _everywhere(request: Request, fill: Any, nodata: Any) -> Call:
    call = good_call(request)
    for array in call.arrays:
        array[...] = fill
    return call.given(nodata=nodata)


def _in_place(request: Request, fill: Any, nodata: Any) -> Call:
    call = _filled(request, (5, 7), fill, nodata=nodata)
    return call.given(out=call.arrays[-1])
