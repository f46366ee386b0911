"""The case battery: the corners at which array code goes wrong, for one dtype and for what a kernel takes.

The battery knows no kernel. Value cases are answered by the kernel's oracle, error cases by the exception's type and
the argument that its message names. ``benchmarks/contract/judging.py`` puts every implementation through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from inputs.battery.case import BatteryCase, Call
from inputs.battery.completion import complete
from inputs.battery.errors import error_cases
from inputs.battery.forms import form_cases
from inputs.battery.nodata import nodata_cases
from inputs.battery.numbers import number_cases
from inputs.battery.outputs import output_cases
from inputs.battery.places import place_cases
from inputs.battery.request import Request

Part = Callable[[Request], Iterator[BatteryCase]]
SHARED: Sequence[Part] = (form_cases, number_cases, nodata_cases, place_cases, output_cases, error_cases)

__all__ = ["BatteryCase", "Call", "Request", "battery"]


def battery(request: Request, own: Sequence[Part]) -> tuple[BatteryCase, ...]:
    """Return the cases of one dtype whose needs `request` meets, each under a name of its own.

    `own` are the parts of a family; those that all families share follow.

    Cases that need ``num_threads`` stay in; whoever runs them knows which implementations have threads. Keywords that
    the kernel requires, of all inputs or of integers, are filled in where a case does not give them.
    """
    cases = (case for part in (*own, *SHARED) for case in part(request))
    options = request.options | {"num_threads", "dtype", "nodata", "mask", "out"}
    return tuple(
        replace(_bounded(case, request), build=partial(_complete, case.build, request))
        for case in cases
        if case.needs <= options
    )


def _complete(build: Callable[[], Call], request: Request) -> Call:
    return complete(request, build())


def _too_short(request: Request, call: Call) -> bool:
    """Tell whether a core dimension of a call is shorter than the kernel takes."""
    shape = np.shape(call.arrays[0])
    axis = call.kwargs.get("axis", 0)
    return any(shape and shape[int(np.ravel(axis)[0])] < bound for _, bound in request.least)


def _bounded(case: BatteryCase, request: Request) -> BatteryCase:
    """Return a case whose core dimension is too short as one that must be refused."""
    if case.raises is None and request.least and _too_short(request, case.build()):
        return replace(case, raises=ValueError, blames=(0,))
    return case
