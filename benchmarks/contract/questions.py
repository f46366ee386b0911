"""What is asked of a kernel: what the battery has to know of its declaration, and what the oracle says to a call."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from benchmarks.kernels._shared import lone
from benchmarks.spec import Kernel
from inputs import families
from inputs.battery.case import BatteryCase, Call
from inputs.battery.collection import battery
from inputs.battery.request import Request


def options(kernel: Kernel) -> frozenset[str]:
    """Return the choices that a kernel offers: the oracle's keywords, and what its contract says of its arrays."""
    own = {name for name in inspect.signature(kernel.oracle).parameters if name not in kernel.arguments}
    flags = {"in_place": kernel.contract.in_place, "broadcasts": kernel.contract.broadcasts}
    return frozenset(own | {name for name, there in flags.items() if there})


def numbers(kernel: Kernel) -> dict[str, int | float]:
    """Return the keywords that are numbers, each with its default or, without one, the value of the declaration."""
    defaults = {name: one.default for name, one in inspect.signature(kernel.oracle).parameters.items()}
    known = {**defaults, **kernel.required, **kernel.for_integers}
    return {name: base for name, base in known.items() if isinstance(base, int | float) and type(base) is not bool}


def request(kernel: Kernel, dtype: str) -> Request:
    """Return what the battery has to know about a kernel: no more than this."""
    return Request(
        kernel.dimensions,
        dtype,
        kernel.output_dtype(dtype).name,
        len(kernel.data),
        options(kernel),
        tuple(kernel.contract.dtypes),
        tuple(output.dtype for output in kernel.contract.outputs),
        tuple(kernel.required.items()),
        tuple(kernel.for_integers.items()),
        tuple(numbers(kernel).items()),
        kernel.shift,
        tuple(kernel.roles[name] for name in kernel.arguments if name in kernel.roles),
        tuple(kernel.lengths.items()),
        tuple(kernel.least.items()),
        tuple(kernel.probes.items()),
    )


def cases(kernel: Kernel, dtype: str) -> tuple[BatteryCase, ...]:
    """Return the battery of a kernel for one input dtype."""
    return battery(request(kernel, dtype), families.get(kernel.family).battery)


def oracle_value(kernel: Kernel, call: Call) -> Any:
    """Return what the oracle says to a call, as float64: an array, or of several outputs a tuple of arrays."""
    kwargs = {name: value for name, value in call.kwargs.items() if name not in ("out", "num_threads")}
    if kwargs.get("dtype") is not None:
        kwargs["dtype"] = np.dtype(kwargs["dtype"])  # first, as it may be an object that changes the arrays
    for name in kwargs.keys() & {*numbers(kernel), "nodata", "reject_bits"}:
        kwargs[name] = lone(kwargs[name])
    answer = kernel.oracle(*call.arrays, **kwargs)
    if len(kernel.contract.outputs) > 1:
        return tuple(np.asarray(one, np.float64) for one in answer)
    return np.asarray(answer, np.float64)
