"""The battery's forms of `out`, of the in-place call and of `mask`, for every family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np

from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, Array, BatteryCase, Call, carve, frozen, lay_out
from inputs.battery.elementwise import plain_call
from inputs.battery.request import Request
from inputs.battery.temporal import stack_call


def form_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield value cases that hand over `out`, write in place, or hand over a mask."""
    yield from _outs(request)
    yield from _in_place(request)
    yield from _masks(request)


def good_call(request: Request, shape: Sequence[int] | None = None, **kwargs: Any) -> Call:
    """Return ordinary arrays of the family's usual shape."""
    return (stack_call if request.over_time else plain_call)(request, usual_shape(request, shape), **kwargs)


def usual_shape(request: Request, shape: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return `shape`, or the shape that a family's arrays have where nothing depends on it."""
    return request.usual if shape is None else tuple(shape)


def out_shape(request: Request, shape: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return the shape of each output for arrays of `shape`, time on the first axis."""
    shape = usual_shape(request, shape)
    return request.output_shapes(shape)[0]


def out_dtypes(request: Request, dtype: str = "") -> tuple[str, ...]:
    """Return the dtype of each output of a call whose output dtype is `dtype`."""
    return tuple(own or dtype or request.out_dtype for own in request.outputs)


def new_out(
    request: Request, shape: Sequence[int] | None = None, dtype: str = "", layouts: Sequence[str] = ("c",)
) -> Any:
    """Return what a caller hands over as `out`: an array, or a tuple of arrays in layouts that take turns."""
    plain = (np.full(out_shape(request, shape), 77, one) for one in out_dtypes(request, dtype))
    laid = (one if layout == "c" else lay_out(one, layout) for one, layout in zip(plain, cycle(layouts)))
    return as_out(tuple(laid))


def as_out(outs: tuple[Array, ...]) -> Any:
    """Return the outputs as `out` takes them: one array alone, several as a tuple."""
    return outs if len(outs) > 1 else outs[0]


def _with_out(request: Request, layouts: Sequence[str], input_layout: str = "c", **kwargs: Any) -> Call:
    call = good_call(request, **kwargs)
    out = new_out(request, None, kwargs.get("dtype", ""), layouts)
    return Call(tuple(lay_out(array, input_layout) for array in call.arrays), {**call.kwargs, "out": out})


def _empty_out(request: Request, shape: Sequence[int]) -> Call:
    return good_call(request, shape).given(out=new_out(request, shape))


def _outs(request: Request) -> Iterator[BatteryCase]:
    for layout in ("c", *LAYOUTS):
        yield BatteryCase(f"out-{layout}", request, partial(_with_out, request, (layout,)))
        build = partial(_with_out, request, (layout,), layout if layout != "c" else "f")
        yield BatteryCase(f"out-{layout}-from-strided", request, build)
    if len(request.outputs) > 1:
        for layouts in (("c", "f", "sliced"), ("negative", "c", "window"), ("f", "rolled", "c")):
            build = partial(_with_out, request, layouts)
            yield BatteryCase(f"out-mixed-{'-'.join(layouts)}", request, build)
    if not request.is_float:
        yield BatteryCase("out-float64", request, partial(_with_out, request, ("c",), dtype="float64"))
        yield BatteryCase("out-float64-sliced", request, partial(_with_out, request, ("sliced",), dtype="float64"))
    for shape in ((0, 4, 3), (4, 0, 3), (1, 1, 1), (3, 2, 4, 5), (7,)):
        name = f"out-of-shape-{'x'.join(map(str, shape))}"
        yield BatteryCase(name, request, partial(_empty_out, request, shape))
    yield BatteryCase("out-adjoining", request, partial(_adjoining, request))
    yield BatteryCase("out-interleaved", request, partial(_interleaved, request))


def _adjoining(request: Request) -> Call:
    """Return outputs that begin where the first array ends, one after the other in one block of memory."""
    good = good_call(request, (8, 4, 2))
    first, shape = good.arrays[0], out_shape(request, (8, 4, 2))
    memory, at, outs = np.zeros(first.nbytes + 64 * 8 * len(request.outputs), np.uint8), first.nbytes, []
    array = carve(memory, 0, first.shape, request.dtype)
    array[...] = first
    for dtype in out_dtypes(request):
        outs.append(carve(memory, at, shape, dtype))
        at += outs[-1].nbytes
    return Call((array, *good.arrays[1:]), {"out": as_out(tuple(outs))})


def _interleaved(request: Request) -> Call:
    """Return outputs woven into the memory of the first array without sharing an element with it: eight bytes each."""
    good = good_call(request, (4, 6, 8))
    first, width = good.arrays[0], 8 * (1 + len(request.outputs))
    memory = np.zeros(first.size * width, np.uint8)
    array = carve(memory, 0, first.shape, request.dtype, width // first.itemsize)
    array[...] = first
    outs = [
        carve(memory, 8 * (1 + k), out_shape(request, first.shape), dtype, width // np.dtype(dtype).itemsize)
        for k, dtype in enumerate(out_dtypes(request))
    ]
    return Call((array, *good.arrays[1:]), {"out": as_out(tuple(outs))})


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
    if not request.is_float or not request.is_elementwise:
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


def _masked(request: Request, make: Callable[[Array], Any], **kwargs: Any) -> Call:
    call = good_call(request, **kwargs)
    return Call(call.arrays, {**call.kwargs, "mask": make(request.rng(8).random(call.arrays[0].shape) < 0.4)})


def _masks(request: Request) -> Iterator[BatteryCase]:
    masks: dict[str, Callable[[Array], Any]] = {
        "same-shape": lambda m: m,
        "all": np.ones_like,
        "none": np.zeros_like,
        "0d-true": lambda _: np.array(True),
        "0d-false": lambda _: np.array(False),
        "python-true": lambda _: True,
        "python-false": lambda _: False,
        "numpy-true": lambda _: np.True_,
        "numpy-false": lambda _: np.False_,
        "of-masked-array": lambda m: np.ma.masked_array(np.zeros(m.shape), m).mask,
        "of-masked-array-without": lambda m: np.ma.masked_array(np.zeros(m.shape)).mask,
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
        **{f"layout-{layout}": partial(lay_out, layout=layout) for layout in (*LAYOUTS, *ODD_LAYOUTS)},
    }
    for name, make in masks.items():
        yield BatteryCase(f"mask-{name}", request, partial(_masked, request, make))
    if not request.is_float:
        build = partial(_masked, request, lambda m: m, nodata=GAPPED)
        yield BatteryCase("mask-and-nodata", request, build)
    yield BatteryCase("mask-and-gaps", request, partial(_mask_and_gaps, request))
    yield BatteryCase("mask-and-out", request, partial(_mask_and_out, request))
    yield BatteryCase("mask-of-empty", request, partial(_mask_of_empty, request))
    if request.over_time:
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
    call = _with_out(request, ("window",))
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
