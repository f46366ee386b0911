"""Calls a function once and writes down everything that it did: result, error, warnings, and what it touched."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.calls.breaches import Breach
from benchmarks.spec import Array


@dataclass(frozen=True)
class Observation:
    """What one call did.

    Attributes
    ----------
    result
        A copy of what it returned, or None after an error: an array, or a tuple of arrays. Anything else is kept as it
        is.
    error
        The exception that it raised, or None.
    found
        What a call must never do, whatever its arguments: change an input, write beside `out`, touch `out` before an
        error, warn, return something else than `out`.
    """

    result: Any
    error: BaseException | None
    found: tuple[Breach, ...]

    @property
    def breaches(self) -> tuple[str, ...]:
        """The sentences of what was found."""
        return tuple(breach.text for breach in self.found)


def root_of(array: Array) -> Array:
    """Return the array that owns (or first exposes) the memory under a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return np.asarray(array)


def each_output(out: Any) -> dict[str, Array]:
    """Return the arrays of an `out`, by the names that errors give them: ``out``, or ``out[0]`` and so on."""
    members = {f"out[{k}]": one for k, one in enumerate(out)} if isinstance(out, tuple | list) else {"out": out}
    return {name: one for name, one in members.items() if isinstance(one, np.ndarray)}


def _roots(named: Mapping[str, Any]) -> dict[str, Array]:
    arrays = {name: value for name, value in named.items() if isinstance(value, np.ndarray)}
    return {name: root_of(array) for name, array in arrays.items() if array.dtype.kind != "O"}


def observe(
    function: Callable[..., Any], arrays: tuple[Any, ...], kwargs: Mapping[str, Any], names: tuple[str, ...]
) -> Observation:
    """Call ``function(*arrays, **kwargs)`` and report what it did; `names` are those of the array arguments."""
    out = kwargs.get("out")
    outs = each_output(out)
    inputs = {**dict(zip(names, arrays, strict=False)), **kwargs}
    inputs.pop("out", None)
    roots = _roots({**inputs, **outs})
    before = {name: root.tobytes(order="A") for name, root in roots.items()}
    held = {name: np.array(one, copy=True, subok=False) for name, one in outs.items()}
    returned, error, warned = _call(function, arrays, kwargs)
    result = _copy(returned)
    breaches = [Breach("warning", f"warned: {text}") for text in warned]
    if error is None:
        breaches += _result_breaches(returned, inputs, out)
        for name, one in outs.items():
            if one.flags.writeable:
                one[...] = held[name]
    for name, root in roots.items():
        if root.tobytes(order="A") != before[name]:
            breaches.append(_changed(name, error, is_output=name in outs))
    return Observation(result, error, tuple(breaches))


def _copy(returned: Any) -> Any:
    if isinstance(returned, tuple):
        return tuple(_copy(one) for one in returned)
    return np.array(returned, copy=True, order="K") if isinstance(returned, np.ndarray) else returned


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


def _changed(name: str, error: BaseException | None, *, is_output: bool) -> Breach:
    if error is not None:
        return Breach("beside" if is_output else "input", f"{name} was changed although the call raised")
    if is_output:
        return Breach("beside", f"memory beside {name} was written")
    return Breach("input", f"input {name} was modified")


def _result_breaches(returned: Any, inputs: Mapping[str, Any], out: Any) -> list[Breach]:
    if out is not None:
        return [] if returned is out else [Breach("out", "did not return out itself")]
    breaches = []
    fresh = [one for one in (returned if isinstance(returned, tuple) else (returned,)) if isinstance(one, np.ndarray)]
    given = [np.asarray(array) for array in inputs.values() if isinstance(array, np.ndarray)]
    if any(np.may_share_memory(one, array) for one in fresh for array in given):
        breaches.append(Breach("shared", "the fresh result shares memory with an input"))
    if any(np.may_share_memory(one, other) for one, other in combinations(fresh, 2)):
        breaches.append(Breach("shared", "the fresh results share memory with each other"))
    if not all(one.flags.writeable for one in fresh):
        breaches.append(Breach("shared", "the fresh result is read-only"))
    return breaches
