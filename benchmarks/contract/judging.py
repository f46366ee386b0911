"""The one place that says whether an implementation keeps the contract; tests and ``lab verify`` ask here.

``check`` puts one battery case to one implementation, ``judge`` any call whose value is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import registry
from benchmarks.calls.breaches import Breach
from benchmarks.calls.comparison import same_bits
from benchmarks.calls.observe import observe
from benchmarks.contract.breadcrumb import note
from benchmarks.contract.findings import form_breaches, refusal_breaches, value_breaches
from benchmarks.contract.questions import cases, oracle_value
from benchmarks.contract.verdict import Question, Verdict, absent, verdict
from benchmarks.spec import Kernel
from inputs.battery.case import BatteryCase

THREAD_COUNTS = (1, 2, 3)


def check(
    kernel: Kernel, implementation: str, case: BatteryCase, function: Callable[..., Any] | None = None
) -> Verdict:
    """Put one battery case to one implementation.

    Parameters
    ----------
    kernel, implementation
        What is asked; `implementation` also decides whether threads are varied.
    case
        The question.
    function
        Called instead of the installed implementation.
    """
    function = function or registry.resolve(kernel, implementation)
    if function is None:
        return absent(kernel, implementation, case.dtype, case.name)
    expected = None if case.raises else oracle_value(kernel, case.build())
    return _answer(kernel, implementation, case, function, expected)


def _answer(
    kernel: Kernel, implementation: str, case: BatteryCase, function: Callable[..., Any], expected: Any
) -> Verdict:
    if expected is None:
        call = case.build()
        note(kernel.name, implementation, case.dtype, case.name)
        seen = observe(function, call.arrays, call.kwargs, kernel.arguments)
        return verdict(kernel, implementation, case.dtype, case.name, refusal_breaches(kernel, case, seen))
    return judge(kernel, implementation, function, Question(case.dtype, case.name, case.build, expected))


def judge(kernel: Kernel, implementation: str, function: Callable[..., Any], question: Question) -> Verdict:
    """Call a function on every number of threads and hold it against the oracle's value."""
    worst: float | None = None
    breaches: list[Breach] = []
    single: Any = None
    note(kernel.name, implementation, question.dtype, question.name)
    threads: Sequence[int | None] = THREAD_COUNTS if registry.takes_threads(implementation) else (None,)
    for count in threads:
        call = question.build()
        kwargs = call.kwargs if count is None else {"num_threads": count, **call.kwargs}
        seen = observe(function, call.arrays, kwargs, kernel.arguments)
        same = single is not None and _alike(single, seen.result) and same_bits(single, seen.result)
        if same:  # the values are those that were found right
            found = form_breaches(kernel, call, seen)
        else:
            found, ulp = value_breaches(kernel, call, seen, question.expected)
            worst = ulp if worst is None else worst
        if found or seen.found:
            label = f"with {count} threads " if count and count > 1 else ""
            breaches = [Breach(breach.kind, label + breach.text) for breach in (*found, *seen.found)]
            break
        if single is None:
            single = seen.result
        elif not same:
            breaches = [Breach("bits", f"the result differs between 1 and {count} threads")]
            break
    return verdict(kernel, implementation, question.dtype, question.name, breaches, max_ulp=worst)


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two results are objects of one kind, whose bits may be compared."""
    if type(one) is not type(other):
        return False
    return not isinstance(one, tuple) or [type(mine) for mine in one] == [type(their) for their in other]


def battery_verdicts(kernel: Kernel, functions: dict[str, Callable[..., Any]], dtype: str) -> Iterator[Verdict]:
    """Put the battery of one dtype to several implementations, asking the oracle once a case."""
    for case in cases(kernel, dtype):
        expected = None if case.raises else oracle_value(kernel, case.build())
        for name, function in functions.items():
            if "num_threads" not in case.needs or registry.takes_threads(name):
                yield _answer(kernel, name, case, function, expected)
