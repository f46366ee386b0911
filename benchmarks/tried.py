"""A function of somebody else's as one more arm: found by name, held against the contract, in a process of its own.

Its arm is ``target@folder``. What a worker is handed is then enough to find the function again.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.contract import Verdict
from benchmarks.spec import Kernel

MARK = ":"
"""In an arm's name: it is a function by import path, and none of the declared arms has it."""
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


def arm_of(target: str, folder: Path) -> str:
    """Return the arm's name for ``pkg.module:function`` or ``path/to/file.py:function``, seen from a folder.

    Raises
    ------
    ValueError
        If the target is neither.
    """
    place, _, attribute = target.rpartition(MARK)
    if not place or not attribute.isidentifier():
        raise ValueError(f"function: was {target!r}; accepted is pkg.module:function or path/to/file.py:function")
    if place.endswith(".py"):
        file = (folder / place).resolve()
        if not file.is_file():
            raise ValueError(f"function: there is no file {file}")
        return f"{file.name}{MARK}{attribute}@{file.parent}"
    return f"{place}{MARK}{attribute}@{folder.resolve()}"


def load(arm: str) -> Callable[..., Any]:
    """Return the function behind an arm's name.

    Raises
    ------
    ValueError
        If there is no such module or function in it.
    ImportError
        If the module is there and cannot be imported.
    """
    target, _, folder = arm.partition("@")
    place, _, attribute = target.partition(MARK)
    if folder not in sys.path:
        sys.path.append(folder)
    module = _file_module(Path(folder) / place) if place.endswith(".py") else _module(place, folder)
    found: Any = getattr(module, attribute, None)
    if not callable(found):
        there = sorted(name for name, one in vars(module).items() if inspect.isroutine(one) and name[0] != "_")
        raise ValueError(f"function: {place} has no function {attribute!r}; it has {', '.join(there) or 'none'}")
    function: Callable[..., Any] = found
    return function


def _module(name: str, folder: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"function: no module {name!r} in {folder}, nor among what is installed") from None
        raise


def _file_module(path: Path) -> Any:
    """Import a file once, under a name that nothing else has."""
    name = f"lab_tried_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def parameters(function: Callable[..., Any]) -> frozenset[str] | None:
    """Return the names that a function takes, or None where it takes any or does not say."""
    try:
        found = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None
    return None if any(one.kind is one.VAR_KEYWORD for one in found.values()) else frozenset(found)


def takes_threads(arm: str) -> bool:
    """Tell whether a function says that it takes ``num_threads``."""
    return "num_threads" in (parameters(load(arm)) or ())


def missing(kernel: Kernel, function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the keywords of a kernel that a function does not take, in their order."""
    own = parameters(function)
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


def groups(kernel: Kernel, dtypes: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return (dtype, case of the battery) → its group: what a call asks for beside plain arrays."""
    from benchmarks import contract

    return {(dtype, case.name): _group(kernel, case) for dtype in dtypes for case in contract.cases(kernel, dtype)}


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
        if given != due.get(name):
            return f"{name}="
    return VALUES if all(array.flags.c_contiguous for array in call.arrays) else LAYOUTS


def group_of(verdict: Verdict, known: Mapping[tuple[str, str], str]) -> str:
    """Return the group of a verdict."""
    first = re.split("[ -]", verdict.case)[0]
    return known.get((verdict.dtype, verdict.case)) or EVIDENCE.get(first, VALUES)


def verdicts(kernel: Kernel, arm: str, dtypes: Sequence[str]) -> Iterable[Verdict]:
    """Yield what the contract says to a function, as it does to an implementation of ours."""
    from benchmarks import contract

    return contract.verify(replace(kernel, implementations=(arm,), peers=()), (arm,), dtypes)


def main(argument: str) -> int:
    """Run a trial, and keep its verdicts."""
    from benchmarks import breadcrumb, registry
    from benchmarks.process import die_with_parent

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
