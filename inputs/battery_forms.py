"""The battery's forms of `out`, of the in-place call and of `mask`, for both families."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from inputs.battery_case import LAYOUTS, Array, BatteryCase, Call, Request, carve, frozen, lay_out
from inputs.battery_elementwise import plain_call
from inputs.battery_temporal import stack_call

SHAPE = {"elementwise": (5, 7), "temporal": (6, 5, 7)}


def form_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield value cases that hand over `out`, write in place, or hand over a mask."""
    yield from _outs(request)
    yield from _in_place(request)
    yield from _masks(request)


def good_call(request: Request, shape: Sequence[int] | None = None, **kwargs: Any) -> Call:
    """Return ordinary arrays of the family's usual shape."""
    shape = SHAPE[request.family] if shape is None else shape
    return (plain_call if request.family == "elementwise" else stack_call)(request, shape, **kwargs)


def out_shape(request: Request, shape: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return the output's shape for arrays of `shape`, time on the first axis."""
    shape = tuple(SHAPE[request.family] if shape is None else shape)
    return shape if request.family == "elementwise" else shape[1:]


def _with_out(request: Request, layout: str, input_layout: str = "c", **kwargs: Any) -> Call:
    call = good_call(request, **kwargs)
    dtype = kwargs.get("dtype", request.out_dtype)
    out = lay_out(np.full(out_shape(request), 77, dtype), layout)
    arrays = tuple(lay_out(array, input_layout) for array in call.arrays)
    return Call(arrays, {**call.kwargs, "out": out})


def _empty_out(request: Request, shape: Sequence[int]) -> Call:
    return Call(good_call(request, shape).arrays, {"out": np.full(out_shape(request, shape), 5, request.out_dtype)})


def _outs(request: Request) -> Iterator[BatteryCase]:
    for layout in ("c", *LAYOUTS):
        yield BatteryCase(f"out-{layout}", request, partial(_with_out, request, layout))
        build = partial(_with_out, request, layout, layout if layout != "c" else "f")
        yield BatteryCase(f"out-{layout}-from-strided", request, build)
    if not request.is_float:
        yield BatteryCase("out-float64", request, partial(_with_out, request, "c", dtype="float64"))
        yield BatteryCase("out-float64-sliced", request, partial(_with_out, request, "sliced", dtype="float64"))
    for shape in ((0, 4, 3), (4, 0, 3), (1, 1, 1), (3, 2, 4, 5), (7,)):
        name = f"out-of-shape-{'x'.join(map(str, shape))}"
        yield BatteryCase(name, request, partial(_empty_out, request, shape))
    yield BatteryCase("out-adjoining", request, partial(_adjoining, request))
    yield BatteryCase("out-interleaved", request, partial(_interleaved, request))


def _adjoining(request: Request) -> Call:
    """Return an `out` that begins where the first array ends, in one block of memory."""
    good = good_call(request, (8, 4, 2))
    first, dtype = good.arrays[0], request.out_dtype
    memory = np.zeros(first.nbytes + 64 * 8, np.uint8)
    array = carve(memory, 0, first.shape, request.dtype)
    array[...] = first
    out = carve(memory, first.nbytes, out_shape(request, first.shape), dtype)
    return Call((array, *good.arrays[1:]), {"out": out})


def _interleaved(request: Request) -> Call:
    """Return an `out` woven into the memory of the first array without sharing an element with it."""
    good = good_call(request, (4, 6, 8))
    first, size = good.arrays[0], np.dtype(request.out_dtype).itemsize
    memory = np.zeros(first.size * 2 * size, np.uint8)
    array = carve(memory, 0, first.shape, request.dtype, 2 * size // first.itemsize)
    array[...] = first
    out = carve(memory, size, out_shape(request, first.shape), request.out_dtype, 2)
    return Call((array, *good.arrays[1:]), {"out": out})


def _over(request: Request, which: int, layout: str, shape: Sequence[int] | None = None) -> Call:
    arrays = [lay_out(array, layout) for array in good_call(request, shape).arrays]
    return Call(tuple(arrays), {"out": arrays[which]})


def _over_view(request: Request) -> Call:
    arrays = good_call(request).arrays
    return Call(arrays, {"out": arrays[0][...]})


def _over_all(request: Request) -> Call:
    array = good_call(request).arrays[0]
    return Call((array,) * request.arrays, {"out": array})


def _over_with_rows(request: Request, which: int) -> Call:
    arrays = list(good_call(request).arrays)
    arrays = [array if k == which else np.ascontiguousarray(array[0]) for k, array in enumerate(arrays)]
    return Call(tuple(arrays), {"out": arrays[which]})


def _over_with_mask(request: Request) -> Call:
    arrays = good_call(request).arrays
    return Call(arrays, {"out": arrays[0], "mask": request.rng(4).random(arrays[0].shape) < 0.4})


def _in_place(request: Request) -> Iterator[BatteryCase]:
    if not request.is_float or request.family != "elementwise":
        return
    needs = frozenset({"in_place"})
    for which in range(request.arrays):
        for layout in ("c", *LAYOUTS):
            build = partial(_over, request, which, layout)
            yield BatteryCase(f"in-place-{which}-{layout}", request, build, needs=needs)
        yield BatteryCase(f"in-place-{which}-long", request, partial(_over, request, which, "c", (1037,)), needs=needs)
        if request.arrays > 1:
            build = partial(_over_with_rows, request, which)
            yield BatteryCase(f"in-place-{which}-broadcast", request, build, needs=needs | {"broadcasts"})
    yield BatteryCase("in-place-other-view", request, partial(_over_view, request), needs=needs)
    yield BatteryCase("in-place-all-one", request, partial(_over_all, request), needs=needs)
    yield BatteryCase("in-place-mask", request, partial(_over_with_mask, request), needs=needs)


def _masked(request: Request, make: Callable[[Array], Array], **kwargs: Any) -> Call:
    call = good_call(request, **kwargs)
    return Call(call.arrays, {**call.kwargs, "mask": make(request.rng(8).random(call.arrays[0].shape) < 0.4)})


def _masks(request: Request) -> Iterator[BatteryCase]:
    masks: dict[str, Callable[[Array], Array]] = {
        "same-shape": lambda m: m,
        "all": np.ones_like,
        "none": np.zeros_like,
        "0d-true": lambda _: np.array(True),
        "0d-false": lambda _: np.array(False),
        "one-element": lambda _: np.ones(1, bool),
        "first-axis": lambda m: (
            m.any(axis=tuple(range(1, m.ndim)), keepdims=True)
            & (np.arange(len(m)) % 2 == 0).reshape(-1, *[1] * (m.ndim - 1))
        ),
        "last-axis": lambda m: np.arange(m.shape[-1]) % 3 == 0,
        "last-two-axes": lambda m: m.reshape(-1, *m.shape[-2:])[0].copy(),
        "column": lambda m: m.reshape(-1, *m.shape[-2:])[0][:, :1].copy(),
        "broadcast-view": lambda m: np.broadcast_to(m[..., :1], m.shape),
        "read-only": frozen,
        **{f"layout-{layout}": partial(lay_out, layout=layout) for layout in LAYOUTS},
    }
    for name, make in masks.items():
        yield BatteryCase(f"mask-{name}", request, partial(_masked, request, make))
    if not request.is_float:
        build = partial(_masked, request, lambda m: m, nodata=GAPPED)
        yield BatteryCase("mask-and-nodata", request, build)
    yield BatteryCase("mask-and-gaps", request, partial(_mask_and_gaps, request))
    yield BatteryCase("mask-and-out", request, partial(_mask_and_out, request))
    yield BatteryCase("mask-of-empty", request, partial(_mask_of_empty, request))
    if request.family == "temporal":
        yield BatteryCase("mask-last-axis-time", request, partial(_mask_time_last, request), needs=frozenset({"axis"}))
        yield BatteryCase("mask-deep", request, partial(_mask_deep, request))
    elif request.arrays > 1:
        build = partial(_mask_of_broadcast, request)
        yield BatteryCase("mask-of-broadcast", request, build, needs=frozenset({"broadcasts"}))


GAPPED = 5


def _mask_and_gaps(request: Request) -> Call:
    call = good_call(request)
    gaps = request.rng(11).random(call.arrays[0].shape) < 0.3
    for array in call.arrays:
        array[gaps] = np.nan if request.is_float else GAPPED
    extra = {} if request.is_float else {"nodata": GAPPED}
    return Call(call.arrays, {**call.kwargs, **extra, "mask": request.rng(12).random(gaps.shape) < 0.3})


def _mask_and_out(request: Request) -> Call:
    call = _with_out(request, "window")
    return Call(call.arrays, {**call.kwargs, "mask": request.rng(13).random(call.arrays[0].shape) < 0.5})


def _mask_of_empty(request: Request) -> Call:
    call = good_call(request, (0, 3, 4))
    return Call(call.arrays, {"mask": np.ones((3, 4), bool)})


def _mask_of_broadcast(request: Request) -> Call:
    rest = [request.sample((7,), salt) for salt in range(1, request.arrays)]
    mask = request.rng(14).random((5, 7)) < 0.5
    return Call((request.sample((5, 1)), *rest), {"mask": mask})


def _mask_time_last(request: Request) -> Call:
    call = good_call(request)
    arrays = tuple(np.moveaxis(array, 0, -1) for array in call.arrays)
    return Call(arrays, {**call.kwargs, "axis": -1, "mask": np.arange(arrays[0].shape[-1]) % 2 == 0})


def _mask_deep(request: Request) -> Call:
    call = good_call(request, (310, 2, 9))
    return Call(call.arrays, {"mask": request.rng(15).random((310, 2, 9)) < 0.5})
