"""All that the lab asks of a kernel.

The battery over all dtypes, the named cases in small, real data, golden values, the structure of the call (threads,
chunks, hidden copies), and the oracle itself against its outside authority.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import registry
from benchmarks.contract import evidence, structure
from benchmarks.contract.judging import battery_verdicts
from benchmarks.contract.verdict import Verdict, absent
from benchmarks.spec import Kernel


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
