"""Do other Python threads run while a kernel computes? How long the longest wait of one is, seen from that thread.

A thread in the background notes the time every fraction of a millisecond, while this one calls a kernel. A kernel that
holds the GIL leaves no note between the beginning and the end of a call; one that gives it back leaves many. Calls are
long and their arrays small: inputs are broadcast from one row of pixels.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from time import perf_counter, sleep
from typing import Any

import numpy as np

from benchmarks import registry
from benchmarks.calls.answers import arrays_of
from benchmarks.calls.binding import companion_bands
from benchmarks.spec import Array, Kernel
from inputs import families
from inputs.build import make

PAUSE_S = 2e-4
LEAST_CALL_S = 0.02
LEAST_S = 0.1
FEWEST_CALLS = 5
MOST_CALLS = 50
COLUMNS = 4096
ROWS, MOST_ROWS = 64, 16384
STEPS = 24


@dataclass(frozen=True)
class Starvation:
    """What a thread in the background saw of some calls.

    Attributes
    ----------
    call_s
        Median length of a call.
    longest_s
        The longest time within any call in which the thread did not run.
    share
        Of each call its longest such time as a share of the call; of these the median, 0–1. Near 1 the thread never
        runs while a call lasts.
    turns
        How often the thread ran within the calls.
    """

    call_s: float
    longest_s: float
    share: float
    turns: int


def starvation(call: Callable[[], Any], least_s: float = LEAST_S) -> Starvation:
    """Call for `least_s` seconds and `FEWEST_CALLS` times at least, and return what a thread saw of it meanwhile."""
    notes: list[float] = []
    done = threading.Event()

    def note() -> None:
        while not done.is_set():
            notes.append(perf_counter())
            sleep(PAUSE_S)

    spans: list[tuple[float, float]] = []
    thread = threading.Thread(target=note, name="starvation", daemon=True)
    thread.start()
    try:
        while (len(spans) < FEWEST_CALLS or spans[-1][1] - spans[0][0] < least_s) and len(spans) < MOST_CALLS:
            began = perf_counter()
            call()
            spans.append((began, perf_counter()))
    finally:
        done.set()
        thread.join()
    return _seen(np.array(notes), spans)


def _seen(notes: Array, spans: list[tuple[float, float]]) -> Starvation:
    longest, turns = [], 0
    for began, ended in spans:
        within = notes[(notes > began) & (notes < ended)]
        turns += within.size
        longest.append(max(later - earlier for earlier, later in pairwise((began, *map(float, within), ended))))
    lengths = [ended - began for began, ended in spans]
    shares = [gap / length for gap, length in zip(longest, lengths, strict=True)]
    return Starvation(float(np.median(lengths)), max(longest), float(np.median(shares)), turns)


def long_call(kernel: Kernel, arm: str) -> Callable[[], Any] | None:
    """Return a call of an implementation that takes `LEAST_CALL_S` or longer; None where this wheel lacks it.

    Rows are added until a call takes so long; the outputs of the longest take 256 MiB each.
    """
    function = registry.resolve(kernel, arm)
    if function is None:
        return None
    rows = ROWS
    while True:
        call = partial(function, **_options(kernel, rows))
        call()
        began = perf_counter()
        call()
        if perf_counter() - began >= LEAST_CALL_S or rows >= MOST_ROWS:
            return call
        rows *= 2


def _options(kernel: Kernel, rows: int) -> dict[str, Any]:
    """Return all that a call on many equal rows of the family's centre takes, arrays, outputs and keywords by name."""
    centre = families.get(kernel.family).centre
    steps = (STEPS,) if kernel.dimensions.over_time else ()
    row = replace(centre, name="row", shape=(*steps, 1, COLUMNS))
    companions = companion_bands(kernel, row)
    made = make(row, (*kernel.bands, *companions.values()))
    names = (*kernel.arguments, *companions)
    shape = (*steps, rows, COLUMNS)
    arrays = {name: np.broadcast_to(array, shape) for name, array in zip(names, made, strict=True)}
    shapes = kernel.output_shapes(shape, kernel.keywords(row))
    dtypes = kernel.output_dtypes(kernel.output_dtype(row.dtype))
    outs = tuple(np.zeros(one, dtype) for one, dtype in zip(shapes, dtypes, strict=True))
    return {**arrays, **kernel.keywords(row), "out": outs if len(outs) > 1 else arrays_of(outs)[0]}
