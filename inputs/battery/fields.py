"""The battery's words of bits: quality bands of every integer dtype, and fields of several bits in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from inputs.battery.case import Array, BatteryCase, Call
from inputs.battery.forms import good_call, new_out
from inputs.battery.qa_bands import NEEDS, Endless
from inputs.battery.request import Request

WORDS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
SHAPE = (8, 36)


def field_cases(request: Request) -> Iterator[BatteryCase]:
    """Yield values and refusals of quality bands as words, for kernels that take one."""
    if not request.options >= NEEDS | {"reject_fields"}:
        return
    for dtype in WORDS:
        for name, make in _choices(dtype).items():
            yield BatteryCase(f"qa-{dtype}-{name}", request, partial(_read, request, dtype, make))
        for raises, name, blames, options in _wrong(dtype):
            build = partial(_refused, request, dtype, options)
            yield BatteryCase(f"error-qa-{dtype}-{name}", request, build, raises, (blames,))
    for name, make in FORMS.items():
        yield BatteryCase(f"qa-fields-{name}", request, partial(_read, request, "uint16", make))


Choice = Callable[[], Mapping[str, Any]]
CONFIDENCES = {0b11 << 8: {2, 3}, 0b11 << 14: {3}}
FORMS: Mapping[str, Choice] = {
    "none": lambda: {"reject_fields": {}},
    "no-value": lambda: {"reject_fields": {3: ()}},
    "of-landsat": lambda: {"reject_fields": CONFIDENCES},
    "of-landsat-and-bits": lambda: {"reject_fields": CONFIDENCES, "reject_bits": 0b11111},
    "and-no-bits": lambda: {"reject_fields": CONFIDENCES, "reject_bits": 0},
    "a-range": lambda: {"reject_fields": {0b1111_0000: range(3, 9)}},
    "an-array": lambda: {"reject_fields": {0b1100: np.array([1, 3], np.int16)}},
    "a-generator": lambda: {"reject_fields": {0b1100: (value for value in (1, 3))}},
    "a-list-with-repeats": lambda: {"reject_fields": {0b1100: [1, 1, 3]}},
    "numpy-integers": lambda: {"reject_fields": {np.uint16(12): [np.int64(1), np.uint8(3)]}},
    "a-proxy": lambda: {"reject_fields": MappingProxyType({12: {0}})},
    "in-order": lambda: {"reject_fields": OrderedDict(CONFIDENCES)},
    "that-overlap": lambda: {"reject_fields": {0b1110: {5}, 0b0111: {5}, 0b1: {1}}},
    "with-holes": lambda: {"reject_fields": {0b1010_0010: {0, 1, 0b101_0001}}},
    "the-whole-word": lambda: {"reject_fields": {65_535: {0, 7, 65_535}}},
    "the-highest-bit": lambda: {"reject_fields": {1 << 15: {1}}},
}


def _word(dtype: str) -> tuple[int, int, int]:
    """Return least and greatest value of a dtype, and the greatest number of its bits."""
    if dtype == "bool":
        return 0, 1, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max), 2**info.bits - 1


def _choices(dtype: str) -> dict[str, Choice]:
    low, high, bits = _word(dtype)
    top = (bits >> 1) + 1
    numbers = sorted({low, 0, 1, high} | ({4, 5, high - 1, low + 1} if high > 1 else set()))
    choices: dict[str, Choice] = {
        "keep-none": lambda: {"keep": []},
        "keep-some": lambda: {"keep": numbers[::2]},
        "keep-ends": lambda: {"keep": {low, high}},
        "bits-none": lambda: {"reject_bits": 0},
        "bits-first": lambda: {"reject_bits": 1},
        "bits-top": lambda: {"reject_bits": top},
        "bits-all": lambda: {"reject_bits": bits},
        "fields-first": lambda: {"reject_fields": {1: {0}}},
        "fields-top": lambda: {"reject_fields": {top: {1}}},
        "fields-all": lambda: {"reject_fields": {bits: [0, bits]}},
    }
    if high > 1:
        choices["fields-of-two-bits"] = lambda: {"reject_fields": {0b11 << 2: {2, 3}, 0b11 << 5: {0}}}
        choices["fields-and-bits"] = lambda: {"reject_fields": {0b11 << 2: {1}}, "reject_bits": 1 | top}
        choices["fields-to-the-top"] = lambda: {"reject_fields": {top | top >> 1: {2, 3}}}
    return choices


def _band(request: Request, dtype: str) -> Array:
    """Return every value that decides something, and others."""
    low, high, _ = _word(dtype)
    if dtype == "bool":
        return request.rng(81).random(SHAPE) < 0.5
    band = request.rng(82).integers(low, high, SHAPE, dtype=dtype, endpoint=True)
    word = band.view(np.dtype(f"u{band.itemsize}"))
    word[1] &= word.dtype.type(0b0111_1110)
    one = word.dtype.type(1)
    for column in range(8 * band.itemsize if band.itemsize < 4 else 32):
        word[2, column] = one << one.dtype.type(column)
        word[3, column] = ~word[2, column]
    word[4], band[5, :4] = word.dtype.type(0), (low, high, 4, 5)
    return band


def _read(request: Request, dtype: str, make: Choice) -> Call:
    band = _band(request, dtype)
    return good_call(request, SHAPE).given(qa=band, **make())


def _wrong(dtype: str) -> Iterator[tuple[type[Exception], str, str, Mapping[str, Any]]]:
    low, high, bits = _word(dtype)
    for number in (low - 1, high + 1):
        yield ValueError, f"keep-{number}", "keep", {"keep": [number]}
    for number in (-1, bits + 1):
        yield ValueError, f"bits-{number}", "reject_bits", {"reject_bits": number}
    fields: dict[type[Exception], dict[str, Any]] = {
        ValueError: {
            "mask-0": {0: {1}},
            "mask-negative": {-1: {1}},
            "mask-too-wide": {bits + 1: {1}},
            "value-too-large": {1: {2}},
            "value-negative": {1: {-1}},
        },
        TypeError: {"no-mapping": [(1, {1})], "mask-a-float": {1.0: {1}}, "value-a-float": {1: {1.0}}},
    }
    if dtype == "uint16":
        fields[TypeError] |= {
            "a-number": 3, "text": "3", "a-set": {3}, "mask-text": {"3": {1}}, "mask-bool": {True: {1}},
            "mask-none": {None: {1}}, "value-bool": {1: {True}}, "value-text": {3: "12"}, "values-a-number": {3: 1},
            "values-none": {3: None},
        }  # fmt: skip
        fields[ValueError] |= {"value-beyond-field": {0b11 << 8: {4}}, "value-unshifted": {0b11 << 8: {0b10 << 8}},
                               "values-without-end": {3: Endless(1)}}  # fmt: skip
    for raises, group in fields.items():
        for name, given in group.items():
            yield raises, f"fields-{name}", "reject_fields", {"reject_fields": given}


def _refused(request: Request, dtype: str, options: Mapping[str, Any]) -> Call:
    return good_call(request).given(qa=np.zeros((5, 7), dtype), out=new_out(request), **options)
