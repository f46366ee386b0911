"""The battery's refusals: calls that must raise, with the exception's type and the argument that it must name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import OMITTED, Array, BatteryCase, Call
from inputs.battery.forms import good_call, new_out
from inputs.battery.request import NUMBERS, Request

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
    values: dict[str, Callable[[Array], Any]] = {}
    if request.over_time:
        values["0d"] = lambda array: np.array(1, array.dtype)
    if np.dtype(request.dtype).itemsize > 1:
        types["byte-swapped"] = lambda array: array.astype(array.dtype.newbyteorder())
    for which in range(request.arrays):
        for raises, group in ((TypeError, types), (ValueError, values)):
            for name, alter in group.items():
                build = partial(_with_array, request, which, alter)
                mentions = ("mask=",) if name == "masked-array" else ()
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
    """Return an ordinary call with an `out` and these keywords; where all or none of some are given, with the rest."""
    return good_call(request).given(out=new_out(request), **request.paired(options))


Wrong = Mapping[type[Exception], Mapping[str, Sequence[Any]]]


def wrong_options(request: Request, wrong: Wrong) -> Iterator[BatteryCase]:
    """Yield a refusal for each wrong value of a keyword: exception → keyword → values."""
    optional = {name for name, _ in request.for_integers}
    for raises, options in wrong.items():
        for option, values in options.items():
            for value in values if option not in optional else [value for value in values if value is not None]:
                text = value.__name__ if isinstance(value, type) else " ".join(repr(value).split())
                build = partial(with_options, request, {option: value})
                needs = frozenset({option})
                yield BatteryCase(f"error-{option}-{text}", request, build, raises, (option,), needs=needs)


def _option_errors(request: Request) -> Iterator[BatteryCase]:
    other = "float64" if request.dtype == "float32" else "float32"
    wrong: Wrong = {
        TypeError: {
            "num_threads": [1.5, "2", None, True, [2], np.array(True), np.array(2.0), np.array([1, 2])],
            "axis": [0.0, "0", None, (0,), True, np.array(True), np.array([0.0]), np.array([0, 1])],
            "dtype": ["float16", "int32", "complex64", ">f4", "spam", np.int64, *([other] if request.is_float else [])],
            "min_denominator": ["0", None, 1j, [0.0], True, np.array(True), np.array([0.0, 1.0])],
            "nodata": ["0", b"0", [0], True, np.True_, 1j, np.array(False), np.array([0, 1]), np.array("0")],
        },
        ValueError: {
            "num_threads": [0, -1],
            "axis": [len(good_call(request).arrays[0].shape), -len(good_call(request).arrays[0].shape) - 1, 99],
            "min_denominator": [-1.0, -1, -1e-9, np.nan, -np.inf],
            "nodata": _beyond(request),
        },
    }
    yield from wrong_options(request, wrong)
    for name, _ in request.required:
        build, said = partial(with_options, request, {name: OMITTED}), (f"'{name}'",)
        yield BatteryCase(f"error-without-{name}", request, build, TypeError, mentions=said)


def _beyond(request: Request) -> list[Any]:
    """Return numbers that no value of the dtype can be."""
    low, high = (float(limit) if request.is_float else int(limit) for limit in request.limits)
    if request.is_float:
        return [10**400, -(10**400), *([1e39, -1e300, 10**39, np.float64(1e39)] if high < 1e39 else [])]
    whole = [high + 1, low - 1, 10**9, 10**400, high + 1.0, low - 1.0, 1e300]
    return [*whole, 1.5, 0.1, np.nan, np.inf, -np.inf, np.float32(2.5), np.array(1.5), np.array([high + 1])]


def _mask_errors(request: Request) -> Iterator[BatteryCase]:
    shape = good_call(request).arrays[0].shape
    wrong: dict[type[Exception], dict[str, Any]] = {
        TypeError: {
            "uint8": np.zeros(shape, np.uint8),
            "float": np.zeros(shape),
            "list": np.zeros(shape, bool).tolist(),
            "python-int": 1,
            "numpy-int": np.uint8(0),
            "python-float": 0.0,
            "text": "all",
            "0d-uint8": np.array(0, np.uint8),
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
