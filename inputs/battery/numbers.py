"""The battery's numbers: each keyword by itself, numbers that come from metadata, and those that no dtype can hold.

Which keywords are numbers, and from which value they are varied, the declaration says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import BatteryCase, Call
from inputs.battery.forms import good_call, new_out
from inputs.battery.request import Request

METADATA: Mapping[str, Callable[[float], Any]] = {
    "float32": np.float32,
    "float32-as-float": lambda value: float(np.float32(value)),
    "float32-as-printed": lambda value: float(f"{float(np.float32(value)):.15g}"),
    "float32-as-float64": lambda value: np.float64(np.float32(value)),
    "float32-0d": lambda value: np.array(value, np.float32),
    "float32-one-element": lambda value: np.array([value], np.float32),
    "float64-0d": np.array,
    "float64-one-element": lambda value: np.array([[value]]),
}
DECIMALS = (1e-4, 2.75e-5, -0.2)
"""Numbers as metadata give them; none of them is a float32."""
THREADS = (np.int64(2), np.array(2), np.array([3]), 1000, 10**9)
"""Numbers of threads, of which there are never more than cores that may be used."""
SUMS = (2000, 1999, 2001, 400)
"""What two counts add up to: with scale 1e-4 and offset -0.1 the first is a true zero of scaled values."""


def number_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield values and refusals of the numbers that a kernel takes."""
    yield from _alone(request)
    yield from _from_metadata(request)
    yield from _beyond(request)
    for threads in THREADS:
        build = partial(_given, request, (6, 40, 41), num_threads=threads)
        name = f"threads-{type(threads).__name__}-{np.ravel(threads)[0]}"
        yield BatteryCase(name, request, build, needs=frozenset({"num_threads"}))


def number_case(
    name: str, request: Request, call: Callable[..., Call], given: Mapping[str, Any], needs: frozenset[str]
) -> BatteryCase:
    """Return a case with these keywords: a value, or a refusal where a number has none in the output dtype."""
    blamed = _unfit(request, given)
    build = partial(_refused, request, call, given) if blamed else partial(call, **given)
    return BatteryCase(name, request, build, ValueError if blamed else None, blamed, needs=needs)


def _refused(request: Request, call: Callable[..., Call], given: Mapping[str, Any]) -> Call:
    made = call(**given)
    return made.given(out=new_out(request, made.arrays[0].shape, given.get("dtype", "")))


def _unfit(request: Request, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keywords whose number rounds to 0 or infinity, or else whose shift is infinite."""
    kind = np.dtype(given.get("dtype", request.out_dtype)).type
    known = {name: float(np.ravel(value)[0]) for name, value in given.items() if name in request.constants}
    with np.errstate(all="ignore"):
        unfit = [name for name, value in known.items() if value and kind(value) in (0.0, np.inf, -np.inf)]
        if unfit or request.shift is None:
            return tuple(unfit)
        return (request.shift.blames,) if np.isinf(kind(request.shift.value(**{**request.filled, **known}))) else ()


def variations(name: str, base: float, request: Request) -> tuple[Any, ...]:
    """Return other values of a keyword that is a number."""
    if name in dict(request.probes):
        return dict(request.probes)[name]
    if name == "min_denominator":
        scaled = "scale" in dict(request.required)
        return (0.1999, 0.5) if scaled else (0.5, 0.9) if request.is_float else (1500.0, 3000.0)
    if isinstance(base, int):
        return base + 1, base + 2
    return (1.5 * base, -base) if base else (0.5, -0.25)


def _alone(request: Request) -> Iterator[BatteryCase]:
    """Vary every number by itself, under values that every one of them must change."""
    for name, base in request.numbers:
        for value in variations(name, base, request):
            build = partial(_given, request, (7, 13, 11), **request.paired({name: value}))
            yield BatteryCase(f"alone-{name}-{value:g}", request, build, needs=frozenset({name}))


def _given(request: Request, shape: tuple[int, ...], **given: Any) -> Call:
    return good_call(request, shape).given(**given)


def _from_metadata(request: Request) -> Iterator[BatteryCase]:
    for name in request.constants:
        for value in DECIMALS:
            for form, make in METADATA.items() if value == DECIMALS[0] else list(METADATA.items())[:2]:
                given = request.paired({name: make(value)})
                build = partial(_zeros_of_sums, request, given)
                yield BatteryCase(f"metadata-{name}-{value}-{form}", request, build, needs=frozenset({name}))
                if not request.is_float:
                    build = partial(_zeros_of_sums, request, {**given, "dtype": "float64"})
                    text = f"metadata-{name}-{value}-{form}-float64"
                    yield BatteryCase(text, request, build, needs=frozenset({name}))
    if request.constants.keys() >= {"scale", "offset"}:
        for form, make in METADATA.items():
            build = partial(_zeros_of_sums, request, {"scale": make(1e-4), "offset": make(-0.1)})
            yield BatteryCase(f"metadata-of-a-true-zero-{form}", request, build)


def _zeros_of_sums(request: Request, given: Mapping[str, Any]) -> Call:
    """Return counts of which some add up to the Sentinel-2 shift, beside ordinary values."""
    first = np.arange(0, 200, 5)[:, None]
    limit = min(request.limits[1], 10_000)
    second = np.array([total % (limit + 1) for total in SUMS]) - first % 100
    arrays = [np.broadcast_to(one, second.shape).astype(request.dtype) for one in (first, np.abs(second), first)]
    return Call(tuple(arrays[: request.arrays]), given)


def _beyond(request: Request) -> Iterator[BatteryCase]:
    """Give each number alone a value that is 0 or infinite in float32, and the least and greatest that is not."""
    wide = {} if request.is_float else {"dtype": "float64"}
    for name in request.constants:
        for value in (1e-60, -7e-46, 1e-45, 3.4e38, -3.5e38, 1e300, np.float64(1e39), np.array([1e-50])):
            call = partial(_given, request, (5, 7))
            text = f"range-{name}-{np.ravel(value)[0]:g}"
            yield number_case(text, request, call, request.paired({name: value}), frozenset({name}))
            if wide:
                given = request.paired({name: value, **wide})
                yield number_case(f"{text}-float64", request, call, given, frozenset({name}))
