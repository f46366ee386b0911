"""The battery's refusals of `out`: wrong arrays, wrong tuples of arrays, and memory that is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from inputs.battery.case import ODD_LAYOUTS, Array, BatteryCase, Call, carve, frozen, lay_out
from inputs.battery.forms import as_out, good_call, new_out, out_dtypes, out_shape
from inputs.battery.request import Request


def output_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the calls of one dtype whose `out` must be refused; all outputs must be as before."""
    for member in range(len(request.outputs)):
        yield from _wrong_members(request, member)
        yield from _overlaps(request, member)
    if len(request.outputs) > 1:
        yield from _wrong_tuples(request)
        yield from _overlaps_of_outputs(request)
    yield from _woven(request)
    if request.is_elementwise and request.is_float:
        yield from _turned(request)


def _woven(request: Request) -> Iterator[BatteryCase]:
    """Yield outputs whose axes do not nest: looked at element by element, and refused where that is too much."""
    if out_shape(request, request.with_dates((5, 7))) != (5, 7):
        return  # results of another shape than the pixels'
    for turn in (1, -1):
        name = f"out-woven-apart{'-backwards' * (turn < 0)}"
        yield BatteryCase(name, request, partial(_weave, request, (5, 7), (7 * turn, 5)))
    build = partial(_weave, request, (1031, 1033), (1033, 1031))
    yield BatteryCase("error-out-woven-and-too-large", request, build, ValueError, ("out",))


def _weave(request: Request, shape: tuple[int, int], steps: tuple[int, int]) -> Call:
    """Return a call with outputs of that shape, whose axes step over so many elements."""
    span = sum(abs(step) * (n - 1) for step, n in zip(steps, shape, strict=True))
    start = sum(-step * (n - 1) for step, n in zip(steps, shape, strict=True) if step < 0)
    outs = []
    for dtype in out_dtypes(request):
        memory, size = np.zeros(span + 1, dtype), np.dtype(dtype).itemsize
        outs.append(np.ndarray(shape, dtype, memory, start * size, tuple(step * size for step in steps)))
    return good_call(request, request.with_dates(shape)).given(out=as_out(tuple(outs)))


def _label(request: Request, member: int) -> str:
    return f"-of-out-{member}" if len(request.outputs) > 1 else ""


def _with_member(request: Request, member: int, make: Callable[[], Any]) -> Call:
    outs = [new_out(request)] if len(request.outputs) == 1 else list(new_out(request))
    outs[member] = make()
    return good_call(request).given(out=as_out(tuple(outs)))


def _wrong_arrays(request: Request, dtype: str) -> dict[type[Exception], dict[str, Callable[[], Any]]]:
    shape, row = out_shape(request), np.dtype(dtype).itemsize
    others = [other for other in ("float32", "float64", "int32", "int64") if other != dtype]
    woven: dict[str, Callable[[], Any]] = {
        "transposed": lambda: np.zeros(shape[::-1], dtype),
        "rows-one": lambda: as_strided(np.zeros(64, dtype), shape, (0,) * (len(shape) - 1) + (row,)),
        "rows-overlap": lambda: as_strided(np.zeros(64, dtype), shape, (row,) * len(shape)),
        "misaligned-packed-rows": partial(lay_out, np.zeros(shape, dtype), "packed-rows"),
    }
    if len(shape) == 2:
        woven["woven-together"] = lambda: as_strided(np.zeros(64, dtype), shape, (5 * row, 3 * row))
        woven["woven-together-backwards"] = lambda: as_strided(np.zeros(64, dtype)[40:], shape, (-5 * row, 3 * row))
    odd = [name for name in ODD_LAYOUTS if name != "packed-rows"]
    return {
        TypeError: {
            **{name: partial(np.zeros, shape, name) for name in others},
            "byte-swapped": lambda: np.zeros(shape, np.dtype(dtype).newbyteorder()),
            "list": lambda: np.zeros(shape).tolist(),
            "masked-array": lambda: np.ma.masked_array(np.zeros(shape, dtype)),
        },
        ValueError: {
            "short": lambda: np.zeros((*shape[:-1], shape[-1] - 1), dtype),
            "long": lambda: np.zeros((*shape[:-1], shape[-1] + 1), dtype),
            "more-axes": lambda: np.zeros((1, *shape), dtype),
            "fewer-axes": lambda: np.zeros(shape[1:], dtype),
            "read-only": lambda: frozen(np.zeros(shape, dtype)),
            **{f"misaligned-{one}": partial(lay_out, np.zeros(shape, dtype), one) for one in odd},
            "all-one-element": lambda: as_strided(np.zeros(1, dtype), shape, (0,) * len(shape)),
            **(woven if len(shape) > 1 else {}),
        },
    }


def _wrong_members(request: Request, member: int) -> Iterator[BatteryCase]:
    for raises, outs in _wrong_arrays(request, out_dtypes(request)[member]).items():
        for name, make in outs.items():
            build = partial(_with_member, request, member, make)
            yield BatteryCase(f"error-out-{name}{_label(request, member)}", request, build, raises, ("out",))


def _wrong_tuples(request: Request) -> Iterator[BatteryCase]:
    wrong: dict[type[Exception], dict[str, Callable[[tuple[Array, ...]], Any]]] = {
        TypeError: {
            "a-list": list,
            "one-array": lambda outs: outs[0],
            "none-among-them": lambda outs: (*outs[:-1], None),
            "nested": lambda outs: (*outs[:-1], outs[-1:]),
        },
        ValueError: {
            "empty": lambda _: (),
            "one-too-few": lambda outs: outs[:-1],
            "one-too-many": lambda outs: (*outs, np.zeros_like(outs[-1])),
        },
    }
    for raises, alterations in wrong.items():
        for name, alter in alterations.items():
            build = partial(_with_tuple, request, alter)
            yield BatteryCase(f"error-out-tuple-{name}", request, build, raises, ("out",))


def _with_tuple(request: Request, alter: Callable[[tuple[Array, ...]], Any]) -> Call:
    return good_call(request).given(out=alter(new_out(request)))


def _shared(request: Request, which: int, member: int, *at: int) -> Call:
    """Return a call whose array number `which`, one output and, if it is given a place, the mask share a block.

    `at` is where each of them begins, in bytes.
    """
    call = good_call(request)
    arrays, shape = list(call.arrays), call.arrays[which].shape
    memory = np.zeros(4096 * 4, np.uint8)
    array = carve(memory, at[0], shape, request.dtype)
    array[...] = arrays[which]
    arrays[which] = array
    out = carve(memory, at[1], out_shape(request), out_dtypes(request)[member])
    kwargs = dict(_with_member(request, member, lambda: out).kwargs)
    if len(at) > 2:
        kwargs["mask"] = carve(memory, at[2], shape, "bool")
    return Call(tuple(arrays), kwargs)


def _overlap(request: Request, name: str, build: Callable[[], Call], *needs: str) -> BatteryCase:
    return BatteryCase(f"overlap-{name}", request, build, ValueError, ("out",), needs=frozenset(needs))


def _overlaps(request: Request, member: int) -> Iterator[BatteryCase]:
    case, label = partial(_overlap, request), _label(request, member)
    out_size = np.dtype(out_dtypes(request)[member]).itemsize
    step = max(out_size, np.dtype(request.dtype).itemsize)
    array_bytes = good_call(request).arrays[0].nbytes
    out_bytes = int(np.prod(out_shape(request))) * out_size
    end, last = (array_bytes - 1) // step * step, (out_bytes - 1) // step * step
    for which in range(request.arrays):
        put = partial(_shared, request, which, member)
        yield case(f"{which}-one-element-late{label}", partial(put, 0, step))
        yield case(f"{which}-one-element-early{label}", partial(put, step, 0))
        yield case(f"{which}-in-its-last-element{label}", partial(put, 0, end))
        yield case(f"{which}-with-outs-last-element{label}", partial(put, last, 0))
        if not request.is_float or not request.is_elementwise or "in_place" not in request.options:
            yield case(f"{which}-same-start{label}", partial(put, 0, 0))
    far = -(-max(array_bytes, out_bytes) // step) * step
    yield case(f"mask{label}", partial(_shared, request, 0, member, 0, far, far))
    at_last_byte = partial(_shared, request, 0, member, 0, far, far + out_bytes - 1)
    yield case(f"mask-in-outs-last-byte{label}", at_last_byte)


def _overlaps_of_outputs(request: Request) -> Iterator[BatteryCase]:
    dtypes, shape = out_dtypes(request), out_shape(request)
    for one, other in combinations(range(len(dtypes)), 2):
        size = max(np.dtype(dtypes[k]).itemsize for k in (one, other))
        nbytes = int(np.prod(shape)) * np.dtype(dtypes[one]).itemsize
        for name, at in (("same-start", 0), ("one-element-late", size), ("last", (nbytes - 1) // size * size)):
            build = partial(_two_in_one, request, one, other, at)
            yield _overlap(request, f"out-{one}-and-out-{other}-{name}", build)
    twice = next(k for k in range(1, len(dtypes)) if dtypes[k] == dtypes[k - 1])
    build = partial(_with_tuple, request, lambda outs: (*outs[:twice], outs[twice - 1], *outs[twice + 1 :]))
    yield _overlap(request, "out-twice-the-same", build)


def _two_in_one(request: Request, one: int, other: int, at: int) -> Call:
    memory, dtypes = np.zeros(4096, np.uint8), out_dtypes(request)
    outs = list(new_out(request))
    outs[one] = carve(memory, 0, out_shape(request), dtypes[one])
    outs[other] = carve(memory, at, out_shape(request), dtypes[other])
    return good_call(request).given(out=tuple(outs))


def _over_turned(request: Request, which: int, turn: Callable[[Array], Array]) -> Call:
    call = good_call(request, (6, 6))
    return call.given(out=turn(call.arrays[which]))


def _in_place_but_other_shifted(request: Request) -> Call:
    arrays = list(good_call(request).arrays)
    shape, size = arrays[0].shape, np.dtype(request.dtype).itemsize
    memory = np.zeros(arrays[0].nbytes + size, np.uint8)
    for which in (0, 1):
        arrays[which] = carve(memory, which * size, shape, request.dtype)
    arrays[0][...] = 1
    return Call(tuple(arrays), {"out": arrays[0]})


def _turned(request: Request) -> Iterator[BatteryCase]:
    turns: dict[str, Callable[[Array], Array]] = {"reversed": lambda a: a[::-1], "transposed": lambda a: a.T}
    for which in range(request.arrays):
        for name, turn in turns.items():
            yield _overlap(request, f"{which}-{name}", partial(_over_turned, request, which, turn))
    if request.arrays > 1:
        build = partial(_in_place_but_other_shifted, request)
        yield _overlap(request, "in-place-but-other-shifted", build, "in_place")
