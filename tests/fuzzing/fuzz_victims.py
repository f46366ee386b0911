"""Spoilt forms of a kernel, each with one defect that random calls must find; loaded by name in the child process."""

from __future__ import annotations

import ctypes
import time
import warnings
from typing import Any

import numpy as np

import eokernels

KEPT: list[Any] = []


class Panic(BaseException):
    """As PyO3 raises it: no Exception."""


def right(*arrays: Any, **kwargs: Any) -> Any:
    return eokernels.normalized_difference(*arrays, **kwargs)


def _is_odd(arrays: tuple[Any, ...]) -> bool:
    """Tell whether this is one of the calls at which the defect shows."""
    return bool(arrays) and isinstance(arrays[0], np.ndarray) and arrays[0].ndim == 3


def crashes(*arrays: Any, **kwargs: Any) -> Any:
    if _is_odd(arrays) and "out" in kwargs:
        ctypes.string_at(8)
    return right(*arrays, **kwargs)


def hangs(*arrays: Any, **kwargs: Any) -> Any:
    if _is_odd(arrays):
        time.sleep(3600)
    return right(*arrays, **kwargs)


def panics(*arrays: Any, **kwargs: Any) -> Any:
    if _is_odd(arrays):
        raise Panic("index 3 of 2")
    return right(*arrays, **kwargs)


def has_a_defect(*arrays: Any, **kwargs: Any) -> Any:
    if _is_odd(arrays):
        raise RuntimeError("eokernels has a defect, please report it: index 3 of 2")
    return right(*arrays, **kwargs)


def warns(*arrays: Any, **kwargs: Any) -> Any:
    if _is_odd(arrays):
        warnings.warn("invalid value", RuntimeWarning, stacklevel=2)
    return right(*arrays, **kwargs)


def leaks_memory(*arrays: Any, **kwargs: Any) -> Any:
    KEPT.append(np.ones(1024))
    return right(*arrays, **kwargs)


def leaks_objects(*arrays: Any, **kwargs: Any) -> Any:
    KEPT.extend([object(), object(), object()])
    return right(*arrays, **kwargs)


def keeps_an_argument(*arrays: Any, **kwargs: Any) -> Any:
    if _is_odd(arrays):
        KEPT.append(arrays[0])
    return right(*arrays, **kwargs)


def writes_its_input(*arrays: Any, **kwargs: Any) -> Any:
    result = right(*arrays, **kwargs)
    if arrays[0].flags.writeable and arrays[0].size and "out" not in kwargs:
        arrays[0][(0,) * arrays[0].ndim] = 3
    return result


def writes_before_it_raises(*arrays: Any, **kwargs: Any) -> Any:
    out = kwargs.get("out")
    if isinstance(out, np.ndarray) and out.flags.writeable and out.dtype.kind == "f":
        out[...] = 5
    return right(*arrays, **kwargs)


def writes_beside_out(*arrays: Any, **kwargs: Any) -> Any:
    result = right(*arrays, **kwargs)
    out = kwargs.get("out")
    if isinstance(out, np.ndarray) and out.ndim == 1 and out.size and out.base is not None:
        ctypes.memset(out.ctypes.data + out.itemsize * out.size + 16, 7, 1)
    return result


def accepts_too_much(*arrays: Any, **kwargs: Any) -> Any:
    try:
        return right(*arrays, **kwargs)
    except (TypeError, ValueError):
        return right(*arrays, **{name: given for name, given in kwargs.items() if name == "out"})


def is_wrong(*arrays: Any, **kwargs: Any) -> Any:
    result = right(*arrays, **kwargs)
    if result.ndim == 2 and result.size > 50:
        result[0, 0] = 0.123
    return result
