"""The battery's numbers that are no arrays: guards, an index' constants, scale and offset of counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import OMITTED, Array, BatteryCase, Call
from inputs.battery.elementwise import plain_call, special_call
from inputs.battery.errors import Wrong, with_options, wrong_options
from inputs.battery.numbers import number_case
from inputs.battery.request import Request

NO_NUMBERS = ["1", None, True, 1j, [1.0], (1.0,), np.array(True), np.array([1.0, 2.0]), np.array("1"), np.array(1j)]
BEYOND = [np.nan, np.inf, -np.inf, np.float32("nan"), np.float32("inf"), np.array([np.nan]), 10**400]
"""Numbers that are not finite, or not in float64."""
INDEX = frozenset({"G", "C1", "C2", "L"})
SCALING = frozenset({"scale", "offset"})

SCALINGS: Mapping[str, tuple[Any, Any]] = {
    "sentinel-2": (1e-4, -0.1),
    "sentinel-2-before-04.00": (1e-4, 0.0),
    "landsat": (2.75e-5, -0.2),
    "landsat-thermal": (0.00341802, 149.0),
    "shift-of-200": (1e-3, -0.1),
    "shift-of-100-and-a-half": (0.02, -1.005),
    "shift-nearly-2": (-0.1 - 0.2, 0.3),
    "shift-not-quite-2": (-0.3, 0.3 + 1e-6),
    "negative": (-1e-4, 0.1),
    "negative-shift-of-200": (-1e-3, 0.1),
    "one": (1.0, 0.0),
    "integers": (2, -300),
    "numpy-scalars": (np.float32(0.5), np.int16(-50)),
    "vast": (1e300, -1e300),
    "overflowing": (1e36, 1e38),
    "vanishing-to-a-subnormal": (1.0, 1e-44),
    "overflowing-shift": (1e-39, 0.25),
    "vast-offset": (1.0, -1e39),
    "vast-scale": (3.5e38, 1.0),
    "vanishing-offset": (1.0, 1e-60),
    "vanishing": (1e-60, 1e-3),
    "infinite-shift": (1e-300, 1e300),
}
"""Name → scale and offset; what a shift is, the declaration of the kernel that has one says. Those of which a number
rounds to 0 or to infinity in the output dtype are refused, and so is a shift that is infinite there."""


def constant_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield values and refusals of the constants that an elementwise kernel may have."""
    yield from _denominators(request)
    yield from _index_constants(request)
    yield from _scalings(request)
    yield from _without_scaling(request)
    wrong: Wrong = {
        TypeError: dict.fromkeys(("G", "C1", "C2", "L", "scale", "offset"), NO_NUMBERS),
        ValueError: {
            **dict.fromkeys(("G", "C1", "C2", "L", "offset"), BEYOND),
            "scale": [0, 0.0, -0.0, np.float32(0), np.array([0.0]), *BEYOND],
        },
    }
    yield from wrong_options(request, wrong)


def _denominators(request: Request) -> Iterator[BatteryCase]:
    needs = frozenset({"min_denominator"})
    thresholds: dict[str, Any] = {
        "0": 0.0, "int-0": 0, "1e-50": 1e-50, "half": 0.5, "one": 1.0, "int-one": 1, "numpy": np.float64(0.75),
        "150": 150.0, "1e300": 1e300, "inf": np.inf, "0d": np.array(0.5), "one-element": np.array([150]),
    }  # fmt: skip
    for name, value in thresholds.items():
        build = partial(_threshold, request, value)
        yield BatteryCase(f"min-denominator-{name}", request, build, needs=needs)
    if request.is_float:
        build = partial(_threshold, request, float(np.float32(0.1)))
        yield BatteryCase("min-denominator-no-decimal-of-a-float32", request, build, needs=needs)


def _threshold(request: Request, value: Any) -> Call:
    """Return sums on both sides of every threshold, and exactly on it; the other terms of the denominator are 0."""
    sums = np.array([0, 0.1, 0.1 + 1e-9, 0.25, 0.5, 0.5 + 2**-20, 0.75, 1, 2, 75, 150, 151, -0.5, -1, -150, -151])
    if not request.is_float:
        sums = sums[(sums >= request.limits[0]) & (sums <= request.limits[1]) & (sums % 1 == 0)]
    zeros = [np.zeros(len(sums), request.dtype) for _ in range(request.arrays - 1)]
    terms = {"L": 0.0} if "L" in request.options else {}
    terms |= {"scale": 1.0, "offset": 0.0} if "scale" in request.options else {}
    return Call((sums.astype(request.dtype), *zeros), {"min_denominator": value, **terms})


def _index_constants(request: Request) -> Iterator[BatteryCase]:
    sets: dict[str, dict[str, Any]] = {
        "two-bands": {"C1": 2.4, "C2": 0.0},
        "savi": {"G": 1.5, "C1": 1.0, "C2": 0, "L": 0.5},
        "of-counts": {"L": 10_000.0},
        "no-soil": {"L": 0},
        "negative": {"G": -2.5, "C1": -6.0, "C2": -7.5, "L": -1.0},
        "all-zero": {"G": 0.0, "C1": 0.0, "C2": 0.0, "L": 0.0},
        "numpy-scalars": {"G": np.float32(2.5), "C1": np.int64(6), "L": np.float64(0.1)},
        "arrays": {"G": np.array(2.5), "C1": np.array([6]), "C2": np.array([[7.0]]), "L": np.array(1, np.int16)},
        "inexact": {"G": 0.1, "C1": 1 / 3, "C2": 2 / 3, "L": 0.7},
        "vast": {"G": 1e300, "C1": 1e38, "L": -1e300},
        "vanishing": {"G": 1e-60, "C1": 1e-45, "L": 1e-320},
    }
    for name, constants in sets.items():
        for kind, call in (
            ("plain", partial(plain_call, request, (9, 31))),
            ("special", partial(special_call, request)),
        ):
            yield number_case(f"constants-{name}-{kind}", request, call, constants, INDEX)
    for guard in (0.0, 0.25, 2.0):
        build = partial(_crossing, request, guard)
        yield BatteryCase(f"denominator-crosses-zero-guard-{guard:g}", request, build, needs=INDEX)


def _crossing(request: Request, guard: float) -> Call:
    """Return bands over which nir + 6·red − 7.5·blue + 1 runs through zero, in steps of 1 or of an ulp."""
    red, blue = np.meshgrid(np.arange(3.0), np.arange(2.0, 18.0, 2.0), indexing="ij")
    nir = np.concatenate([(7.5 * blue - 6 * red - 1) + step for step in (-2, -1, 0, 1, 2)], axis=1)
    bands = [band.astype(request.dtype) for band in (nir, np.tile(red, 5), np.tile(blue, 5))]
    if request.is_float:
        bands = [band / np.dtype(request.dtype).type(1000) for band in bands]
        near = [np.nextafter(bands[0], np.dtype(request.dtype).type(towards)) for towards in (-9, 9)]
        bands = [np.concatenate([bands[0], *near]), *(np.concatenate([band] * 3) for band in bands[1:])]
    soil = 0.001 if request.is_float else 1.0
    return Call(tuple(bands), {"L": soil, "min_denominator": guard * soil})


def _scalings(request: Request) -> Iterator[BatteryCase]:
    for name, (scale, offset) in SCALINGS.items():
        keywords: dict[str, Any] = {"scale": scale, "offset": offset}
        for kind, call in (("special", special_call), ("sums", _sums), ("every-count", _every_count)):
            yield number_case(f"scaling-{name}-{kind}", request, partial(call, request), keywords, SCALING)
        if not request.is_float:
            wide = {**keywords, "dtype": "float64"}
            yield number_case(f"scaling-{name}-float64", request, partial(_every_count, request), wide, SCALING)
    if request.is_float:  # a sum of zero beside a difference that is infinite, and no other zero in the call
        for shape in ((5, 7), (300, 301)):
            build = partial(_opposed, request, shape, scale=1e-4, offset=0.0)
            yield BatteryCase(f"scaling-largest-opposed-{shape[0]}", request, build, needs=SCALING)
    needs = SCALING | {"min_denominator"}
    for name in ("sentinel-2", "landsat", "shift-of-200", "negative-shift-of-200"):
        scale, offset = SCALINGS[name]
        for guard in (0.001, 0.01, 0.05):
            build = partial(_sums, request, scale=scale, offset=offset, min_denominator=guard)
            yield BatteryCase(f"scaling-{name}-guard-{guard:g}", request, build, needs=needs)


def _opposed(request: Request, shape: tuple[int, int], **kwargs: Any) -> Call:
    """Return ordinary values with one pair of the largest of both signs among them."""
    call = plain_call(request, shape, **kwargs)
    for number, array in enumerate(call.arrays):
        array[2, 3] = request.limits[1 - number % 2]
    return call


def _without_scaling(request: Request) -> Iterator[BatteryCase]:
    """Yield the refusals of integers that nobody says how to scale, and of one of the keywords without the others."""
    together = dict(request.for_integers)
    if together and not request.is_float:
        build = partial(with_options, request, dict.fromkeys(together, OMITTED))
        first = next(iter(together))
        yield BatteryCase("error-counts-without-scaling", request, build, ValueError, (first,), ("reflectance",))
        build = partial(with_options, request, dict.fromkeys(together))
        yield BatteryCase("error-counts-with-scaling-of-none", request, build, ValueError, (first,))
    for name in together:
        for label, value in (("without", OMITTED), ("with-none-for", None)):
            build = partial(with_options, request, {name: value})
            yield BatteryCase(f"error-scaling-{label}-{name}", request, build, ValueError, (name,))


def _sums(request: Request, **kwargs: Any) -> Call:
    """Return every sum of two counts up to the largest of uint8, and those that lie about the Sentinel-2 shift."""
    first, second = np.meshgrid(np.arange(128), np.arange(0, 128, 3), indexing="ij")
    third = np.full(first.size, 2)
    if np.dtype(request.dtype).itemsize > 1:
        near = np.arange(200)
        first = np.concatenate([first.ravel(), near * 5, near * 5, near * 5])
        second = np.concatenate([second.ravel(), 2000 - near * 5, 1999 - near * 5, 2001 - near * 5])
        third = np.resize(np.arange(0, 4000, 2), first.size)
    arrays: list[Array] = [one.astype(request.dtype) for one in (first, second, third.reshape(first.shape))]
    return Call(tuple(arrays[: request.arrays]), kwargs)


def _every_count(request: Request, **kwargs: Any) -> Call:
    """Return every value of the integer dtype, or of uint16 as floats, beside the same values in another order."""
    low, high = (0, 65_535) if request.is_float else request.limits
    counts = np.arange(int(low), int(high) + 1).astype(request.dtype)
    rest = [request.rng(salt).permutation(counts) for salt in range(1, request.arrays)]
    return Call((counts, *rest), kwargs)
