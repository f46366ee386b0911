"""A function that keeps the contract, slow and in plain Python: the oracle behind an admission of its own.

The battery is held against it: whatever it says that this function breaches is a fault of the battery or of the oracle.
Nothing here comes from the package.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contract import questions
from benchmarks.kernels._shared import lone
from benchmarks.spec import Kernel
from inputs.battery.collection import Call

Array = NDArray[Any]
MOST_ITEMS = 65_536
NESTED_FROM = 2**20


def conforming(kernel: Kernel) -> Callable[..., Any]:
    """Return a function that takes what the contract of a kernel says, and refuses the rest."""
    signature = inspect.signature(kernel.oracle)
    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=d)
        for name, d in (("out", None), ("num_threads", 1))
    ]
    signature = signature.replace(parameters=[*signature.parameters.values(), *extra])

    def function(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return _call(kernel, dict(bound.arguments))

    return function


def _call(kernel: Kernel, given: dict[str, Any]) -> Any:
    if "keep" in given:
        _choices(given)
    given["dtype"] = _dtype(given["dtype"])
    arrays = {name: _input(kernel, name, given[name]) for name in kernel.data}
    shape, first = _common(arrays), next(iter(arrays.values()))
    if given["dtype"] is not None and first.dtype.kind == "f" and given["dtype"] != first.dtype:
        raise TypeError("dtype: not that of the input")
    out_dtype = np.dtype(given["dtype"] or kernel.contract.dtypes[first.dtype.name])
    _numbers(kernel, given, first, out_dtype)
    mask = _mask(given.pop("mask"), shape)
    qa = _band(given, shape) if "qa" in given else None
    beside = _beside(kernel, given, shape)
    read = {**arrays, **beside, "mask": mask, "qa": qa}
    read = {name: one for name, one in read.items() if isinstance(one, np.ndarray)}
    out = given.pop("out")
    if out is not None:
        _check_out(kernel, out, read, _out_shapes(kernel, given, shape), out_dtype)
    given |= {"dtype": out_dtype, "mask": mask, **({"qa": qa} if "qa" in given else {})}
    keywords = {name: value for name, value in given.items() if name not in kernel.arguments and name != "num_threads"}
    positional = tuple({**arrays, **beside}[name] for name in kernel.arguments)
    with np.errstate(all="ignore"):
        answer = questions.oracle_value(kernel, Call(positional, keywords))
    answers = answer if len(kernel.contract.outputs) > 1 else (answer,)
    return _delivered(kernel, answers, arrays, out, out_dtype)


def _delivered(kernel: Kernel, answers: Any, arrays: Mapping[str, Array], out: Any, dtype: Any) -> Any:
    """Return the answers in new arrays, a scalar, or what they were handed over for."""
    fortran = all(one.flags.fnc for one in arrays.values()) and kernel.dimensions.is_elementwise
    with np.errstate(all="ignore"):
        if out is not None:
            for target, values in zip(out if isinstance(out, tuple) else (out,), answers, strict=True):
                target[...] = values.astype(target.dtype)
            return out
        dtypes = kernel.output_dtypes(dtype)
        results = tuple(
            np.array(one.astype(kind), order="F" if fortran else "C") for one, kind in zip(answers, dtypes, strict=True)
        )
    if kernel.dimensions.is_elementwise and all(one.ndim == 0 for one in arrays.values()):
        return results[0][()]
    return results if len(results) > 1 else results[0]


def _plain(name: str, value: Any) -> Array:
    """Return an array as a plain one, or refuse it."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name}: a masked array; hand over its data, and its mask as mask=")
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: no array")
    own = (type(value).__array_ufunc__, type(value).__array_function__)
    if own != (np.ndarray.__array_ufunc__, np.ndarray.__array_function__):
        raise TypeError(
            f"{name}: its values have a meaning of their own; numpy.asarray({name}), and mask= what it masks"
        )
    return value.view(np.ndarray)


def _input(kernel: Kernel, name: str, value: Any) -> Array:
    array = _plain(name, value)
    if array.dtype.name not in kernel.contract.dtypes or not array.dtype.isnative:
        raise TypeError(f"{name}: a dtype that is not accepted")
    if kernel.dimensions.over_time and array.ndim == 0:
        raise ValueError(f"{name}: no dimension")
    return array


def _beside(kernel: Kernel, given: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Array]:
    """Return the arrays that go beside the data, checked by what they are."""
    for bound in kernel.least.values():
        if shape[given["axis"]] < bound:
            raise ValueError(f"{kernel.data[0]}: too short")
    found: dict[str, Array] = {}
    for name, role in kernel.roles.items():
        if role == "labels":
            found[name] = _labels(name, given[name], shape)
        elif role == "weights" and given[name] is not None:
            found[name] = _weights(name, given[name], shape)
        elif role == "times" and given[name] is not None:
            given[name] = _times(name, given[name], shape[given["axis"]])
    return found


def _labels(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    array = _plain(name, value)
    if array.dtype.kind not in "iu" or not array.dtype.isnative:
        raise TypeError(f"{name}: no integers")
    if array.ndim > len(shape) or array.shape != shape[len(shape) - array.ndim :]:
        raise ValueError(f"{name}: not the last axes of the values")
    return array


def _weights(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    array = _plain(name, value)
    if array.dtype not in (np.dtype("float32"), np.dtype("float64")):
        raise TypeError(f"{name}: no floats")
    _fits(name, array, shape)
    return array


def _times(name: str, value: Any, steps: int) -> Array:
    array = _plain(name, value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name}: no numbers")
    days = array.astype(np.float64)
    if days.shape != (steps,) or not np.isfinite(days).all() or (np.diff(days) <= 0).any():
        raise ValueError(f"{name}: not a day for each date, rising")
    return days


def _out_shapes(kernel: Kernel, given: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the shape of each output, time where the input has it."""
    labels = next((given[name] for name, role in kernel.roles.items() if role == "labels"), None)
    if labels is not None:  # axes of the values that the labels lack are looped over
        lead = shape[: len(shape) - labels.ndim]
        return tuple((*lead, *one) for one in kernel.output_shapes(labels.shape, given))
    if not kernel.dimensions.over_time:
        return kernel.output_shapes(shape, given)
    axis = given["axis"]
    found = kernel.output_shapes((shape[axis], *shape[:axis], *shape[axis + 1 :]), given)
    if not kernel.dimensions.keeps_time:
        return found
    return tuple((*one[1 : axis + 1], one[0], *one[axis + 1 :]) for one in found)


def _common(arrays: Mapping[str, Array]) -> tuple[int, ...]:
    (first, one), *rest = arrays.items()
    shape = one.shape
    for name, array in rest:
        if array.dtype != one.dtype:
            raise TypeError(f"{name}: not the dtype of {first}")
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            raise ValueError(f"{name}: its shape does not fit") from None
    return shape


def _dtype(asked: Any) -> Any:
    if asked is None:
        return None
    try:
        dtype = np.dtype(asked)
    except TypeError:
        raise TypeError("dtype: no dtype") from None
    if dtype not in (np.dtype("float32"), np.dtype("float64")):
        raise TypeError("dtype: neither float32 nor float64")
    return dtype


def _number(name: str, value: Any, kind: type = Real) -> Any:
    value = lone(value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, kind):
        raise TypeError(f"{name}: no number of the kind that is accepted")
    return int(value) if isinstance(value, Integral) else value


def _integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    number: int = _number(name, value, Integral)
    if number < low or (high is not None and number > high):
        raise ValueError(f"{name}: {number} is out of range")
    return number


def _numbers(kernel: Kernel, given: dict[str, Any], first: Array, out: np.dtype[Any]) -> None:
    """Check every number, and put plain ones in place of arrays."""
    given["num_threads"] = _integer("num_threads", given["num_threads"], 1)
    if "axis" in given:
        given["axis"] = _integer("axis", given["axis"], -first.ndim, first.ndim - 1) % first.ndim
    if "ddof" in given:
        given["ddof"] = min(_integer("ddof", given["ddof"], 0), 2**62)
    if "min_denominator" in given:
        least = _number("min_denominator", given["min_denominator"])
        if not least >= 0:
            raise ValueError("min_denominator: below 0")
        given["min_denominator"] = _to_float(least)
    for name, base in kernel.probes.items():
        _probed(kernel, name, given, isinstance(base[0], int))
    for name in kernel.lengths.values():
        given[name] = _integer(name, given[name], 0, 2**31 - 1)
    if given["nodata"] is not None:
        given["nodata"] = _nodata(given["nodata"], first.dtype)
    absent = [name for name in kernel.for_integers if given[name] is None]
    if absent and (first.dtype.kind != "f" or len(absent) < len(kernel.for_integers)):
        raise ValueError(
            f"{absent[0]}: not given; L is meant for reflectance, scale=1 and offset=0 leave counts as they are"
        )
    _constants(kernel, {name: given[name] for name in questions.numbers(kernel) if name not in absent}, out)


def _probed(kernel: Kernel, name: str, given: dict[str, Any], whole: bool) -> None:
    """Check a number that is no constant of a formula: an order from 1 to 3, or a parameter above 0."""
    if whole:
        given[name] = _integer(name, given[name], 1, 3)
        return
    value = _to_float(_number(name, given[name]))
    if not 0 < value < math.inf:
        raise ValueError(f"{name}: not above 0, or infinite")
    given[name] = value


def _constants(kernel: Kernel, given: Mapping[str, Any], out: np.dtype[Any]) -> None:
    """Refuse constants, and shifts made of them, that the output dtype cannot hold."""
    constants = questions.request(kernel, "float64").constants
    values = {name: value for name, value in given.items() if name in constants}
    for name, value in values.items():
        number = _to_float(_number(name, value))
        with np.errstate(all="ignore"):
            rounded = out.type(number)
        if not math.isfinite(number) or not np.isfinite(rounded) or (number and not rounded):
            raise ValueError(f"{name}: no number of the output dtype")
        if name == "scale" and not number:
            raise ValueError("scale: 0")
    with np.errstate(all="ignore"):
        if kernel.shift is not None and np.isinf(out.type(kernel.shift.value(**values))):
            raise ValueError(f"{kernel.shift.blames}: the shift is infinite")


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _nodata(value: Any, dtype: np.dtype[Any]) -> Any:
    number = _number("nodata", value)
    if dtype.kind == "f":
        with np.errstate(all="ignore"):
            beyond = np.isinf(dtype.type(_to_float(number)))
        if beyond and not (isinstance(number, float | np.floating) and np.isinf(number)):
            raise ValueError("nodata: beyond the dtype")
        return float(number)
    if not math.isfinite(_to_float(number)) or number != int(number):
        raise ValueError("nodata: no whole number")
    return _integer("nodata", int(number), int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))


def _fits(name: str, array: Array, shape: tuple[int, ...]) -> None:
    lengths = zip(array.shape[::-1], shape[::-1], strict=False)
    if array.ndim > len(shape) or any(m not in (1, n) for m, n in lengths):
        raise ValueError(f"{name}: its shape does not fit")


def _mask(value: Any, shape: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool | np.bool_):
        return value
    mask = _plain("mask", value)
    if mask.dtype != bool:
        raise TypeError("mask: not of bool")
    _fits("mask", mask, shape)
    return mask


def _items(name: str, values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name}: no iterable of ints")
    items = list(islice(values, MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        raise ValueError(f"{name}: too many items")
    return [_number(name, one, Integral) for one in items]


def _choices(given: dict[str, Any]) -> None:
    """Read what is kept or rejected, as far as that needs no band."""
    if given["keep"] is not None:
        given["keep"] = _items("keep", given["keep"])
    fields = given["reject_fields"]
    if fields is not None:
        if not isinstance(fields, Mapping):
            raise TypeError("reject_fields: no mapping")
        read = [
            (_number("reject_fields", mask, Integral), _items("reject_fields", one)) for mask, one in fields.items()
        ]
        given["reject_fields"] = dict(read)


def _band(given: dict[str, Any], shape: tuple[int, ...]) -> Array | None:
    asked = [name for name in ("keep", "reject_bits", "reject_fields") if given[name] is not None]
    if given["qa"] is None:
        if asked:
            raise ValueError(f"{asked[0]}: without qa")
        return None
    if not asked or ("keep" in asked and len(asked) > 1):
        raise ValueError("qa: needs keep, or reject_bits and reject_fields")
    band = _plain("qa", given["qa"])
    if band.dtype.kind not in "iub" or not band.dtype.isnative:
        raise TypeError("qa: neither integers nor bool")
    _fits("qa", band, shape)
    is_bool = band.dtype == bool
    low, high = (0, 1) if is_bool else (int(np.iinfo(band.dtype).min), int(np.iinfo(band.dtype).max))
    bits = 1 if is_bool else 2 ** (8 * band.itemsize) - 1
    for number in given["keep"] or ():
        _integer("keep", number, low, high)
    if given["reject_bits"] is not None:
        given["reject_bits"] = _integer("reject_bits", given["reject_bits"], 0, bits)
    for field, values in (given["reject_fields"] or {}).items():
        _integer("reject_fields", field, 1, bits)
        for value in values:
            _integer("reject_fields", value, 0, field // (field & -field))
    return band


def _check_out(
    kernel: Kernel, out: Any, read: Mapping[str, Array], shapes: tuple[tuple[int, ...], ...], dtype: Any
) -> None:
    """Refuse an output that is wrong, or that shares memory with what is read or with another."""
    dtypes = kernel.output_dtypes(dtype)
    if len(dtypes) > 1 and not isinstance(out, tuple):
        raise TypeError("out: no tuple")
    given = out if len(dtypes) > 1 else (out,)
    if len(given) != len(dtypes):
        raise ValueError("out: a tuple of another length")
    others = dict(read)
    for number, (one, shape, kind) in enumerate(zip(given, shapes, dtypes, strict=True)):
        name = f"out[{number}]" if len(dtypes) > 1 else "out"
        target = _target(name, one, shape, kind)
        for other, array in others.items():
            same = kernel.contract.in_place and other in kernel.arguments and _same(target, array)
            if np.shares_memory(target, array) and not same:
                raise ValueError(f"{name}: overlaps {other}")
        others[name] = target


def _target(name: str, value: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    target = _plain(name, value)
    if target.dtype != dtype:
        raise TypeError(f"{name}: another dtype")
    if target.shape != shape:
        raise ValueError(f"{name}: another shape")
    if not target.flags.writeable or not target.flags.aligned:
        raise ValueError(f"{name}: read-only or misaligned")
    if _overlaps_itself(target):
        raise ValueError(f"{name}: elements share memory")
    return target


def _same(one: Array, other: Array) -> bool:
    lay = [(s, t) for s, t, n in zip(one.strides, other.strides, one.shape, strict=False) if n > 1]
    address = one.__array_interface__["data"][0] == other.__array_interface__["data"][0]
    return one.dtype == other.dtype and one.shape == other.shape and address and all(s == t for s, t in lay)


def _overlaps_itself(target: Array) -> bool:
    steps = sorted((abs(s), n) for s, n in zip(target.strides, target.shape, strict=True) if n > 1)
    span, nests = target.itemsize, True
    for stride, length in steps:
        nests &= stride >= span
        span += stride * (length - 1)
    if nests or not target.size:
        return False
    if target.size > NESTED_FROM:
        return True
    places = np.zeros(1, np.int64)
    for stride, length in steps:
        places = np.add.outer(places, stride * np.arange(length)).ravel()
    return bool((np.diff(np.sort(places)) < target.itemsize).any())
