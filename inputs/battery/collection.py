"""The case battery: the corners at which array code goes wrong, for one dtype and for what a kernel takes.

The battery knows no kernel. Value cases are answered by the kernel's oracle, error cases by the exception's type and
the argument that its message names. ``benchmarks/contract/judging.py`` puts every implementation through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from inputs.battery.case import OMITTED, BatteryCase, Call, Request
from inputs.battery.errors import error_cases
from inputs.battery.forms import form_cases
from inputs.battery.nodata import nodata_cases
from inputs.battery.numbers import number_cases
from inputs.battery.outputs import output_cases
from inputs.battery.places import place_cases

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
        replace(case, build=partial(_complete, case.build, request)) for case in cases if case.needs <= options
    )


def _complete(build: Callable[[], Call], request: Request) -> Call:
    call = build()
    kwargs = {**request.filled, **call.kwargs}
    return Call(call.arrays, {name: value for name, value in kwargs.items() if value is not OMITTED})
