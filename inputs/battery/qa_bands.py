"""The battery's quality bands: classes that stay, bits that are rejected, and the forms that the band may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, Array, BatteryCase, Call, carve, frozen, lay_out
from inputs.battery.elementwise import Subclass
from inputs.battery.forms import good_call, new_out, out_shape
from inputs.battery.request import Request

NEEDS = frozenset({"qa", "keep", "reject_bits"})
CLEAR = (4, 5, 7)
HIGH_BITS = 0b1000_0000_0000_1000
ENOUGH = 500_000

KEEPS: Mapping[str, Callable[[], Any]] = {
    "none": lambda: (),
    "no-array": lambda: np.array([], np.uint8),
    "as-many-as-there-may-be": lambda: [4] * 65_536,
    "one": lambda: (4,),
    "scene-classes": lambda: CLEAR,
    "ends": lambda: [0, 255],
    "all": lambda: range(256),
    "all-but-one": lambda: set(range(256)) - {9},
    "above-127": lambda: frozenset(range(128, 256)),
    "twice-the-same": lambda: [4, 4, 5, 4],
    "an-array": lambda: np.array([7, 5, 4], np.uint8),
    "an-array-of-int64": lambda: np.array([16, 17, 200]),
    "a-strided-array": lambda: np.arange(40, dtype=np.int16)[::-3],
    "numpy-integers": lambda: (np.uint8(4), np.int64(15)),
    "a-generator": lambda: (number for number in (3, 4, 31)),
    "keys": {4: "vegetation", 5: "soil"}.keys,
}
"""Made anew for each call: a generator can be read once."""
REJECTED = {"none": 0, "fill": 1, "landsat": 0b11111, "bit-7": 128, "eight": 255, "numpy": np.uint16(6),
            "0d": np.array(6), "one-element": np.array([6], np.uint8)}  # fmt: skip
REJECTED_HIGH = {"bit-8": 256, "bit-15": 1 << 15, "high-and-low": HIGH_BITS, "all": 65_535, "all-but-one": 65_534}


def quality_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield values and refusals of a quality band, for kernels that take one."""
    if not request.options >= NEEDS:
        return
    for name, build in (*_classes(request), *_forms(request)):
        yield BatteryCase(f"qa-{name}", request, build)
    for raises, blames, name, options in (*_wrong_together(), *_wrong_bands(), *_wrong_choices()):
        build = partial(_refused, request, options)
        yield BatteryCase(f"error-qa-{name}", request, build, raises, blames)
    for late in (0, 16):
        build = partial(_over_quality, request, late)
        yield BatteryCase(f"overlap-qa-{late}-bytes-late", request, build, ValueError, ("out",))


Named = tuple[str, Callable[[], Call]]


def with_classes(request: Request, call: Call) -> Call:
    """Return the call with a band of scene classes, of which some stay, where the kernel takes one."""
    if not request.options >= NEEDS:
        return call
    qa = request.rng(21).integers(0, 12, call.arrays[0].shape, dtype=np.uint8)
    return call.given(qa=qa, keep=CLEAR)


def _classes_call(request: Request, shape: Sequence[int] | None = None, **kwargs: Any) -> Call:
    return with_classes(request, good_call(request, shape)).given(**kwargs)


def _bits_call(request: Request, shape: Sequence[int] | None = None, dtype: str = "uint16", **kwargs: Any) -> Call:
    call = good_call(request, shape)
    qa = request.rng(22).integers(0, np.iinfo(dtype).max, call.arrays[0].shape, dtype=dtype, endpoint=True)
    return call.given(**{"qa": qa & qa[::-1], "reject_bits": HIGH_BITS if dtype == "uint16" else 12, **kwargs})


def _kept(request: Request, make: Callable[[], Any], **kwargs: Any) -> Call:
    """Return every class under counts that are all valid."""
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    return good_call(request, (16, 16), **kwargs).given(qa=every, keep=make())


def _rejected(request: Request, qa: Array, bits: Any) -> Call:
    return good_call(request, qa.shape).given(qa=qa, reject_bits=bits)


def _classes(request: Request) -> Iterator[Named]:
    for name, make in KEEPS.items():
        yield f"keep-{name}", partial(_kept, request, make)
    if not request.is_float:
        yield "keep-float64", partial(_kept, request, KEEPS["scene-classes"], dtype="float64")
    narrow = np.arange(256, dtype=np.uint8).reshape(16, 16)
    wide = np.concatenate([np.arange(256), 1 << np.arange(16), 65_535 - (1 << np.arange(16))]).astype(np.uint16)
    for name, bits in {**REJECTED, **REJECTED_HIGH}.items():
        yield f"reject-{name}", partial(_rejected, request, wide.reshape(16, 18), bits)
        if name in REJECTED:
            yield f"reject-{name}-in-uint8", partial(_rejected, request, narrow, bits)


def _relaid(make: Callable[..., Call], alter: Callable[[Array], Array], **kwargs: Any) -> Call:
    call = make(**kwargs)
    return call.given(qa=alter(call.kwargs["qa"]))


def _forms(request: Request) -> Iterator[Named]:
    alterations: dict[str, Callable[[Array], Array]] = {
        **{f"layout-{layout}": partial(lay_out, layout=layout) for layout in (*LAYOUTS, *ODD_LAYOUTS)},
        "row": lambda qa: qa[0],
        "column": lambda qa: qa[..., :1],
        "one-element": lambda qa: qa.reshape(-1)[:1],
        "last-two-axes": lambda qa: qa[0] if qa.ndim > 2 else qa,
        "band-axis-of-one": lambda qa: qa[:, :1] if qa.ndim > 3 else qa[:1],
        "broadcast-view": lambda qa: np.broadcast_to(qa[:1], qa.shape),
        "read-only": frozen,
        "subclass": lambda qa: qa.view(Subclass),
    }
    for kind, make in (("classes", _classes_call), ("bits", _bits_call)):
        for name, alter in alterations.items():
            for shape in ((5, 19), (3, 2, 4, 9)):
                text = "x".join(map(str, shape))
                yield f"{kind}-{name}-{text}", partial(_relaid, partial(make, request), alter, shape=shape)
        sizes: tuple[tuple[int, ...], ...] = ((0, 5), (5, 0), (1, 1), (1037,), (3, 70), (2, 33), (7, 17), (263, 31))
        for size in sizes:
            yield f"{kind}-of-shape-{'x'.join(map(str, size))}", partial(make, request, size)
        mask = request.rng(23).random((5, 7)) < 0.3
        yield f"{kind}-and-mask", partial(make, request, mask=mask)
        yield f"{kind}-and-nodata", partial(make, request, (20, 21), nodata=int(request.sample((1,))[0]))
        yield f"{kind}-and-fortran-counts", partial(_fortran, request, make)
        for layout in ("c", "sliced", "negative"):
            yield f"{kind}-into-out-{layout}", partial(_into_out, request, make, layout)
    yield "bits-of-uint8", partial(_bits_call, request, (5, 19), "uint8")


def _into_out(request: Request, make: Callable[..., Call], layout: str) -> Call:
    return make(request, out=lay_out(np.zeros((5, 7), request.out_dtype), layout))


def _fortran(request: Request, make: Callable[..., Call]) -> Call:
    call = make(request)
    return Call(tuple(np.asfortranarray(array) for array in call.arrays), call.kwargs)


class Endless:
    """A number over and over: no iterable that ends, except that a reader who never stops is told so after a while."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"{self.number}-without-end"

    def __iter__(self) -> Iterator[int]:
        for _ in range(ENOUGH):
            yield self.number
        raise RuntimeError(f"{ENOUGH} items were read of an iterable that has no end")


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) < 40 else f"{text[:20]}…-{len(value)}-items"


Refusal = tuple[type[Exception], tuple[str, ...], str, Mapping[str, Any]]
BITS: Mapping[str, Any] = {"keep": None, "reject_bits": 1}
FIELDS: Mapping[str, Any] = {"keep": None, "reject_fields": {0b1100: {2, 3}}}


def _wrong_together() -> Iterator[Refusal]:
    together = ("qa", "keep", "reject_bits", "reject_fields")
    yield ValueError, together, "alone", {"keep": None}
    yield ValueError, together, "with-both", {"reject_bits": 1}
    yield ValueError, together, "with-keep-and-fields", {"reject_fields": {1: {1}}}
    yield ValueError, together, "with-all-three", {"reject_bits": 1, "reject_fields": {1: {1}}}
    yield ValueError, together, "keep-without-it", {"qa": None}
    yield ValueError, together, "bits-without-it", {"qa": None, **BITS}
    yield ValueError, together, "fields-without-it", {"qa": None, **FIELDS}
    yield ValueError, ("reject_bits",), "bits-beyond-uint8", {"keep": None, "reject_bits": 256}


def _wrong_bands() -> Iterator[Refusal]:
    shapes = {"too-wide": (5, 8), "too-narrow": (5, 6), "larger-than-counts": (2, 5, 7), "transposed": (7, 5)}
    for name, shape in shapes.items():
        yield ValueError, ("qa",), name, {"qa": np.zeros(shape, np.uint8)}
    yield TypeError, ("qa",), "list", {"qa": [[4] * 7] * 5}
    yield TypeError, ("qa",), "masked-array", {"qa": np.ma.masked_array(np.zeros((5, 7), np.uint8))}
    for dtype in ("float16", "float32", "float64", "complex64", "object", "S1", "datetime64[D]", ">i2", ">u8"):
        for kind, choice in (("classes", {}), ("bits", BITS), ("fields", FIELDS)):
            yield TypeError, ("qa",), f"{kind}-of-{dtype}", {"qa": np.zeros((5, 7), dtype), **choice}


def _wrong_choices() -> Iterator[Refusal]:
    keeps: Mapping[type[Exception], list[Any]] = {
        TypeError: [4, 4.0, "45", [4.0], ["4"], [None], [[4]], [True], np.array([4.0])],
        ValueError: [[256], [-1], [4, 10**9], [10**30], np.array([300]), range(70_000), [4] * 65_537, Endless(4)],
    }
    rejected: Mapping[type[Exception], list[Any]] = {
        TypeError: [1.0, "1", True, [1], 1j, np.array(True), np.array([1, 2])],
        ValueError: [-1, 65_536, 10**9, 2**64, np.array(256)],
    }
    for raises in (TypeError, ValueError):
        for value in keeps[raises]:
            yield raises, ("keep",), f"keep-{_short(value)}", {"keep": value}
        for value in rejected[raises]:
            yield raises, ("reject_bits",), f"reject-{value!r}", {**BITS, "reject_bits": value}


def _refused(request: Request, options: Mapping[str, Any]) -> Call:
    return _classes_call(request, out=new_out(request), **options)


def _over_quality(request: Request, late: int) -> Call:
    """Return a call whose `out` begins `late` bytes into the quality band."""
    memory = np.zeros(4096, np.uint8)
    qa = carve(memory, 0, (5, 7), "uint8")
    out = carve(memory, late, out_shape(request), request.out_dtype)
    return _classes_call(request, qa=qa, out=out)
