"""What is wrong with one observed call: with its values and their form, or with how it was refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.calls.breaches import Breach, not_taken, raised
from benchmarks.calls.comparison import Comparison, as_due, compare_result
from benchmarks.calls.observe import Observation, each_output
from benchmarks.spec import Kernel
from inputs.battery.collection import BatteryCase, Call


def value_breaches(kernel: Kernel, call: Call, seen: Observation, expected: Any) -> tuple[list[Breach], float | None]:
    """Return what is wrong with the answer, and its largest distance from the oracle's."""
    if seen.error is not None:
        return [raised(seen.error)], None
    asked = call.kwargs.get("dtype")
    out_dtype = kernel.output_dtype(call.arrays[0].dtype.name) if asked is None else np.dtype(asked)
    scalar = gives_scalar(kernel, call)
    found = compare_result(kernel, seen.result, expected, out_dtype, scalar=scalar, keywords=call.kwargs)
    if not found.ok:
        return _faults(kernel, seen.result, expected, found, out_dtype, call.kwargs), found.max_ulp
    return form_breaches(kernel, call, seen), found.max_ulp


def form_breaches(kernel: Kernel, call: Call, seen: Observation) -> list[Breach]:
    """Return what is wrong with how an answer of right values lies in memory."""
    return [] if call.kwargs.get("out") is not None else _order_breaches(kernel, call, seen.result)


def _faults(  # noqa: PLR0917 (what is known of an answer)
    kernel: Kernel,
    result: Any,
    expected: Any,
    found: Comparison,
    out_dtype: np.dtype[Any] | str,
    keywords: Mapping[str, Any],
) -> list[Breach]:
    """Return what is wrong with a result; where that is its form, its values are looked at as well."""
    if found.kind == "value":
        return [Breach("value", found.detail)]
    values = as_due(kernel, result, out_dtype)
    if values is None:
        return [Breach("error", found.detail)]
    again = compare_result(kernel, values, expected, out_dtype, keywords=keywords)
    return [Breach(found.kind, found.detail), *([] if again.ok else [Breach("value", again.detail)])]


def gives_scalar(kernel: Kernel, call: Call) -> bool:
    """Tell whether a call gives a NumPy scalar: an elementwise one on nothing but arrays of no dimension."""
    fresh = kernel.dimensions.is_elementwise and call.kwargs.get("out") is None
    return fresh and all(array.ndim == 0 for array in call.arrays)


def _order_breaches(kernel: Kernel, call: Call, result: Any) -> list[Breach]:
    """Fresh results are in C order; in Fortran order where an elementwise kernel was given nothing else."""
    fortran = kernel.dimensions.is_elementwise and all(
        array.flags.f_contiguous and not array.flags.c_contiguous for array in call.arrays
    )
    flags = [one.flags for one in each_output(result).values()]
    if all(one.f_contiguous if fortran else one.c_contiguous for one in flags):
        return []
    return [Breach("order", f"the fresh result is not in {'Fortran' if fortran else 'C'} order")]


def refusal_breaches(kernel: Kernel, case: BatteryCase, seen: Observation) -> list[Breach]:
    """Return what is wrong with how a call was refused."""
    raises, error = case.raises or Exception, seen.error
    if error is None:
        return [Breach("accepts", f"accepted, expected {raises.__name__}"), *seen.found]
    if not_taken(error):
        return [raised(error), *seen.found]
    if not isinstance(error, raises):
        text = f"raised {type(error).__name__}, expected {raises.__name__}: {error}"
        return [Breach("exception", text), *seen.found]
    breaches, message = list(seen.found), str(error)
    blamed = [kernel.arguments[name] if isinstance(name, int) else name for name in case.blames]
    if blamed and not any(re.match(rf"{re.escape(name)}(?!\w)", message) for name in blamed):
        breaches.append(Breach("message", f"the message names none of {', '.join(blamed)}: {message}"))
    absent = [text for text in case.mentions if text not in message]
    return breaches + [Breach("message", f"the message does not point to {text}: {message}") for text in absent]
