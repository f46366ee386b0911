"""A function of somebody else's held against the contract, in a process of its own."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import foreign
from benchmarks.contract.verdict import Verdict
from benchmarks.spec import Kernel

VALUES, LAYOUTS, REFUSALS, CHUNKS, MEMORY = "plain values", "layouts", "refusals", "chunks", "memory"
EVIDENCE = {
    "large": "measured inputs",
    "chunks": CHUNKS,
    "hidden": MEMORY,
    "scratch": MEMORY,
    "named": "measured inputs",
    "golden": "golden values",
    "real": "real data",
}
"""First word of a verdict's case → group, for what is not of the battery."""


@dataclass(frozen=True)
class Trial:
    """What is tried, and where the verdicts go: the job of a process.

    Attributes
    ----------
    kernel, arm
        Names.
    dtypes
        Input dtypes that are asked.
    path
        File of the verdicts, a JSON list of group and verdict.
    trail
        File that says which question is being asked.
    """

    kernel: str
    arm: str
    dtypes: tuple[str, ...]
    path: str
    trail: str


def missing(kernel: Kernel, function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the keywords of a kernel that a function does not take, in their order."""
    own = foreign.parameters(function)
    wanted = [name for name in inspect.signature(kernel.oracle).parameters if name not in kernel.arguments]
    return () if own is None else tuple(name for name in (*wanted, "out") if name not in own)


def other_defaults(kernel: Kernel, function: Callable[..., Any]) -> tuple[str, ...]:
    """Return what a function leaves to a default that is not the kernel's, each as ``axis=None, not axis=0``."""
    due = inspect.signature(kernel.oracle).parameters
    try:
        own = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()
    pairs = [(name, own[name].default, due[name].default) for name in due if name in own]
    return tuple(
        f"{name}={given!r}, not {name}={wanted!r}"
        for name, given, wanted in pairs
        if inspect.Parameter.empty not in (given, wanted) and repr(given) != repr(wanted)
    )


def differences(kernel: Kernel, function: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keywords that a function does not take, and the defaults that are not the kernel's."""
    return missing(kernel, function), other_defaults(kernel, function)


def groups(kernel: Kernel, dtypes: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return (dtype, case of the battery) → its group: what a call asks for beside plain arrays."""
    from benchmarks.contract import questions

    return {(dtype, case.name): _group(kernel, case) for dtype in dtypes for case in questions.cases(kernel, dtype)}


def _group(kernel: Kernel, case: Any) -> str:
    if case.raises is not None:
        return REFUSALS
    call = case.build()
    for name in ("out", "mask", *kernel.companions, "dtype"):
        if call.kwargs.get(name) is not None:
            return f"{name}="
    counts = call.arrays[0].dtype.kind in "iu"
    due = {**kernel.required, **(kernel.for_integers if counts else {})}
    for name, given in call.kwargs.items():
        if (isinstance(given, np.ndarray) and given.ndim) or given != due.get(name):
            return f"{name}="
    return VALUES if all(array.flags.c_contiguous for array in call.arrays) else LAYOUTS


def group_of(verdict: Verdict, known: Mapping[tuple[str, str], str]) -> str:
    """Return the group of a verdict."""
    first = re.split("[ -]", verdict.case)[0]
    return known.get((verdict.dtype, verdict.case)) or EVIDENCE.get(first, VALUES)


def verdicts(kernel: Kernel, arm: str, dtypes: Sequence[str]) -> Iterable[Verdict]:
    """Yield what the contract says to a function, as it does to an implementation of ours."""
    from benchmarks.contract import verify

    return verify.verify(replace(kernel, implementations=(arm,), peers=()), (arm,), dtypes)


def main(argument: str) -> int:
    """Run a trial, and keep its verdicts."""
    from benchmarks import registry
    from benchmarks.contract import breadcrumb
    from benchmarks.environment.process import die_with_parent

    die_with_parent()
    raw = json.loads(Path(argument).read_text(encoding="utf-8"))
    trial = Trial(**{**raw, "dtypes": tuple(raw["dtypes"])})
    kernel = registry.get(trial.kernel)
    breadcrumb.follow(Path(trial.trail))
    known = groups(kernel, trial.dtypes)
    found = [(group_of(one, known), asdict(one)) for one in verdicts(kernel, trial.arm, trial.dtypes)]
    Path(trial.path).write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
