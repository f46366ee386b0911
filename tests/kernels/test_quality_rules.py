"""What a quality band of any integer dtype hides: classes, bits and fields of several bits, number by number."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from test_admission import odd

import eokernels

QUALITIES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def hidden(values: Any, bits: int, **asked: Any) -> Any:
    """Return which values hide, number by number."""
    words = [int(value) & (2**bits - 1) for value in values.reshape(-1)]
    gone = [bool(word & asked.get("reject_bits", 0)) for word in words]
    if "keep" in asked:
        gone = [int(value) not in asked["keep"] for value in values.reshape(-1)]
    for mask, rejected in asked.get("reject_fields", {}).items():
        low = (mask & -mask).bit_length() - 1
        gone = [one or (word & mask) >> low in rejected for one, word in zip(gone, words, strict=True)]
    return np.array(gone).reshape(values.shape)


@pytest.mark.parametrize("dtype", QUALITIES)
@pytest.mark.parametrize("misaligned", [False, True])
def test_every_rule_on_every_quality_band(dtype: str, misaligned: bool) -> None:
    rng = np.random.default_rng(8)
    bits = 1 if dtype == "bool" else 8 * np.dtype(dtype).itemsize
    least, most = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    qa = rng.choice(np.array([least, most, 0, 1, *rng.integers(least, most, 30, dtype, True)], dtype), (130, 141))
    counts = np.full(qa.shape, 3, np.uint16)
    present = [int(value) for value in np.unique(qa)]
    top, some = 1 << (bits - 1), {int(value) & (2**bits - 1) for value in qa[0]}
    rules: tuple[dict[str, Any], ...] = (
        {"keep": present[:2]}, {"keep": present[::2]}, {"keep": []}, {"reject_bits": 0}, {"reject_bits": top | 1},
        {"reject_fields": {top: {1}}}, {"reject_fields": {2**bits - 1: some}}, {"reject_fields": {}},
        {"reject_bits": top, "reject_fields": {1: [0]}},
        {"reject_fields": {(2**bits - 1) // 3 | 1: {0, 1}, 1: ()}},
    )  # fmt: skip
    for asked in rules:
        band = odd(qa) if misaligned else qa
        found = eokernels.mask_and_scale(counts, scale=2.0, offset=1.0, nodata=None, qa=band, **asked)
        np.testing.assert_array_equal(found, np.where(hidden(qa, bits, **asked), np.nan, 7.0), err_msg=str(asked))


WRONG_RULES = [
    (ValueError, "keep", "uint8", {"keep": [256]}), (ValueError, "keep", "int8", {"keep": [-129]}),
    (ValueError, "keep", "bool", {"keep": [2]}), (ValueError, "keep", "uint64", {"keep": [2**64]}),
    (ValueError, "keep", "uint16", {"keep": itertools.repeat(4)}), (TypeError, "keep", "uint8", {"keep": 4}),
    (TypeError, "keep", "uint8", {"keep": [True]}), (TypeError, "keep", "uint8", {"keep": [1.0]}),
    (ValueError, "reject_bits", "uint8", {"reject_bits": 256}),
    (ValueError, "reject_bits", "int16", {"reject_bits": -1}),
    (ValueError, "reject_bits", "bool", {"reject_bits": 2}), (TypeError, "reject_bits", "uint8", {"reject_bits": [1]}),
    (TypeError, "reject_fields", "uint16", {"reject_fields": [(3, {1})]}),
    (TypeError, "reject_fields", "uint16", {"reject_fields": {"3": {1}}}),
    (TypeError, "reject_fields", "uint16", {"reject_fields": {3: 1}}),
    (TypeError, "reject_fields", "uint16", {"reject_fields": {3: {"1"}}}),
    (ValueError, "reject_fields", "uint16", {"reject_fields": {0: {1}}}),
    (ValueError, "reject_fields", "uint16", {"reject_fields": {1 << 16: {1}}}),
    (ValueError, "reject_fields", "uint16", {"reject_fields": {3 << 8: {4}}}),
    (ValueError, "reject_fields", "uint16", {"reject_fields": {3: itertools.repeat(1)}}),
    (ValueError, "keep", "uint8", {"keep": [1], "reject_fields": {1: {1}}}),
    (ValueError, "keep", "uint8", {"keep": [1], "reject_bits": 1}), (ValueError, "qa", "uint8", {}),
    (TypeError, "qa", "float32", {"keep": [1]}), (TypeError, "qa", ">u2", {"keep": [1]}),
]  # fmt: skip


@pytest.mark.parametrize(("error", "name", "dtype", "asked"), WRONG_RULES, ids=str)
def test_wrong_rules_are_refused(error: type[Exception], name: str, dtype: str, asked: dict[str, Any]) -> None:
    counts = np.ones((2, 3), np.uint16)
    with pytest.raises(error, match=rf"^{name}\b"):
        eokernels.mask_and_scale(counts, scale=1, offset=0, nodata=None, qa=np.ones((2, 3), dtype), **asked)


@pytest.mark.parametrize("asked", [{"keep": [1]}, {"reject_bits": 1}, {"reject_fields": {1: {1}}}], ids=str)
def test_rules_need_a_band(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(asked))} .*qa"):
        eokernels.mask_and_scale(np.ones(3, np.uint16), scale=1, offset=0, nodata=None, **asked)
