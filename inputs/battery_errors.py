"""The battery's refusals: calls that must raise, with the exception's type and the argument that it must name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from inputs.battery_case import NUMBERS, OMITTED, Array, BatteryCase, Call, Request
from inputs.battery_forms import good_call, new_out

WRONG_DTYPES = ("bool", "int8", "int32", "int64", "uint32", "uint64", "float16", "longdouble", "complex64",
                "complex128", "object", "datetime64[D]", "S4")  # fmt: skip


def error_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the calls of one dtype that must raise; afterwards `out` and every input must be as before."""
    yield from _array_errors(request)
    yield from _mixed_errors(request)
    yield from _option_errors(request)
    yield from _mask_errors(request)


def _with_array(request: Request, which: int, alter: Callable[[Array], Any]) -> Call:
    arrays: list[Any] = list(good_call(request).arrays)
    arrays[which] = alter(arrays[which])
    return Call(tuple(arrays), {"out": new_out(request)})


def misaligned(array: Array) -> Array:
    """Return an array equal to `array` at an address that is one byte off."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    moved = memory[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def _cast(array: Array, dtype: str) -> Array:
    return array.astype("i8").astype(dtype) if dtype.startswith("datetime") else array.astype(dtype)


def _array_errors(request: Request) -> Iterator[BatteryCase]:
    types: dict[str, Callable[[Array], Any]] = {
        **{
            f"dtype-{dtype}": partial(_cast, dtype=dtype)
            for dtype in (*WRONG_DTYPES, *sorted(set(NUMBERS) - set(request.accepted)))
        },
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
        values["misaligned"] = misaligned
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
    for which in every:
        late = f"-{which}" if which < every[-1] else ""
        build = partial(_with_array, request, which, lambda array: array[:, :-1])
        yield BatteryCase(f"error-shapes-differ{late}", request, build, ValueError, every)
        for other in (dtype for dtype in request.accepted if dtype != request.dtype):
            build = partial(_with_array, request, which, partial(_cast, dtype=other))
            yield BatteryCase(f"error-dtypes-differ-{other}{late}", request, build, TypeError, every)


def with_options(request: Request, options: Mapping[str, Any]) -> Call:
    """Return an ordinary call with an `out` and these keywords."""
    return good_call(request).given(out=new_out(request), **options)


Wrong = Mapping[type[Exception], Mapping[str, Sequence[Any]]]


def wrong_options(request: Request, wrong: Wrong) -> Iterator[BatteryCase]:
    """Yield a refusal for each wrong value of a keyword: exception → keyword → values."""
    for raises, options in wrong.items():
        for option, values in options.items():
            for value in values:
                text = value.__name__ if isinstance(value, type) else repr(value)
                build = partial(with_options, request, {option: value})
                needs = frozenset({option})
                yield BatteryCase(f"error-{option}-{text}", request, build, raises, (option,), needs=needs)


def _option_errors(request: Request) -> Iterator[BatteryCase]:
    low, high = request.limits
    other = "float64" if request.dtype == "float32" else "float32"
    wrong: Wrong = {
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
    yield from wrong_options(request, wrong)
    for name, _ in request.required:
        build, said = partial(with_options, request, {name: OMITTED}), f"'{name}'"
        yield BatteryCase(f"error-without-{name}", request, build, TypeError, mentions=said)


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
            build = partial(with_options, request, {"mask": mask})
            yield BatteryCase(f"error-mask-{name}", request, build, raises, ("mask",))
