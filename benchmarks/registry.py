"""Collects the declarations of ``benchmarks/kernels`` and finds, by convention and lazily, what implements them.

``numpy`` is ``eokernels.impl_numpy.<k>.<k>`` and ``numpy_naive`` the ``<k>_naive`` beside it, ``numba`` is
``eokernels.impl_numba.<k>.<k>``, ``rust`` is ``eokernels._rust.<k>``; a peer is what its declaration loads, and a name
with a colon is somebody's own function, found by `benchmarks.foreign`. Importing this module imports neither the
wheel nor Numba nor a peer, and calls no kernel.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from benchmarks import kernels
from benchmarks.spec import Array, Kernel, Peer

THREADED = frozenset({"numba", "rust"})


def _collect() -> dict[str, Kernel]:
    found: dict[str, Kernel] = {}
    for module in pkgutil.iter_modules(kernels.__path__):
        if module.name.startswith("_"):
            continue
        kernel = importlib.import_module(f"{kernels.__name__}.{module.name}").KERNEL
        if kernel.name != module.name:
            raise ValueError(f"name: was {kernel.name!r} in benchmarks/kernels/{module.name}.py; both must be the same")
        found[kernel.name] = kernel
    order = sorted(found, key=lambda name: (int(found[name].cost_class[1:]), name))
    return {name: found[name] for name in order}


KERNELS: dict[str, Kernel] = _collect()
"""Every declared kernel by name, by cost class first."""


def get(name: str) -> Kernel:
    """Return the kernel of that name, or raise a ValueError that lists the names there are."""
    if name not in KERNELS:
        raise ValueError(f"kernel: was {name!r}; there are {', '.join(KERNELS)}")
    return KERNELS[name]


def arms(kernel: Kernel) -> tuple[str, ...]:
    """Return the implementations and then the peers of a kernel, in the order of reports."""
    return (*kernel.implementations, *(peer.name for peer in kernel.peers))


def peer(kernel: Kernel, name: str) -> Peer | None:
    """Return the peer of that name, or None where the name is one of our implementations."""
    return next((known for known in kernel.peers if known.name == name), None)


def takes_threads(implementation: str) -> bool:
    """Say whether an implementation takes ``num_threads``; what does not is called without."""
    if ":" in implementation:
        from benchmarks import foreign

        return foreign.takes_threads(implementation)
    return implementation in THREADED


def location(kernel: Kernel, implementation: str) -> tuple[str, str]:
    """Return the module and the attribute at which an implementation of ours is expected."""
    if implementation == "rust":
        return "eokernels._rust", kernel.name
    package = implementation.removesuffix("_naive")
    suffix = "_naive" if implementation.endswith("_naive") else ""
    return f"eokernels.impl_{package}.{kernel.name}", kernel.name + suffix


def resolve(kernel: Kernel, implementation: str) -> Callable[..., Array] | None:
    """Return the function behind an implementation or a peer, with the kernel's own signature.

    Returns
    -------
    callable or None
        None where the installed wheel lacks it, or where the peer is not installed.

    Raises
    ------
    ValueError
        When the kernel declares no such implementation or peer.
    ImportError
        When the module is there and cannot be imported: that is a fault, not an absence.
    """
    if ":" in implementation:
        from benchmarks import foreign

        return foreign.load(implementation)
    if implementation not in arms(kernel):
        raise ValueError(f"implementation: was {implementation!r}; {kernel.name} has {', '.join(arms(kernel))}")
    rival = peer(kernel, implementation)
    if rival is not None:
        try:
            return rival.load()
        except ModuleNotFoundError:
            return None
    module, attribute = location(kernel, implementation)
    try:
        found: Any = getattr(importlib.import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        if f"{module}.".startswith(f"{error.name}."):
            return None
        raise
    return found if callable(found) else None
