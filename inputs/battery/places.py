"""The battery's arrays that are no plain ones: memory maps, subclasses with a meaning, those that Python alters."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import Array, BatteryCase, Call
from inputs.battery.completion import complete
from inputs.battery.forms import good_call, new_out
from inputs.battery.qa_bands import NEEDS
from inputs.battery.request import Request

ADVICE = ("numpy.asarray(", "mask=")
"""What a refusal of such a subclass must say: how to hand over plain values, and what is missing among them."""


class WithUnit(np.ndarray[Any, Any]):
    """Overrides what ufuncs do, as arrays with a unit do."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [np.asarray(one) if isinstance(one, WithUnit) else one for one in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)


class WithMeaning(np.ndarray[Any, Any]):
    """Overrides what NumPy's functions do, and says to each that it shares no memory."""

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return False


class WithoutUfuncs(np.ndarray[Any, Any]):
    """Refuses ufuncs."""

    __array_ufunc__ = None  # type: ignore[assignment]


MEANINGS: tuple[type[Any], ...] = (WithUnit, WithMeaning, WithoutUfuncs)


def place_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield memory maps, refusals of subclasses in every argument, and calls during which an input changes shape."""
    for which in range(request.arrays):
        yield BatteryCase(f"memory-map-{which}", request, partial(_mapped, request, which))
    yield BatteryCase("memory-map-as-out", request, partial(_mapped_out, request))
    for kind in MEANINGS:
        for which in range(request.arrays + len(request.beside)):
            build = partial(_as_input, request, which, kind)
            yield BatteryCase(f"error-{which}-is-{kind.__name__}", request, build, TypeError, (which,), ADVICE)
        build = partial(_as_mask, request, kind)
        yield BatteryCase(f"error-mask-is-{kind.__name__}", request, build, TypeError, ("mask",), ADVICE[:1])
        build = partial(_as_out, request, kind)
        yield BatteryCase(f"error-out-is-{kind.__name__}", request, build, TypeError, ("out",), ADVICE[:1])
        if request.options >= NEEDS:
            build = partial(_as_quality, request, kind)
            yield BatteryCase(f"error-qa-is-{kind.__name__}", request, build, TypeError, ("qa",), ADVICE[:1])
    if not request.beside:  # labels would no longer fit
        yield BatteryCase("dtype-that-turns-the-inputs", request, partial(_turning_dtype, request))
    if request.options >= NEEDS:
        yield BatteryCase("keep-that-turns-the-inputs", request, partial(_turning_keep, request))


def _map(array: Array) -> Array:
    with tempfile.TemporaryFile() as file:
        mapped: Array = np.memmap(file, array.dtype, "w+", shape=array.shape)
    mapped[...] = array
    return mapped


def _mapped(request: Request, which: int) -> Call:
    arrays = list(good_call(request).arrays)
    arrays[which] = _map(arrays[which])
    return Call(tuple(arrays))


def _mapped_out(request: Request) -> Call:
    outs = new_out(request)
    return good_call(request).given(out=tuple(map(_map, outs)) if isinstance(outs, tuple) else _map(outs))


def _as_input(request: Request, which: int, kind: type[Any]) -> Call:
    call = complete(request, good_call(request).given(out=new_out(request)))
    arrays = list(call.arrays)
    arrays[which] = arrays[which].view(kind)
    return Call(tuple(arrays), call.kwargs)


def _as_mask(request: Request, kind: type[Any]) -> Call:
    call = good_call(request)
    return call.given(mask=np.zeros(call.arrays[0].shape, bool).view(kind), out=new_out(request))


def _as_out(request: Request, kind: type[Any]) -> Call:
    outs = new_out(request)
    return good_call(request).given(
        out=(*outs[:-1], outs[-1].view(kind)) if isinstance(outs, tuple) else outs.view(kind)
    )


def _as_quality(request: Request, kind: type[Any]) -> Call:
    call = good_call(request)
    qa = np.zeros(call.arrays[0].shape, np.uint8).view(kind)
    return call.given(qa=qa, keep=(0,), out=new_out(request))


class Turning:
    """Stands for a dtype, and for classes that stay; whoever reads it finds arrays with their last two axes changed."""

    def __init__(self, arrays: tuple[Array, ...], dtype: str) -> None:
        self._arrays, self._dtype = arrays, dtype

    def _turn(self) -> None:
        for array in self._arrays:
            array.resize((*array.shape[:-2], 7, 5), refcheck=False)

    @property
    def dtype(self) -> Any:
        """What NumPy asks an object for that is to be a dtype."""
        self._turn()
        return np.dtype(self._dtype)

    def __iter__(self) -> Iterator[int]:
        self._turn()
        return iter((4, 5))


def _own(call: Call) -> tuple[Array, ...]:
    """Return copies of a call's arrays that own their memory, so that it can be resized."""
    return tuple(array.copy() for array in call.arrays)


def _turning_dtype(request: Request) -> Call:
    arrays = _own(good_call(request))
    return Call(arrays, {"dtype": Turning(arrays, request.out_dtype)})


def _turning_keep(request: Request) -> Call:
    arrays = _own(good_call(request))
    qa = request.rng(71).integers(0, 8, arrays[0].shape, dtype=np.uint8)
    return Call(arrays, {"qa": qa, "keep": Turning((*arrays, qa), request.out_dtype)})
