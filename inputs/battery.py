"""The case battery: the corners at which array code goes wrong, for a family, a dtype and a number of arrays.

The battery knows no kernel. Value cases are answered by the kernel's oracle, error cases by the exception's type and
the argument that its message names. ``benchmarks/contract.py`` puts every implementation through it.
"""

from __future__ import annotations

from inputs.battery_case import BatteryCase, Call, Request
from inputs.battery_elementwise import elementwise_cases
from inputs.battery_errors import error_cases
from inputs.battery_forms import form_cases
from inputs.battery_temporal import temporal_cases

__all__ = ["BatteryCase", "Call", "Request", "battery"]


def battery(request: Request) -> tuple[BatteryCase, ...]:
    """Return the cases of one dtype whose needs `request` meets, each under a name of its own.

    Cases that need ``num_threads`` stay in; whoever runs them knows which implementations have threads.
    """
    values = elementwise_cases if request.family == "elementwise" else temporal_cases
    cases = (*values(request), *form_cases(request), *error_cases(request))
    options = request.options | {"num_threads", "dtype", "nodata", "mask", "out"}
    return tuple(case for case in cases if case.needs <= options)
