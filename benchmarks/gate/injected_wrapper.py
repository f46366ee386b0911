"""What is put around a function to slow it down by a known amount; `benchmarks.gate.injections` copies it into a build.

It imports NumPy alone, as it runs inside the package.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import numpy as np


def wrap(function: Callable[..., Any], kind: str, amount: float) -> Callable[..., Any]:
    """Return the function with something that comes on top of each call."""
    return {
        "spin": _spin,
        "pass": _pass,
        "strided-copy": _strided_copy,
        "lost-out": _lost_out,
        "allocation": _allocation,
    }[kind](function, amount)


def _spin(function: Callable[..., Any], amount: float) -> Callable[..., Any]:
    def slower(*arrays: Any, **options: Any) -> Any:
        began = perf_counter_ns()
        result = function(*arrays, **options)
        taken = perf_counter_ns() - began
        until = began + taken * (1 + amount)
        while perf_counter_ns() < until:
            pass
        return result

    return slower


def _pass(function: Callable[..., Any], amount: float) -> Callable[..., Any]:
    def slower(*arrays: Any, **options: Any) -> Any:
        for _ in range(int(amount)):
            np.max(arrays[0])
        if part := _part(arrays[0], amount % 1).size:
            np.max(_part(arrays[0], amount % 1)[:part])
        return function(*arrays, **options)

    return slower


def _strided_copy(function: Callable[..., Any], amount: float) -> Callable[..., Any]:
    def slower(*arrays: Any, **options: Any) -> Any:
        part = _part(arrays[0], amount)
        rows = part[: part.size // 64 * 64].reshape(64, -1)
        np.ascontiguousarray(rows.T)
        return function(*arrays, **options)

    return slower


def _lost_out(function: Callable[..., Any], _: float) -> Callable[..., Any]:
    def slower(*arrays: Any, out: Any = None, **options: Any) -> Any:
        result = function(*arrays, **options)
        if out is None:
            return result
        several = isinstance(out, tuple)
        for target, made in zip(out if several else (out,), result if several else (result,), strict=True):
            np.copyto(target, made)
        return out

    return slower


def _allocation(function: Callable[..., Any], amount: float) -> Callable[..., Any]:
    def slower(*arrays: Any, **options: Any) -> Any:
        result = function(*arrays, **options)
        like = result[0] if isinstance(result, tuple) else result
        np.empty(max(1, int(np.size(like) * amount)), np.asarray(like).dtype).fill(0)
        return result

    return slower


def _part(array: Any, share: float) -> Any:
    flat = np.asarray(array).reshape(-1)
    return flat[: int(flat.size * share)]
