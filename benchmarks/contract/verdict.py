"""A question that must be answered with a value, and the verdict on the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks import registry
from benchmarks.calls.breaches import Breach
from benchmarks.spec import Kernel
from inputs.battery.case import Call

Status = Literal["ok", "failed", "skipped"]


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


def absent(kernel: Kernel, implementation: str, dtype: str, case: str, fault: str = "") -> Verdict:
    """Return the verdict on an implementation that the installed wheel lacks, or that has a fault."""
    if not fault:
        module, attribute = registry.location(kernel, implementation)
        fault = f"missing: no {module}.{attribute} in this wheel"
    return verdict(kernel, implementation, dtype, case, [Breach("missing", fault)])
