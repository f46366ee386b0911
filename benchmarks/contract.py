"""The one place that says whether an implementation keeps the contract; tests, ``lab verify`` and timing ask here.

``check`` puts one battery case to one implementation. ``verify`` yields a verdict for everything there is to ask of a
kernel: the battery over all dtypes, the named cases in small, real data, golden values, the structure of the call
(threads, chunks, hidden copies), and the oracle itself against its outside authority.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmarks import registry
from benchmarks.breaches import Breach
from benchmarks.breadcrumb import note
from benchmarks.comparison import Comparison, compare, same_bits
from benchmarks.findings import gives_scalar, refusal_breaches, value_breaches
from benchmarks.kernels._shared import lone
from benchmarks.observe import observe
from benchmarks.spec import Kernel
from inputs.battery import BatteryCase, Call, Request, battery

__all__ = [
    "Comparison",
    "Question",
    "Verdict",
    "cases",
    "check",
    "compare",
    "gives_scalar",
    "judge",
    "numbers",
    "oracle_value",
    "request",
    "verdict",
    "verify",
]

Status = Literal["ok", "failed", "skipped"]
THREAD_COUNTS = (1, 2, 3)


@dataclass(frozen=True)
class Verdict:
    """The answer to one question; `detail` says what is wrong or why it was skipped, and is empty otherwise.

    `breaches` holds what is wrong one by one, each with its kind.
    """

    kernel: str
    implementation: str
    dtype: str
    case: str
    status: Status
    detail: str = ""
    max_ulp: float | None = None
    breaches: tuple[Breach, ...] = ()

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Verdict:
        """Return the verdict that was written as JSON."""
        return cls(**{**raw, "breaches": tuple(Breach(**breach) for breach in raw["breaches"])})


def verdict(
    kernel: Kernel,
    implementation: str,
    dtype: str,
    case: str,
    breaches: Sequence[Breach],
    *,
    max_ulp: float | None = None,
) -> Verdict:
    """Return the verdict on a call in which these breaches were found; without any it is ok."""
    status: Status = "failed" if breaches else "ok"
    detail = "; ".join(breach.text for breach in breaches)
    return Verdict(kernel.name, implementation, dtype, case, status, detail, max_ulp, tuple(breaches))


@dataclass(frozen=True)
class Question:
    """A call that must give a value: how its arguments are made (anew for each asking), and the oracle's float64.

    `expected` is an array, or of several outputs a tuple of arrays.
    """

    dtype: str
    name: str
    build: Callable[[], Call]
    expected: Any


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
        kernel.family,
        dtype,
        kernel.output_dtype(dtype).name,
        len(kernel.arguments),
        options(kernel),
        tuple(kernel.contract.dtypes),
        tuple(output.dtype for output in kernel.contract.outputs),
        tuple(kernel.required.items()),
        tuple(kernel.for_integers.items()),
        tuple(numbers(kernel).items()),
        kernel.shift,
    )


def cases(kernel: Kernel, dtype: str) -> tuple[BatteryCase, ...]:
    """Return the battery of a kernel for one input dtype."""
    return battery(request(kernel, dtype))


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


def absent(kernel: Kernel, implementation: str, dtype: str, case: str, fault: str = "") -> Verdict:
    """Return the verdict on an implementation that the installed wheel lacks, or that has a fault."""
    if not fault:
        module, attribute = registry.location(kernel, implementation)
        fault = f"missing: no {module}.{attribute} in this wheel"
    return verdict(kernel, implementation, dtype, case, [Breach("missing", fault)])


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
    single = None
    note(kernel.name, implementation, question.dtype, question.name)
    threads: Sequence[int | None] = THREAD_COUNTS if registry.takes_threads(implementation) else (None,)
    for count in threads:
        call = question.build()
        kwargs = call.kwargs if count is None else {"num_threads": count, **call.kwargs}
        seen = observe(function, call.arrays, kwargs, kernel.arguments)
        found, ulp = value_breaches(kernel, call, seen, question.expected)
        worst = ulp if worst is None else worst
        if found or seen.found:
            label = f"with {count} threads " if count and count > 1 else ""
            breaches = [Breach(breach.kind, label + breach.text) for breach in (*found, *seen.found)]
            break
        if single is None:
            single = seen.result
        elif not same_bits(single, seen.result):
            breaches = [Breach("bits", f"the result differs between 1 and {count} threads")]
            break
    return verdict(kernel, implementation, question.dtype, question.name, breaches, max_ulp=worst)


def verify(
    kernel: Kernel, implementations: Sequence[str] | None = None, dtypes: Sequence[str] | None = None
) -> Iterator[Verdict]:
    """Yield a verdict for everything that the lab asks of a kernel.

    Parameters
    ----------
    kernel
        The declaration.
    implementations
        Names out of `registry.arms`; None takes all of the kernel's implementations, the peers that are installed, and
        the oracle, which is held against its authority.
    dtypes
        Input dtypes; None takes all that the contract has.
    """
    from benchmarks import evidence, structure

    chosen = tuple(dtype for dtype in kernel.contract.dtypes if dtypes is None or dtype in dtypes)
    arms = registry.arms(kernel) if implementations is None else tuple(implementations)
    functions = {}
    for name in arms:
        function, fault = _resolved(kernel, name)
        if function is not None:
            functions[name] = function
        elif fault or name in kernel.implementations:
            for dtype in chosen:
                yield absent(kernel, name, dtype, "resolve", fault)
    present = {name: function for name, function in functions.items() if name in kernel.implementations}
    for dtype in chosen:
        yield from battery_verdicts(kernel, present, dtype)
        yield from structure.verdicts(kernel, present, dtype)
    yield from evidence.verdicts(kernel, functions, chosen)
    if implementations is None:
        yield from evidence.authority(kernel, chosen)


def _resolved(kernel: Kernel, name: str) -> tuple[Callable[..., Any] | None, str]:
    """Return the function behind a name, or why it cannot be imported."""
    try:
        return registry.resolve(kernel, name), ""
    except ImportError as error:
        return None, f"cannot be imported: {type(error).__name__}: {error}"


def battery_verdicts(kernel: Kernel, functions: dict[str, Callable[..., Any]], dtype: str) -> Iterator[Verdict]:
    """Put the battery of one dtype to several implementations, asking the oracle once a case."""
    for case in cases(kernel, dtype):
        expected = None if case.raises else oracle_value(kernel, case.build())
        for name, function in functions.items():
            if "num_threads" not in case.needs or registry.takes_threads(name):
                yield _answer(kernel, name, case, function, expected)
