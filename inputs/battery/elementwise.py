"""The battery's values, shapes and strides for elementwise kernels: every array is one band."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, Array, BatteryCase, Call, frozen, lay_out, specials
from inputs.battery.request import Request

SHAPE = (5, 7)
Change = Callable[[list[Array]], None]


def elementwise_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the value cases of one dtype, the forms of `out` and of the mask and the constants excepted."""
    yield from _values(request)
    yield from _integers(request)
    yield from _shapes(request)
    yield from _strides(request)
    yield from _broadcasts(request)


def plain_call(request: Request, shape: Sequence[int] = SHAPE, change: Change | None = None, **kwargs: Any) -> Call:
    """Return ordinary arrays of `shape`, after `change` has edited them in place."""
    arrays = [request.sample(shape, salt) for salt in range(request.arrays)]
    if change is not None:
        change(arrays)
    return Call(tuple(arrays), kwargs)


def _put(value: Any, where: Any = ..., which: Any = slice(None)) -> Change:
    """Return a change that writes `value` to the flat positions `where` of the arrays `which`."""

    def change(arrays: list[Array]) -> None:
        for array in arrays[which]:
            array.reshape(-1)[where] = value

    return change


def _also(*changes: Change) -> Change:
    def change(arrays: list[Array]) -> None:
        for one in changes:
            one(arrays)

    return change


def _keep_one(arrays: list[Array]) -> None:
    for array in arrays:
        kept = array.reshape(-1)[11]
        array[...] = np.nan
        array.reshape(-1)[11] = kept


def _tie(arrays: list[Array]) -> None:
    for array in arrays[1:]:
        array[...] = arrays[0]


def _oppose(arrays: list[Array]) -> None:
    for array in arrays[1:]:
        array[...] = -arrays[0]


def _nearly_oppose(arrays: list[Array]) -> None:
    for array in arrays[1:]:
        array[...] = np.nextafter(-arrays[0], np.inf, dtype=array.dtype)


def _rise(arrays: list[Array]) -> None:
    for number, array in enumerate(arrays):
        array[...] = 3 + 40 * number


def _float_changes(request: Request) -> dict[str, Change | None]:
    tiny = np.finfo(request.dtype).smallest_subnormal
    first, rest, every, third = slice(1), slice(1, None), slice(None), slice(None, None, 3)
    return {
        "nan-all": _put(np.nan),
        "nan-one-valid": _keep_one,
        "nan-first": _put(np.nan, 0),
        "nan-last": _put(np.nan, -1),
        "nan-alternating": _put(np.nan, slice(None, None, 2)),
        "nan-first-array": _put(np.nan, third, first),
        "nan-last-array": _put(np.nan, third, slice(-1, None)),
        "nan-row": _put(np.nan, slice(7, 14)),
        "nan-column": _put(np.nan, slice(2, None, 7)),
        "inf-some": _put(np.inf, third, first),
        "inf-negative": _put(-np.inf, third, first),
        "inf-everywhere": _put(np.inf),
        "inf-opposed": _also(_put(np.inf, every, first), _put(-np.inf, every, rest)),
        "inf-and-nan": _also(_put(np.inf, third), _put(np.nan, slice(1, None, 3), first)),
        "zeros-negative": _put(-0.0),
        "zeros-of-both-signs": _also(_put(0.0, every, first), _put(-0.0, every, rest)),
        "denormals": _also(_put(3 * tiny, every, first), _put(tiny, every, rest)),
        "nearly-opposed": _nearly_oppose,
    }


def _values(request: Request) -> Iterator[BatteryCase]:
    low, high = request.limits
    first, rest, every = slice(1), slice(1, None), slice(None)
    changes: dict[str, Change | None] = {
        "plain": None,
        "ties": _tie,
        "zeros": _put(0),
        "first-below-second": _rise,
        "first-above-second": lambda arrays: _rise(arrays[::-1]),
        "largest": _put(high),
        "smallest": _put(low),
        "largest-and-smallest": _also(_put(high, every, first), _put(low, every, rest)),
        "smallest-and-largest": _also(_put(low, every, first), _put(high, every, rest)),
    }
    if low < 0:
        changes["opposed"] = _oppose
    if request.is_float:
        changes |= _float_changes(request)
    for name, change in changes.items():
        yield BatteryCase(name, request, partial(plain_call, request, SHAPE, change))
    yield BatteryCase("specials", request, partial(special_call, request))
    yield BatteryCase("own-dtype", request, partial(plain_call, request, dtype=request.out_dtype))
    yield BatteryCase("dtype-object", request, partial(plain_call, request, dtype=np.dtype(request.out_dtype)))
    yield BatteryCase("dtype-class", request, partial(plain_call, request, dtype=np.dtype(request.out_dtype).type))


def special_call(request: Request, **kwargs: Any) -> Call:
    """Return every pair (or triple) of special values, NaN among them for floats."""
    values = specials(request) + ([np.nan] if request.is_float else [])
    axes = [np.array(values, request.dtype)] * min(request.arrays, 3)
    grid = [np.ascontiguousarray(axis) for axis in np.meshgrid(*axes, indexing="ij")]
    grid += [request.sample(grid[0].shape, salt) for salt in range(3, request.arrays)]
    return Call(tuple(grid), kwargs)


def _integers(request: Request) -> Iterator[BatteryCase]:
    if request.is_float:
        return
    for value in (None, *specials(request)):
        yield BatteryCase(f"nodata-{value}", request, partial(special_call, request, nodata=value))
    for name, which in (("first", slice(1)), ("last", slice(-1, None)), ("every", slice(None))):
        change = _put(3, slice(None, None, 2), which)
        yield BatteryCase(f"nodata-in-{name}", request, partial(plain_call, request, SHAPE, change, nodata=3))
    yield BatteryCase("nodata-all", request, partial(plain_call, request, SHAPE, _put(9), nodata=9))
    yield BatteryCase("float64-output", request, partial(special_call, request, dtype="float64"))
    yield BatteryCase("float64-output-nodata", request, partial(special_call, request, dtype="float64", nodata=1))


def _shapes(request: Request) -> Iterator[BatteryCase]:
    shapes: list[tuple[int, ...]] = [
        (0,), (0, 5), (5, 0), (3, 0, 2), (1, 1), (1, 9), (9, 1), (1, 1, 1), (2, 3, 4), (2, 1, 3, 2), (2, 1, 2, 1, 3),
    ]  # fmt: skip
    for shape in [*shapes, *((width,) for width in range(1, 71)), (3, 33), (257, 301)]:
        change = _put(np.nan, slice(1, None, 5)) if request.is_float else None
        name = "shape-" + "x".join(map(str, shape))
        yield BatteryCase(name, request, partial(plain_call, request, shape, change))


def _laid_call(request: Request, layouts: Sequence[str], shape: Sequence[int]) -> Call:
    plain = plain_call(request, shape, _put(np.nan, slice(2, None, 9)) if request.is_float else None)
    pairs = zip(plain.arrays, layouts, strict=False)
    return Call(tuple(lay_out(array, layout) for array, layout in pairs))


def _altered(request: Request, alter: Callable[[Array], Any], which: slice) -> Call:
    arrays = list(plain_call(request).arrays)
    arrays[which] = [alter(array) for array in arrays[which]]
    return Call(tuple(arrays))


class Subclass(np.ndarray[Any, Any]):
    """A plain subclass, as memory maps are."""


def _strides(request: Request) -> Iterator[BatteryCase]:
    for layout in (*LAYOUTS, *ODD_LAYOUTS):
        mixed = [layout, *["c"] * 3]
        yield BatteryCase(f"layout-{layout}", request, partial(_laid_call, request, [layout] * 4, (5, 19)))
        yield BatteryCase(f"layout-{layout}-3d", request, partial(_laid_call, request, [layout] * 4, (3, 4, 9)))
        if request.arrays > 1:
            yield BatteryCase(f"layout-{layout}-of-first", request, partial(_laid_call, request, mixed, (5, 19)))
            build = partial(_laid_call, request, ["c", *[layout] * 3], (5, 19))
            yield BatteryCase(f"layout-{layout}-of-rest", request, build)
    for layout in ("odd", "packed", "packed-rows"):
        yield BatteryCase(f"layout-{layout}-large", request, partial(_laid_call, request, [layout] * 4, (257, 301)))
    yield BatteryCase("layout-odd-and-packed", request, partial(_laid_call, request, ["odd", "packed"] * 2, (6, 8)))
    yield BatteryCase("layout-f-and-negative", request, partial(_laid_call, request, ["f", "negative"] * 2, (6, 8)))
    alterations: dict[str, Callable[[Array], Any]] = {
        "read-only": frozen,
        "zero-strides": lambda array: np.broadcast_to(array[0, 0], SHAPE),
        "zero-stride-rows": lambda array: np.broadcast_to(array[0], SHAPE),
        "zero-stride-columns": lambda array: np.broadcast_to(array[:, :1], SHAPE),
        "subclass": lambda array: array.view(Subclass),
    }
    for name, alter in alterations.items():
        yield BatteryCase(name, request, partial(_altered, request, alter, slice(None)))
        yield BatteryCase(f"{name}-first", request, partial(_altered, request, alter, slice(1)))
    if request.arrays > 1:
        yield BatteryCase("one-array-for-all", request, partial(_same, request))


def _same(request: Request) -> Call:
    return Call((request.sample(SHAPE),) * request.arrays)


def _broadcasts(request: Request) -> Iterator[BatteryCase]:
    if request.arrays < 2:
        return
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((5, 7), (7,)), ((5, 7), (5, 1)), ((1, 7), (5, 1)), ((1,), (5, 7)), ((3, 5, 7), (5, 7)),
        ((3, 1, 7), (5, 1)), ((0, 5), (1, 5)), ((2, 0, 3), (3,)), ((1, 1), (4,)), ((2, 3, 4, 5), (4, 1)),
    ]  # fmt: skip
    for one, other in pairs:
        for first, second in ((one, other), (other, one)):
            name = f"broadcast-{'x'.join(map(str, first))}-{'x'.join(map(str, second))}"
            shapes = [first, second, *[second] * request.arrays][: request.arrays]
            build = partial(_mixed_shapes, request, shapes)
            yield BatteryCase(name, request, build, needs=frozenset({"broadcasts"}))


def _mixed_shapes(request: Request, shapes: Sequence[tuple[int, ...]]) -> Call:
    return Call(tuple(request.sample(shape, salt) for salt, shape in enumerate(shapes)))
