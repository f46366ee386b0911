"""Answers of a measurement, one array or a tuple of several, held against the oracle's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.calls.comparison import Comparison, compare_result, same_bits
from benchmarks.spec import Array, Kernel

Answer = Array | tuple[Array, ...]


def arrays_of(answer: Any) -> tuple[Any, ...]:
    """Return the outputs of a call: the members of a tuple, or the one array."""
    return answer if isinstance(answer, tuple) else (answer,)


def copy_of(answer: Answer) -> tuple[Array, ...]:
    """Return copies of the outputs of a call."""
    return tuple(np.array(array, copy=True) for array in arrays_of(answer))


def stacked(answer: Any) -> Array:
    """Return the oracle's outputs, which have one shape, as one float64 array ``(outputs, …)``."""
    return np.stack([np.asarray(array, np.float64) for array in arrays_of(answer)])


def judge(
    kernel: Kernel, result: Any, expected: Array, dtype: np.dtype[Any], keywords: Mapping[str, Any] | None = None
) -> Comparison:
    """Compare what a call of output dtype `dtype` returned with the oracle's answer as `stacked` gives it."""
    right = tuple(expected) if len(expected) > 1 else expected[0]
    return compare_result(kernel, result, right, dtype, keywords=keywords)


def same_answer(result: Any, other: tuple[Array, ...]) -> bool:
    """Tell whether a result is bit for bit one that was found right."""
    found = arrays_of(result)
    return (
        len(found) == len(other)
        and all(isinstance(array, np.ndarray) for array in found)
        and isinstance(result, tuple) == (len(other) > 1)
        and all(_same_bytes(one, right) or same_bits(one, right) for one, right in zip(found, other, strict=True))
    )


def digest(answer: Any) -> str:
    """Return the hash of an answer's types, shapes and bytes; empty, which is no hash, where it is not of arrays."""
    found = hashlib.blake2b(b"several" if isinstance(answer, tuple) else b"one", digest_size=16)
    for array in arrays_of(answer):
        if not isinstance(array, np.ndarray):
            return ""
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _same_bytes(one: Array, other: Array) -> bool:
    """Tell whether two arrays agree byte for byte, in one pass; those that do not may differ in NaNs alone."""
    if one.dtype != other.dtype:
        return False
    as_words = f"u{one.itemsize}"
    return np.array_equal(one.view(as_words), other.view(as_words))
