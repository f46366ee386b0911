"""Calls a function once and writes down everything that it did: result, error, warnings, and what it touched."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.spec import Array


@dataclass(frozen=True)
class Observation:
    """What one call did.

    Attributes
    ----------
    result
        A copy of what it returned, or None after an error. Anything that is no array is kept as it is.
    error
        The exception that it raised, or None.
    breaches
        Sentences about what a call must never do, whatever its arguments: change an input, write beside `out`,
        touch `out` before an error, warn, return something else than `out`.
    """

    result: Any
    error: BaseException | None
    breaches: tuple[str, ...]


def root_of(array: Array) -> Array:
    """Return the array that owns (or first exposes) the memory under a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return np.asarray(array)


def _roots(named: Mapping[str, Any]) -> dict[str, Array]:
    arrays = {name: value for name, value in named.items() if isinstance(value, np.ndarray)}
    return {name: root_of(array) for name, array in arrays.items() if array.dtype.kind != "O"}


def observe(
    function: Callable[..., Any], arrays: tuple[Any, ...], kwargs: Mapping[str, Any], names: tuple[str, ...]
) -> Observation:
    """Call ``function(*arrays, **kwargs)`` and report what it did; `names` are those of the array arguments."""
    out = kwargs.get("out")
    named = {**dict(zip(names, arrays, strict=False)), "mask": kwargs.get("mask"), "out": out}
    roots = _roots(named)
    before = {name: root.tobytes(order="A") for name, root in roots.items()}
    held = np.array(out, copy=True, subok=False) if isinstance(out, np.ndarray) else None
    returned, error, warned = _call(function, arrays, kwargs)
    result = np.array(returned, copy=True, order="K") if isinstance(returned, np.ndarray) else returned
    breaches = [f"warned: {text}" for text in warned]
    if error is None:
        breaches += _result_breaches(returned, arrays, out)
        if held is not None and isinstance(out, np.ndarray) and out.flags.writeable:
            out[...] = held
    for name, root in roots.items():
        if root.tobytes(order="A") != before[name]:
            breaches.append(_changed(name, error))
    return Observation(result, error, tuple(breaches))


def _call(
    function: Callable[..., Any], arrays: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Any, BaseException | None, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            returned, error = function(*arrays, **kwargs), None
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as raised:  # a panic is one, and a finding
            returned, error = None, raised
    return returned, error, [f"{w.category.__name__}: {w.message}" for w in caught]


def _changed(name: str, error: BaseException | None) -> str:
    if error is not None:
        return f"{name} was changed although the call raised"
    return "memory beside out was written" if name == "out" else f"input {name} was modified"


def _result_breaches(returned: Any, arrays: tuple[Any, ...], out: Any) -> list[str]:
    if out is not None:
        return [] if returned is out else ["did not return out itself"]
    if not isinstance(returned, np.ndarray):
        return []
    breaches = []
    if any(isinstance(array, np.ndarray) and np.may_share_memory(returned, array) for array in arrays):
        breaches.append("the fresh result shares memory with an input")
    if not returned.flags.writeable:
        breaches.append("the fresh result is read-only")
    return breaches
