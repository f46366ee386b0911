"""The battery's refusals: calls that must raise, with the exception's type and the argument that it must name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from inputs.battery_case import Array, BatteryCase, Call, Request, carve, frozen
from inputs.battery_forms import good_call, out_shape

WRONG_DTYPES = ("bool", "int8", "int32", "int64", "uint32", "uint64", "float16", "longdouble", "complex64",
                "complex128", "object", "datetime64[D]", "S4")  # fmt: skip


def error_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the calls of one dtype that must raise; afterwards `out` and every input must be as before."""
    yield from _array_errors(request)
    yield from _mixed_errors(request)
    yield from _option_errors(request)
    yield from _mask_errors(request)
    yield from _out_errors(request)
    yield from _overlap_errors(request)


def _fresh_out(request: Request) -> Array:
    return np.full(out_shape(request), 77, request.out_dtype)


def _with_array(request: Request, which: int, alter: Callable[[Array], Any]) -> Call:
    arrays: list[Any] = list(good_call(request).arrays)
    arrays[which] = alter(arrays[which])
    return Call(tuple(arrays), {"out": _fresh_out(request)})


def _misaligned(array: Array) -> Array:
    memory = np.zeros(array.nbytes + 1, np.uint8)
    moved = memory[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def _cast(array: Array, dtype: str) -> Array:
    return array.astype("i8").astype(dtype) if dtype.startswith("datetime") else array.astype(dtype)


def _array_errors(request: Request) -> Iterator[BatteryCase]:
    types: dict[str, Callable[[Array], Any]] = {
        **{f"dtype-{dtype}": partial(_cast, dtype=dtype) for dtype in WRONG_DTYPES},
        "a-list": lambda array: array.tolist(),
        "a-python-scalar": lambda _: 1.5,
        "a-numpy-scalar": lambda array: array.dtype.type(1),
        "none": lambda _: None,
        "text": lambda _: "red",
        "masked-array": np.ma.masked_array,
    }
    values: dict[str, Callable[[Array], Any]] = {"0d": lambda array: np.array(1, array.dtype)}
    if np.dtype(request.dtype).itemsize > 1:
        types["byte-swapped"] = lambda array: array.astype(array.dtype.newbyteorder())
        values["misaligned"] = _misaligned
    for which in range(request.arrays):
        for raises, group in ((TypeError, types), (ValueError, values)):
            for name, alter in group.items():
                build = partial(_with_array, request, which, alter)
                mentions = "mask=" if name == "masked-array" else ""
                yield BatteryCase(f"error-{which}-is-{name}", request, build, raises, (which,), mentions)


def _mixed_errors(request: Request) -> Iterator[BatteryCase]:
    if request.arrays < 2:
        return
    every = tuple(range(request.arrays))
    other = "float64" if request.dtype != "float64" else "float32"
    build = partial(_with_array, request, request.arrays - 1, lambda array: array.astype(other))
    yield BatteryCase("error-dtypes-differ", request, build, TypeError, every)
    build = partial(_with_array, request, request.arrays - 1, lambda array: array[:, :-1])
    yield BatteryCase("error-shapes-differ", request, build, ValueError, every)
    build = partial(_with_array, request, 0, lambda array: array[:-1])
    yield BatteryCase("error-shapes-differ-first", request, build, ValueError, every)


def _with_options(request: Request, options: Mapping[str, Any]) -> Call:
    return Call(good_call(request).arrays, {"out": _fresh_out(request), **options})


def _option_errors(request: Request) -> Iterator[BatteryCase]:
    low, high = request.limits
    other = "float64" if request.dtype == "float32" else "float32"
    wrong: dict[type[Exception], dict[str, list[Any]]] = {
        TypeError: {
            "num_threads": [1.5, "2", None, True, [2]],
            "axis": [0.0, "0", None, (0,), True],
            "dtype": ["float16", "int32", "complex64", ">f4", "spam", np.int64, *([other] if request.is_float else [])],
            "min_denominator": ["0", None, 1j, [0.0]],
            "nodata": [] if request.is_float else [1.5, 0.0, np.nan, "0", [0]],
        },
        ValueError: {
            "num_threads": [0, -1],
            "axis": [len(good_call(request).arrays[0].shape), -len(good_call(request).arrays[0].shape) - 1, 99],
            "min_denominator": [-1.0, -1, -1e-9, np.nan, -np.inf],
            "nodata": [0, -9999, np.nan] if request.is_float else [int(high) + 1, int(low) - 1, 10**9],
        },
    }
    for raises, options in wrong.items():
        for option, values in options.items():
            for value in values:
                text = value.__name__ if isinstance(value, type) else repr(value)
                build = partial(_with_options, request, {option: value})
                needs = frozenset({option})
                yield BatteryCase(f"error-{option}-{text}", request, build, raises, (option,), needs=needs)


def _mask_errors(request: Request) -> Iterator[BatteryCase]:
    shape = good_call(request).arrays[0].shape
    wrong: dict[type[Exception], dict[str, Any]] = {
        TypeError: {
            "uint8": np.zeros(shape, np.uint8),
            "float": np.zeros(shape),
            "list": np.zeros(shape, bool).tolist(),
            "python-bool": True,
            "masked-array": np.ma.masked_array(np.zeros(shape, bool)),
        },
        ValueError: {
            "one-longer": np.zeros((*shape[:-1], shape[-1] + 1), bool),
            "one-shorter": np.zeros((*shape[:-1], shape[-1] - 1), bool),
            "larger-than-input": np.zeros((2, *shape), bool),
            "transposed": np.zeros(shape[::-1], bool),
            "empty": np.zeros(0, bool),
        },
    }
    for raises, masks in wrong.items():
        for name, mask in masks.items():
            build = partial(_with_options, request, {"mask": mask})
            yield BatteryCase(f"error-mask-{name}", request, build, raises, ("mask",))


def _wrong_outs(request: Request) -> dict[type[Exception], dict[str, Callable[[], Any]]]:
    shape, dtype = out_shape(request), request.out_dtype
    other = "float64" if dtype == "float32" else "float32"
    row = np.dtype(dtype).itemsize
    return {
        TypeError: {
            "other-float": lambda: np.zeros(shape, other),
            "int32": lambda: np.zeros(shape, "int32"),
            "byte-swapped": lambda: np.zeros(shape, np.dtype(dtype).newbyteorder()),
            "list": lambda: np.zeros(shape).tolist(),
        },
        ValueError: {
            "short": lambda: np.zeros((*shape[:-1], shape[-1] - 1), dtype),
            "long": lambda: np.zeros((*shape[:-1], shape[-1] + 1), dtype),
            "more-axes": lambda: np.zeros((1, *shape), dtype),
            "fewer-axes": lambda: np.zeros(shape[1:], dtype),
            "transposed": lambda: np.zeros(shape[::-1], dtype),
            "read-only": lambda: frozen(np.zeros(shape, dtype)),
            "misaligned": lambda: _misaligned(np.zeros(shape, dtype)),
            "all-one-element": lambda: as_strided(np.zeros(1, dtype), shape, (0,) * len(shape)),
            "rows-one": lambda: as_strided(np.zeros(64, dtype), shape, (0,) * (len(shape) - 1) + (row,)),
            "rows-overlap": lambda: as_strided(np.zeros(64, dtype), shape, (row,) * len(shape)),
        },
    }


def _call_with_out(request: Request, make: Callable[[], Any]) -> Call:
    return Call(good_call(request).arrays, {"out": make()})


def _out_errors(request: Request) -> Iterator[BatteryCase]:
    for raises, outs in _wrong_outs(request).items():
        for name, make in outs.items():
            build = partial(_call_with_out, request, make)
            yield BatteryCase(f"error-out-{name}", request, build, raises, ("out",))


def _shared(request: Request, which: int, array_at: int, out_at: int, mask_at: int | None = None) -> Call:
    """Return a call whose array number `which`, `out` and mask are cut from one block, at these bytes."""
    arrays = list(good_call(request).arrays)
    shape = arrays[which].shape
    memory = np.zeros(4096 * 4, np.uint8)
    array = carve(memory, array_at, shape, request.dtype)
    array[...] = arrays[which]
    arrays[which] = array
    kwargs: dict[str, Any] = {"out": carve(memory, out_at, out_shape(request), request.out_dtype)}
    if mask_at is not None:
        kwargs["mask"] = carve(memory, mask_at, shape, "bool")
    return Call(tuple(arrays), kwargs)


def _over_turned(request: Request, which: int, turn: Callable[[Array], Array]) -> Call:
    arrays = good_call(request, (6, 6)).arrays
    return Call(arrays, {"out": turn(arrays[which])})


def _in_place_but_other_shifted(request: Request) -> Call:
    arrays = list(good_call(request).arrays)
    shape, size = arrays[0].shape, np.dtype(request.dtype).itemsize
    memory = np.zeros(arrays[0].nbytes + size, np.uint8)
    for which in (0, 1):
        moved = carve(memory, which * size, shape, request.dtype)
        arrays[which] = moved
    arrays[0][...] = 1
    return Call(tuple(arrays), {"out": arrays[0]})


def _overlap_errors(request: Request) -> Iterator[BatteryCase]:
    size = np.dtype(request.out_dtype).itemsize
    array_bytes = good_call(request).arrays[0].nbytes
    out_bytes = int(np.prod(out_shape(request))) * size
    end = (array_bytes - 1) // size * size

    def case(name: str, build: Callable[[], Call], *needs: str) -> BatteryCase:
        return BatteryCase(f"overlap-{name}", request, build, ValueError, ("out",), needs=frozenset(needs))

    for which in range(request.arrays):
        yield case(f"{which}-one-element-late", partial(_shared, request, which, 0, size))
        yield case(f"{which}-one-element-early", partial(_shared, request, which, size, 0))
        yield case(f"{which}-in-its-last-element", partial(_shared, request, which, 0, end))
        yield case(f"{which}-with-outs-last-element", partial(_shared, request, which, out_bytes - size, 0))
        if request.family == "elementwise" and request.is_float:
            turns: dict[str, Callable[[Array], Array]] = {"reversed": lambda a: a[::-1], "transposed": lambda a: a.T}
            for name, turn in turns.items():
                yield case(f"{which}-{name}", partial(_over_turned, request, which, turn))
        if not request.is_float or request.family == "temporal" or "in_place" not in request.options:
            yield case(f"{which}-same-start", partial(_shared, request, which, 0, 0))
    far = -(-max(array_bytes, out_bytes) // size) * size
    yield case("mask", partial(_shared, request, 0, 0, far, far))
    yield case("mask-in-outs-last-byte", partial(_shared, request, 0, 0, far, far + out_bytes - 1))
    if request.family == "elementwise" and request.is_float and request.arrays > 1:
        yield case("in-place-but-other-shifted", partial(_in_place_but_other_shifted, request), "in_place")
