"""The battery's arrays of no dimension, which elementwise kernels take as NumPy's ufuncs do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import Array, BatteryCase, Call, lay_out
from inputs.battery.forms import good_call, new_out
from inputs.battery.qa_bands import NEEDS
from inputs.battery.request import Request


def scalar_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield calls on arrays of no dimension: alone they give a NumPy scalar, or what they were given as `out`."""
    yield from _alone(request)
    yield from _written(request)
    if request.arrays > 1:
        yield from _beside_arrays(request)
    wrong: dict[str, Mapping[str, Any]] = {
        "mask": {"mask": np.zeros(1, bool)},
        "out": {"out": np.zeros(1, request.out_dtype)},
    }
    for name, given in wrong.items():
        build = partial(_call, request, **given)
        yield BatteryCase(f"error-0d-with-{name}-of-one", request, build, ValueError, (name,))
    build = partial(_into_0d, request)
    yield BatteryCase("error-0d-out-of-arrays", request, build, ValueError, ("out",))


def _call(request: Request, **given: Any) -> Call:
    arrays = good_call(request, (1,)).arrays
    return Call(tuple(array.reshape(()) for array in arrays), given)


def _alone(request: Request) -> Iterator[BatteryCase]:
    forms: dict[str, Mapping[str, Any]] = {
        "plain": {},
        "mask-true": {"mask": True},
        "mask-false": {"mask": np.False_},
        "mask-0d": {"mask": np.array(True)},
        "own-dtype": {"dtype": request.out_dtype},
    }
    if not request.is_float:
        forms["float64"] = {"dtype": "float64"}
    for name, given in forms.items():
        yield BatteryCase(f"0d-{name}", request, partial(_call, request, **given))
    for name, value in {"nodata": 7, "nodata-elsewhere": 8}.items():
        yield BatteryCase(f"0d-{name}", request, partial(_of_value, request, 7, nodata=value))
    yield BatteryCase("0d-zero", request, partial(_of_value, request, 0))
    if request.is_float:
        yield BatteryCase("0d-nan", request, partial(_of_value, request, np.nan))
    for layout in ("odd", "packed"):
        yield BatteryCase(f"0d-{layout}", request, partial(_laid, request, layout))
    if request.options >= NEEDS:
        for kept in ((4,), (5,)):
            given = {"qa": np.array(4, np.uint8), "keep": kept}
            yield BatteryCase(f"0d-keep-{kept[0]}-of-4", request, partial(_call, request, **given))


def _of_value(request: Request, value: Any, **given: Any) -> Call:
    return Call(tuple(np.array(value, request.dtype) for _ in range(request.arrays)), given)


def _laid(request: Request, layout: str) -> Call:
    call = _call(request)
    return Call(tuple(lay_out(array, layout) for array in call.arrays), call.kwargs)


def _written(request: Request) -> Iterator[BatteryCase]:
    yield BatteryCase("0d-out", request, partial(_into_out, request, request.out_dtype))
    if not request.is_float:
        yield BatteryCase("0d-out-float64", request, partial(_into_out, request, "float64"))
        return
    for which in range(request.arrays):
        build = partial(_over, request, which)
        yield BatteryCase(f"0d-in-place-{which}", request, build, needs=frozenset({"in_place"}))


def _into_out(request: Request, dtype: str) -> Call:
    return _call(request, out=np.array(77, dtype), dtype=dtype)


def _over(request: Request, which: int) -> Call:
    call = _call(request)
    return call.given(out=call.arrays[which])


def _into_0d(request: Request) -> Call:
    return good_call(request).given(out=np.array(77, request.out_dtype))


def _beside_arrays(request: Request) -> Iterator[BatteryCase]:
    for which in range(request.arrays):
        for name, shape in (("2d", (5, 7)), ("empty", (0, 3)), ("one-element", (1,))):
            build = partial(_mixed, request, which, shape)
            yield BatteryCase(f"0d-{which}-beside-{name}", request, build, needs=frozenset({"broadcasts"}))
    build = partial(_mixed_into_out, request)
    yield BatteryCase("0d-beside-arrays-into-out", request, build, needs=frozenset({"broadcasts"}))


def _mixed(request: Request, which: int, shape: tuple[int, ...]) -> Call:
    arrays: list[Array] = list(good_call(request, shape).arrays)
    arrays[which] = request.sample((1,), 3).reshape(())
    return Call(tuple(arrays))


def _mixed_into_out(request: Request) -> Call:
    return _mixed(request, 0, (5, 7)).given(out=new_out(request, (5, 7)))
