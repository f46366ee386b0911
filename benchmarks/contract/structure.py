"""What values alone do not show: results that depend on threads or on chunks, and copies that nobody asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks import registry
from benchmarks.calls.breaches import Breach, raised
from benchmarks.calls.comparison import compare, compare_result, same_bits
from benchmarks.contract import judging, questions
from benchmarks.contract.breadcrumb import note
from benchmarks.contract.verdict import Question, Verdict, verdict
from benchmarks.probes.resident import rise_bytes
from benchmarks.spec import Array, CostClass, Kernel
from inputs import families
from inputs.battery.case import lay_out
from inputs.battery.collection import Call
from inputs.battery.completion import complete
from inputs.battery.forms import new_out
from inputs.battery.qa_bands import with_classes
from inputs.battery.request import Request

SAME_BITS_IN_CHUNKS: frozenset[CostClass] = frozenset({"C1", "C2", "C3", "C4", "C5", "C8", "C12"})
CUTS = (1, 4, 131, 260, 261)
"""Columns at which the large input is cut, so that a pixel changes its place in a vector register."""

COPY_INPUT_BYTES = 16 * 2**20
"""Of each array, and at most one element for every two bytes of it."""
COPY_SLACK_BYTES = 3 * 2**20
"""Resident memory that is no copy: a huge page, page counters that are updated in batches, thread stacks."""
COPY_STEPS, COPY_STEPS_DEEP = 16, 320
SCRATCH_ODD_STACK, SCRATCH_BAND = (64, 160_000), (10_000_000,)
"""Of float64: a copy of the whole is more than any call may take."""
SCRATCH_DTYPES = ("float32", "float64")
"""In the first of them series are long, in the second arrays lie at odd addresses."""
FULLY_LAID_OUT = frozenset({"float32", "uint16"})
"""Dtypes for which every layout is looked at; the others are looked at sliced, which shows casts as well."""


@dataclass(frozen=True)
class Layout:
    """A memory layout of a large input: how logical values become the array of the call, and on which axis time is."""

    name: str
    apply: Callable[[Array], Array]
    temporal_axis: int = 0


def _sliced(values: Array) -> Array:
    view = np.zeros((*values.shape[:-1], 2 * values.shape[-1]), values.dtype)[..., ::2]
    view[...] = values
    return view


def _reversed(values: Array) -> Array:
    return np.ascontiguousarray(values[::-1, ::-1])[::-1, ::-1]


LAYOUTS = (
    Layout("c", np.ascontiguousarray),
    Layout("sliced", _sliced),
    Layout("fortran", np.asfortranarray),
    Layout("negative", _reversed),
    Layout("time-last", lambda values: np.moveaxis(values, 0, -1), temporal_axis=-1),
)
ODD = tuple(Layout(name, partial(lay_out, layout=name)) for name in ("odd", "packed"))


def verdicts(kernel: Kernel, functions: Mapping[str, Callable[..., Any]], dtype: str) -> Iterator[Verdict]:
    """Yield what the structural checks say about several implementations for one input dtype."""
    build = partial(large_call, kernel, dtype)
    question = Question(dtype, "large", build, questions.oracle_value(kernel, build()))
    for name, function in functions.items():
        yield judging.judge(kernel, name, function, question)
        if kernel.dimensions.is_cut and kernel.cost_class in SAME_BITS_IN_CHUNKS:
            yield _chunks(kernel, name, dtype, function, build())
    yield from copies(kernel, functions, dtype)
    yield from scratch(kernel, functions, dtype)


def large_call(kernel: Kernel, dtype: str) -> Call:
    """Return a call with many pixels, two fifths of them missing in an irregular way."""
    request = questions.request(kernel, dtype)
    arrays = tuple(array.copy() for array in _large_arrays(request, families.get(kernel.family).large))
    call = complete(request, Call(arrays))
    return with_classes(request, call if request.is_float else call.given(nodata=7))


@lru_cache(maxsize=2)
def _large_arrays(request: Request, shape: tuple[int, ...]) -> tuple[Array, ...]:
    arrays = []
    for salt in range(request.arrays):
        values = request.sample(shape, salt)
        values[request.rng(salt + 50).random(shape, np.float32) < 0.4] = np.nan if request.is_float else 7
        arrays.append(values)
    return tuple(arrays)


def _chunks(kernel: Kernel, name: str, dtype: str, function: Callable[..., Any], call: Call) -> Verdict:
    """Compare the call on the whole input with calls on pieces of its last axis, as views and as copies."""
    conclude = partial(verdict, kernel, name, dtype, "chunks")
    note(kernel.name, name, dtype, "chunks")
    equal = same_bits if registry.takes_threads(name) else _same_values
    try:
        whole = function(*call.arrays, **call.kwargs)
        edges = (0, *CUTS, call.arrays[0].shape[-1])
        for low, high in pairwise(edges):
            part = partial(_columns, slice(low, high))
            view = Call(tuple(map(part, call.arrays)), {name: part(value) for name, value in call.kwargs.items()})
            for kind, piece in (("a view", view), ("a copy", copy.deepcopy(view)), ("an odd copy", _odd(view))):
                if not equal(function(*piece.arrays, **piece.kwargs), part(whole)):
                    text = f"columns {low} to {high} as {kind} differ from the same in the whole"
                    return conclude([Breach("bits", text)])
    except Exception as error:
        return conclude([raised(error)])
    return conclude([])


def _odd(call: Call) -> Call:
    """Return the call with every input in packed records."""
    packed = {
        name: lay_out(value, "packed") if isinstance(value, np.ndarray) else value
        for name, value in call.kwargs.items()
    }
    return Call(tuple(lay_out(array, "packed") for array in call.arrays), packed)


def _columns(which: slice, value: Any) -> Any:
    """Return these columns of an array, or of each of a tuple of arrays; anything else stays as it is."""
    if isinstance(value, tuple) and all(isinstance(one, np.ndarray) for one in value):
        return tuple(one[..., which] for one in value)
    return value[..., which] if isinstance(value, np.ndarray) else value


def _same_values(one: Any, other: Any) -> bool:
    if same_bits(one, other):  # quickly found out
        return True
    pairs = zip(one, other, strict=True) if isinstance(one, tuple) else ((one, other),)
    return all(compare(mine, right.astype(np.float64), mine.dtype, 0).ok for mine, right in pairs)


def copies(kernel: Kernel, functions: Mapping[str, Callable[..., Any]], dtype: str) -> Iterator[Verdict]:
    """Yield, per layout, whether a call with `out` stays within its scratch memory."""
    for name in functions:
        if name.endswith("_naive"):
            reason = "the naive form may copy: it is what people write, and no baseline"
            yield Verdict(kernel.name, name, dtype, "hidden-copy", "skipped", reason)
    bound = {name: function for name, function in functions.items() if not name.endswith("_naive")}
    if reason := unmeasurable():
        yield from (Verdict(kernel.name, name, dtype, "hidden-copy", "skipped", reason) for name in bound)
        return
    for layout in LAYOUTS if dtype in FULLY_LAID_OUT else LAYOUTS[1:2]:
        if kernel.dimensions.over_time or layout.temporal_axis == 0:
            yield from _copy_verdicts(kernel, bound, dtype, layout, COPY_STEPS)
    if kernel.dimensions.over_time and dtype in FULLY_LAID_OUT:
        for layout in (LAYOUTS[0], LAYOUTS[-1]):
            yield from _copy_verdicts(kernel, bound, dtype, layout, COPY_STEPS_DEEP)


def scratch(kernel: Kernel, functions: Mapping[str, Callable[..., Any]], dtype: str) -> Iterator[Verdict]:
    """Yield whether calls stay within what any call may take: on long series, and on arrays at odd addresses."""
    bound = {name: function for name, function in functions.items() if not name.endswith("_naive")}
    if dtype not in SCRATCH_DTYPES or not bound or unmeasurable():
        return
    if dtype != SCRATCH_DTYPES[0]:
        shape = SCRATCH_ODD_STACK if kernel.dimensions.over_time else SCRATCH_BAND
        for layout in ODD:
            yield from _scratch_verdicts(kernel, bound, dtype, shape, layout)
    elif kernel.dimensions.over_time:
        for deep in families.get(kernel.family).long:
            yield from _scratch_verdicts(kernel, bound, dtype, deep, LAYOUTS[0])


def _scratch_verdicts(
    kernel: Kernel, functions: Mapping[str, Callable[..., Any]], dtype: str, shape: tuple[int, ...], layout: Layout
) -> Iterator[Verdict]:
    """Call each on the same arrays: beside its memory, its answer must be that of the first."""
    call = _scratch_call(kernel, dtype, shape, layout)
    small = _scratch_call(kernel, dtype, tuple(min(length, 100) for length in shape), layout)
    series = kernel.dimensions.series_bytes(shape, np.dtype(dtype).itemsize)
    case = f"scratch-{layout.name}-{'x'.join(map(str, shape))}"
    first: Any = None
    for name, function in functions.items():
        more = {"num_threads": 2} if registry.takes_threads(name) else {}
        conclude = partial(verdict, kernel, name, dtype, case)
        note(kernel.name, name, dtype, case)
        try:
            function(*small.arrays, **small.kwargs, **more)
            taken = rise_bytes(partial(function, *call.arrays, **call.kwargs, **more))
        except Exception as error:
            yield conclude([raised(error)])
            continue
        found = _over(taken, kernel.contract.most_scratch(series))
        answer = copy.deepcopy(call.kwargs["out"])
        first = answer if first is None else first
        if not found and not _agree(kernel, answer, first, call.kwargs):
            found = [Breach("value", f"the answer is not that of {next(iter(functions))}")]
        yield conclude(found)


def _agree(kernel: Kernel, answer: Any, first: Any, keywords: Mapping[str, Any]) -> bool:
    """Tell whether two answers are one: to the last bit where the contract fixes all values, else within it."""
    if kernel.cost_class in SAME_BITS_IN_CHUNKS and kernel.contract.slack is None:
        return _same_values(answer, first)
    right = tuple(one.astype(np.float64) for one in first) if isinstance(first, tuple) else first.astype(np.float64)
    last = answer[-1] if isinstance(answer, tuple) else answer
    return compare_result(kernel, answer, right, last.dtype, keywords=keywords).ok


def _over(taken: int, allowed: int) -> list[Breach]:
    """Say that a call took more memory than it may; empty where it did not."""
    if taken <= allowed + COPY_SLACK_BYTES:
        return []
    text = f"took {taken / 2**20:.1f} MiB beside inputs and out, {allowed / 2**20:.0f} MiB allowed"
    return [Breach("copy", text)]


def _scratch_call(kernel: Kernel, dtype: str, shape: tuple[int, ...], layout: Layout) -> Call:
    """Return a call on arrays of which a fifth is missing, with an `out` whose pages are already there."""
    request = questions.request(kernel, dtype)
    tile = request.sample((1 << 16,))
    tile[request.rng(91).random(tile.shape) < 0.2] = np.nan
    arrays = [layout.apply(np.resize(np.roll(tile, 7 * k), shape)) for k in range(request.arrays)]
    return complete(request, Call(tuple(arrays), {"out": new_out(request, shape)}))


def unmeasurable() -> str:
    """Return why hidden copies cannot be seen on this machine; empty where they can."""
    try:
        rise_bytes(lambda: None)
    except OSError as error:
        return f"the high-water mark of resident memory cannot be had here: {error}"
    return ""


def _copy_verdicts(
    kernel: Kernel, functions: Mapping[str, Callable[..., Any]], dtype: str, layout: Layout, steps: int
) -> Iterator[Verdict]:
    if not functions:
        return
    deep = "-deep" if steps == COPY_STEPS_DEEP else ""
    small, big = (_copy_call(kernel, dtype, layout, steps, size) for size in (2**15, COPY_INPUT_BYTES))
    for name, function in functions.items():
        for threads in (1, 2) if registry.takes_threads(name) and layout.name == "c" else (1,):
            case = f"hidden-copy-{layout.name}{deep}" + ("" if threads == 1 else f"-{threads}-threads")
            more = {"num_threads": threads} if registry.takes_threads(name) else {}
            conclude = partial(verdict, kernel, name, dtype, case)
            note(kernel.name, name, dtype, case)
            try:
                function(*small.arrays, **small.kwargs, **more)
                taken = rise_bytes(partial(function, *big.arrays, **big.kwargs, **more))
            except Exception as error:
                yield conclude([raised(error)])
                continue
            yield conclude(_over(taken, kernel.contract.scratch_bytes * threads))


def _copy_call(kernel: Kernel, dtype: str, layout: Layout, steps: int, input_bytes: int) -> Call:
    """Return a call whose arrays have about `input_bytes` each, with an `out` whose pages are already there."""
    request = questions.request(kernel, dtype)
    lead = (steps,) if kernel.dimensions.over_time else ()
    pixels = input_bytes // max(2, np.dtype(dtype).itemsize) // int(np.prod(lead))
    shape = (*lead, int(pixels**0.5), int(pixels**0.5))
    tile = large_call(kernel, dtype)

    def grown(value: Any) -> Any:
        return layout.apply(np.resize(value, shape)) if isinstance(value, np.ndarray) else value

    axis = {"axis": layout.temporal_axis} if layout.temporal_axis and kernel.dimensions.over_time else {}
    kwargs = {name: grown(value) for name, value in tile.kwargs.items()}
    out = new_out(request, shape)
    if axis and kernel.dimensions.keeps_time:
        out = np.moveaxis(out, 0, layout.temporal_axis)
    return Call(tuple(map(grown, tile.arrays)), {**kwargs, **axis, "out": out})
