"""Evidence from outside the battery: golden values, the measured inputs in small, real scenes, and the authority."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks import registry
from benchmarks.calls.binding import companion_bands
from benchmarks.calls.breaches import Breach, raised
from benchmarks.contract import judging, questions
from benchmarks.contract.breadcrumb import note
from benchmarks.contract.verdict import Question, Verdict, verdict
from benchmarks.kernels._shared import lone, meant
from benchmarks.spec import Array, Golden, Kernel
from inputs import build
from inputs.battery.collection import BatteryCase, Call
from inputs.cases import Case
from inputs.families import CASES
from inputs.real import cubes
from inputs.synthetic import bands

Functions = Mapping[str, Callable[..., Any]]
LARGEST_FOR_AUTHORITY = 1e150
"""Beyond this an authority's own intermediate sums may overflow, so it is not asked."""


def verdicts(kernel: Kernel, functions: Functions, dtypes: Sequence[str]) -> Iterator[Verdict]:
    """Yield what golden values, small named cases and real data say; peers take the named cases only."""
    ours = {name: function for name, function in functions.items() if name in kernel.implementations}
    yield from _goldens(kernel, ours, dtypes)
    yield from _named_cases(kernel, functions, dtypes)
    for dataset in (cubes.FIXTURE, cubes.ROMANIA_10M):
        yield from _real(kernel, ours, dataset, dtypes)


def _goldens(kernel: Kernel, functions: Functions, dtypes: Sequence[str]) -> Iterator[Verdict]:
    for golden in (golden for golden in kernel.golden if golden.dtype in dtypes):
        for name, function in functions.items():
            case = f"golden {golden.name}"
            note(kernel.name, name, golden.dtype, case)
            yield verdict(kernel, name, golden.dtype, case, _golden_breaches(kernel, golden, function))


def _golden_breaches(kernel: Kernel, golden: Golden, function: Callable[..., Any]) -> list[Breach]:
    data = len(kernel.data)  # what goes beside them has a dtype of its own
    arrays = [np.array(values, golden.dtype if k < data else None) if values is not None else None
              for k, values in enumerate(golden.arrays)]  # fmt: skip
    try:
        result = function(*arrays, **golden.kwargs)
    except Exception as error:
        return [raised(error)]
    pairs = zip(result, golden.expected, strict=True) if isinstance(result, tuple) else ((result, golden.expected),)
    for was, values in pairs:
        expected = np.array(values, np.float64)
        close = np.shape(was) == expected.shape and np.allclose(was, expected, rtol=golden.rtol, atol=0, equal_nan=True)
        if not close:
            text = f"was {np.asarray(was).tolist()}, {golden.source} gives {expected.tolist()}"
            return [Breach("value", text)]
    return []


def _small(case: Case) -> Case:
    """Return the case with fewer pixels: same dates, dtype, gaps and layout."""
    lead = case.shape[:-2]
    return replace(case, name=f"{case.name} in small", shape=(*lead, 22, 37))


def _named_cases(kernel: Kernel, functions: Functions, dtypes: Sequence[str]) -> Iterator[Verdict]:
    for case in CASES[kernel.family]:
        if case.dtype not in dtypes:
            continue
        beside = companion_bands(kernel, case)
        try:
            arrays = build.make(_small(case), (*kernel.bands, *beside.values()))
        except cubes.Unavailable as reason:
            for name in functions:
                yield Verdict(kernel.name, name, case.dtype, f"named {case.name}", "skipped", str(reason))
            continue
        positional = arrays[: len(kernel.bands)]
        fresh = partial(_fresh, kernel, case, positional, dict(zip(beside, arrays[len(kernel.bands) :], strict=True)))
        question = Question(case.dtype, f"named {case.name}", fresh, questions.oracle_value(kernel, fresh()))
        for name, function in functions.items():
            rival = registry.peer(kernel, name)
            if rival is None or rival.refuses(case) is None:
                yield judging.judge(kernel, name, function, question)


def _fresh(kernel: Kernel, case: Case, arrays: tuple[Array, ...], companions: Mapping[str, Array]) -> Call:
    """Return the call that the benchmark makes, over the prepared arrays."""
    call = Call(arrays, {**kernel.keywords(case), **companions})
    if not case.out:
        return call
    several = len(kernel.contract.outputs) > 1
    answer = questions.oracle_value(kernel, call)
    shapes = [one.shape for one in (answer if several else (answer,))]
    dtypes = kernel.output_dtypes(kernel.output_dtype(case.dtype))
    outs = tuple(np.zeros(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True))
    return call.given(out=outs if several else outs[0])


def _real(kernel: Kernel, functions: Functions, dataset: cubes.Dataset, dtypes: Sequence[str]) -> Iterator[Verdict]:
    label = f"real {dataset.name}"
    case = next((case for case in CASES[kernel.family] if case.source == "romania"), None)
    if case is None:
        reason = f"the family {kernel.family} has no case of real data"
        yield from (Verdict(kernel.name, n, dtype, label, "skipped", reason) for n in functions for dtype in dtypes)
        return
    wanted = {
        source for band in (*kernel.bands, *companion_bands(kernel, case).values()) for source in bands.sources(band)
    }
    absent = sorted(wanted - {*dataset.bands, *build.BESIDE, "scl"})
    if absent or not cubes.is_here(dataset):
        reason = (
            f"the file has no {', '.join(absent)}" if absent else "not in the cache; python -m lab data --fetch gets it"
        )
        yield from (Verdict(kernel.name, n, dtype, label, "skipped", reason) for n in functions for dtype in dtypes)
        return
    cube = cubes.load(dataset)
    for dtype in (dtype for dtype in dtypes if dtype != "uint8"):
        call = _real_call(kernel, cube, replace(case, dtype=dtype, nodata=cube.nodata if dtype[0] != "f" else None))
        question = Question(dtype, label, partial(_same, call), questions.oracle_value(kernel, call))
        for name, function in functions.items():
            yield judging.judge(kernel, name, function, question)


def _same(call: Call) -> Call:
    return call


def _real_call(kernel: Kernel, cube: cubes.Cube, case: Case) -> Call:
    """Return the cube's bands as users hand them over: reflectance with NaN, or counts with nodata and a mask."""
    beside = dict.fromkeys(companion_bands(kernel, case), cube.scl)
    kwargs = {**kernel.keywords(replace(case, uneven=False)), **beside}
    days = (cube.dates - cube.dates[0]).astype(np.float64)
    kwargs |= {name: days for name, role in kernel.roles.items() if role == "times"}
    arrays = tuple(_real_band(cube, band, case) for band in kernel.bands)
    return Call(arrays, kwargs if case.dtype.startswith("float") else {**kwargs, "mask": cube.missing})


def _real_band(cube: cubes.Cube, band: str, case: Case) -> Array:
    if band == bands.ZONES:
        return bands.labels(replace(case, shape=cube.scl.shape))
    if band == bands.NDVI:
        index = bands.ndvi(lambda one: cube.bands[one], case.dtype)
        return np.where(cube.missing, np.nan, index).astype(case.dtype) if case.dtype.startswith("float") else index
    if case.dtype.startswith("float"):
        unit = 1 if case.scaled else 1e4  # of counts that are to be scaled, floats hold counts as well
        return np.where(cube.missing, np.nan, cube.bands[band] / unit).astype(case.dtype)
    return np.minimum(cube.bands[band], np.iinfo(case.dtype).max).astype(case.dtype)


def authority(kernel: Kernel, dtypes: Sequence[str]) -> Iterator[Verdict]:
    """Hold the oracle against golden values and, on every value of the battery, the outside function, in float64."""
    yield from _goldens(kernel, {"oracle": kernel.oracle}, dtypes)
    name, dtype = f"authority {kernel.authority.name}", ""
    try:
        for dtype in dtypes:
            for case in questions.cases(kernel, dtype):
                if case.raises is None and _askable(case):
                    detail = _authority_breach(kernel, case)
                    found = [Breach("value", detail)] if detail else []
                    yield verdict(kernel, "oracle", dtype, f"{name}: {case.name}", found)
    except ModuleNotFoundError as error:
        yield Verdict(kernel.name, "oracle", dtype, name, "skipped", f"{error.name} is not installed")


def _askable(case: BatteryCase) -> bool:
    if case.request.dtype != "float64":
        return True
    arrays = case.build().arrays[: case.request.arrays]
    finite = [np.abs(array[np.isfinite(array)]).max(initial=0) for array in arrays]
    return bool(max(finite) < LARGEST_FOR_AUTHORITY)


def _read(call: Call) -> Call:
    """Return the call with its classes read, which may be any iterable and may change the arrays."""
    return call if call.kwargs.get("keep") is None else call.given(keep=list(call.kwargs["keep"]))


def _nodata(value: Any, case: BatteryCase) -> Any:
    """Return `nodata` as a plain number, of floats as their dtype rounds it: widened arrays would miss it otherwise."""
    if value is None or not case.request.is_float:
        return lone(value)
    with np.errstate(all="ignore"):
        return float(np.dtype(case.dtype).type(lone(value)))


def _understood(kernel: Kernel, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of a call for an authority, which takes no arrays for numbers and no rule about float32."""
    constants = questions.request(kernel, "float64").constants
    return {
        name: meant(value) if name in constants and value is not None else value if name == "qa" else lone(value)
        for name, value in kwargs.items()
        if name not in ("out", "dtype", "num_threads")
    }


def _authority_breach(kernel: Kernel, case: BatteryCase) -> str:
    call, kwargs = _read(case.build()), dict(_read(case.build()).kwargs)  # twice: a generator can be read once
    data, beside = call.arrays[: case.request.arrays], call.arrays[case.request.arrays :]
    widened = tuple(array.astype(np.float64) if case.request.is_float else array for array in data)
    nodata, mask = _nodata(kwargs.pop("nodata", None), case), kwargs.pop("mask", False)
    told = {"nodata": nodata} if "nodata" in call.kwargs else {}
    own = questions.oracle_value(kernel, Call((*widened, *beside), {**call.kwargs, **told, "dtype": "float64"}))
    shape = np.broadcast_shapes(*(array.shape for array in data))
    plain = []
    for array in data:
        values = np.broadcast_to(array, shape).astype(np.float64)
        values[np.broadcast_to(mask | (np.broadcast_to(array, shape) == nodata), shape)] = np.nan
        plain.append(values)
    theirs = kernel.authority.function(*plain, *beside, **_understood(kernel, kwargs))
    several = len(kernel.contract.outputs) > 1
    owns, shown = own if several else (own,), theirs if several else (theirs,)
    tiny = np.finfo(np.float64).tiny
    slack = kernel.contract.slack(owns, kwargs) if kernel.contract.slack else (np.array(0.0),) * len(owns)
    for one, other, atol in zip(owns, map(np.asarray, shown), slack, strict=True):
        if one.shape != other.shape:
            return f"the oracle's shape is {one.shape} and that of {kernel.authority.name} {other.shape}"
        close = np.isclose(one, other, rtol=kernel.authority.rtol, atol=np.maximum(atol, tiny), equal_nan=True)
        if not close.all():
            return f"the oracle and {kernel.authority.name} differ in {int((~close).sum())} of {close.size} values"
    return ""
