"""The battery for kernels that take an image and its zones: labels of every dtype, empty zones, far offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, Array, BatteryCase, Call, frozen, labels, lay_out
from inputs.battery.errors import Wrong, wrong_options
from inputs.battery.request import Request

SHAPE = (13, 19)
GAP = 7
LABEL_DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def zone_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield the value cases of one dtype, and the refusals of labels and of their number."""
    yield from _values(request)
    yield from _labels(request)
    yield from _wrong_labels(request)
    yield from _shapes(request)
    yield from _numbers(request)
    yield from _layouts(request)


def _keyword(request: Request) -> str:
    """Return the keyword that says how many zones there are."""
    (keyword,) = dict(request.lengths).values()
    return keyword


def _usual(request: Request) -> int:
    return int(request.filled[_keyword(request)])


def _image(request: Request, shape: tuple[int, ...] = SHAPE, share: float = 0.3, **kwargs: Any) -> Call:
    """Return an ordinary image of which that share is missing; the battery puts labels beside it."""
    values = request.sample(shape)
    if not request.is_float:
        values[values == GAP] = GAP + 1
    values[request.rng(31).random(shape) < share] = np.nan if request.is_float else GAP
    return Call((values,), {**({} if request.is_float or not share else {"nodata": GAP}), **kwargs})


def _filled(request: Request, make: Callable[[np.random.Generator], Any]) -> Call:
    values = np.resize(np.asarray(make(request.rng(32))), SHAPE).astype(request.dtype)
    return Call((values,), {})


def _values(request: Request) -> Iterator[BatteryCase]:
    low, high = request.limits
    makes: dict[str, Callable[[np.random.Generator], Any]] = {
        "constant": lambda _: [3],
        "ties": lambda rng: rng.integers(1, 4, 17),
        "largest-integers": lambda _: np.array([high, high], request.dtype) if not request.is_float else [2.0**24],
        "least-and-largest": lambda _: np.array([low, high], request.dtype) if not request.is_float else [-1e30, 1e30],
    }
    if request.is_float:
        inf, nan = np.inf, np.nan
        makes |= {
            "all-nan": lambda _: [nan],
            "inf": lambda rng: rng.permutation([inf, *np.arange(40.0)]),
            "inf-of-both-signs": lambda rng: rng.permutation([inf, -inf, *np.arange(40.0)]),
            "inf-alone": lambda _: [inf, nan, nan],
            "zeros-of-both-signs": lambda _: [0.0, -0.0, nan],
            "far-1e6": lambda rng: 1e6 + rng.integers(0, 8, 31),
            "far-1e8": lambda rng: 1e8 + 8 * rng.integers(0, 8, 31),
            "small": lambda rng: 1e-30 * rng.random(31),
            "outlier": lambda rng: np.r_[1e20, rng.random(200)],
        }
    for name, make in makes.items():
        yield BatteryCase(f"values-{name}", request, partial(_filled, request, make))
    for share in (0.0, 0.3, 0.9):
        yield BatteryCase(f"gaps-{share}", request, partial(_image, request, share=share))
    if not request.is_float:
        for nodata in dict.fromkeys((None, int(low), int(high), 0)):
            build = partial(_image, request, share=0.0, nodata=nodata)
            yield BatteryCase(f"zones-nodata-{nodata}", request, build)
        yield BatteryCase("float64-output", request, partial(_image, request, dtype="float64"))


def _labelled(request: Request, make: Callable[[tuple[int, ...]], Any], **kwargs: Any) -> Call:
    call = _image(request)
    return Call((*call.arrays, make(SHAPE)), {**call.kwargs, **kwargs})


def _cast(drawn: Array, dtype: str, _shape: tuple[int, ...]) -> Array:
    return drawn.astype(dtype)


def _laid(drawn: Array, layout: str, _shape: tuple[int, ...]) -> Array:
    return lay_out(drawn.astype("int32"), layout)


def _labels(request: Request) -> Iterator[BatteryCase]:
    zones, keyword = _usual(request), _keyword(request)
    every = int(np.prod(SHAPE))
    rng = request.rng(33)
    drawn = rng.integers(0, zones, SHAPE)
    right: dict[str, Callable[[tuple[int, ...]], Any]] = {
        **{f"of-{dtype}": partial(_cast, drawn, dtype) for dtype in LABEL_DTYPES},
        "one-zone": lambda shape: np.zeros(shape, "int32"),
        "the-last-zone": lambda shape: np.full(shape, zones - 1, "uint8"),
        "none-in-range": lambda shape: np.full(shape, zones, "int16"),
        "below-zero": lambda shape: labels(shape, zones) - 1,
        "far-below-zero": lambda shape: np.where(
            labels(shape, zones) == 2, -(2**63), labels(shape, zones).astype("int64")
        ),
        "far-above": lambda shape: np.where(labels(shape, zones) == 2, 2**64 - 1, drawn.astype("uint64")),
        "beyond-int32": lambda shape: drawn + np.where(labels(shape, zones) == 3, 2**32, 0),
        "sorted": lambda shape: np.sort(drawn, axis=None).reshape(shape),
        "read-only": lambda _: frozen(drawn.astype("int32")),
        **{f"layout-{layout}": partial(_laid, drawn, layout) for layout in (*LAYOUTS, *ODD_LAYOUTS)},
    }
    for name, make in right.items():
        yield BatteryCase(f"labels-{name}", request, partial(_labelled, request, make))
    for count in (0, 1, 2, every + 5, 5000, np.int64(12), np.array(12)):
        build = partial(_labelled, request, lambda _: drawn, **{keyword: count})
        yield BatteryCase(f"zones-{type(count).__name__}-{int(count)}", request, build)


def _wrong_labels(request: Request) -> Iterator[BatteryCase]:
    drawn = request.rng(33).integers(0, _usual(request), SHAPE)
    wrong: dict[type[Exception], dict[str, Callable[[tuple[int, ...]], Any]]] = {
        TypeError: {
            "floats": lambda _: drawn.astype("float64"),
            "bool": lambda _: drawn > 2,
            "a-list": lambda _: drawn.tolist(),
            "none": lambda _: None,
            "byte-swapped": lambda _: drawn.astype(">i4"),
            "masked-array": lambda _: np.ma.masked_array(drawn),
        },
        ValueError: {
            "one-shorter": lambda _: drawn[:, :-1],
            "transposed": lambda _: drawn.T.copy(),
            "larger": lambda _: np.stack([drawn, drawn]),
            "broadcasting": lambda _: drawn[:, :1].copy(),
        },
    }
    for raises, group in wrong.items():
        for name, make in group.items():
            yield BatteryCase(f"error-labels-{name}", request, partial(_labelled, request, make), raises, (1,))


def _led(request: Request, lead: tuple[int, ...], shape: tuple[int, ...] = SHAPE) -> Call:
    """Return images in a row over one label image."""
    call = _image(request, (*lead, *shape))
    return Call((*call.arrays, labels(shape, _usual(request))), call.kwargs)


def _shapes(request: Request) -> Iterator[BatteryCase]:
    shapes: list[tuple[int, ...]] = [(0,), (1,), (7,), (0, 5), (5, 0), (1, 1), (3, 4, 5), (2, 3, 2, 5), (33, 131)]
    widths = [(3, width) for width in range(1, 70, 3)]
    for shape in [*shapes, *widths, (131, 517)]:
        build = partial(_image, request, shape)
        yield BatteryCase(f"shape-{'x'.join(map(str, shape))}", request, build)
    for lead in ((1,), (3,), (2, 3), (0,)):
        yield BatteryCase(f"lead-{'x'.join(map(str, lead))}", request, partial(_led, request, lead))
    yield BatteryCase("lead-of-a-row", request, partial(_led, request, (4,), (9,)))


def _numbers(request: Request) -> Iterator[BatteryCase]:
    keyword = _keyword(request)
    wrong: Wrong = {
        TypeError: {keyword: [1.0, "3", None, True, [3], np.array(2.0), np.array([1, 2])]},
        ValueError: {keyword: [-1, -(10**9)]},
    }
    yield from wrong_options(request, wrong)


def _altered(request: Request, alter: Callable[[Array], Array], shape: tuple[int, ...]) -> Call:
    call = _image(request, shape)
    return Call(tuple(alter(array) for array in call.arrays), call.kwargs)


def _layouts(request: Request) -> Iterator[BatteryCase]:
    alterations: Mapping[str, Callable[[Array], Array]] = {
        **{layout: partial(lay_out, layout=layout) for layout in (*LAYOUTS, *ODD_LAYOUTS)},
        "read-only": frozen,
        "zero-stride-rows": lambda x: np.broadcast_to(x[:1], x.shape),
        "zero-stride-columns": lambda x: np.broadcast_to(x[:, :1], x.shape),
        "transposed": lambda x: x.T.copy().T,
    }
    for name, alter in alterations.items():
        for large, shape in (("", (11, 37)), ("-large", (67, 131))):
            build = partial(_altered, request, alter, shape)
            yield BatteryCase(f"layout-{name}{large}", request, build)
