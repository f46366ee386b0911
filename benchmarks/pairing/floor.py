"""The floor of a call: what a call costs that has nothing to do. Below it no port and no thread can help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import registry
from benchmarks.calls.binding import companion_bands
from benchmarks.probes import compiled
from benchmarks.spec import Kernel
from inputs import families
from inputs.synthetic.bands import dtype_of

CALLS = 100
REPEATS = 9
DISPATCH = "numba_dispatch"


def floors_s(kernel: Kernel, implementations: Sequence[str] = (), *, dispatch: bool = True) -> dict[str, float]:
    """Return seconds per call on empty arrays of implementations of ours, default all, and of Numba's bare dispatch.

    An implementation that this wheel lacks is left out, and so is one that does not take empty arrays.
    """
    centre = families.get(kernel.family).centre
    empty = replace(
        centre,
        shape=(*kernel.least.values(), *(1 for _ in centre.shape[len(kernel.least) : -1]), 0),
        threads=1,
        out=False,
    )
    arrays = tuple(np.empty(empty.shape, dtype_of(band, empty)) for band in kernel.bands)
    companions = companion_bands(kernel, empty)
    named = {name: np.empty(empty.shape, dtype_of(band, empty)) for name, band in companions.items()}
    options = {**named, **kernel.keywords(empty)}
    found: dict[str, float] = {}
    for name in implementations or kernel.implementations:
        function = registry.resolve(kernel, name)
        if function is not None:
            try:
                found[name] = call_s(partial(function, *arrays, **options))
            except (TypeError, ValueError):
                continue
    if dispatch:
        found[DISPATCH] = call_s(partial(compiled(_nothing), *arrays, *named.values()))
    return found


def call_s(call: Callable[[], Any]) -> float:
    """Return seconds of a warm call that takes microseconds: the lower quartile of averages over many."""
    call()
    times_ns = []
    for _ in range(REPEATS):
        start = perf_counter_ns()
        for _ in repeat(None, CALLS):
            call()
        times_ns.append((perf_counter_ns() - start) / CALLS)
    return float(np.quantile(times_ns, 0.25)) * 1e-9


def _nothing(*arrays: NDArray[Any]) -> int:
    return len(arrays)
