"""Any array that the contract allows, in any layout, with any gaps: every implementation gives the oracle's answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks import registry
from benchmarks.contract import judging, questions
from benchmarks.contract.verdict import Question, absent
from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, lay_out
from inputs.battery.collection import Call
from inputs.dimensions import Dimensions
from tests.contract.conforming import conforming

CONFORMING = "a function that keeps the contract"
ARMS = [(kernel, name) for kernel in registry.KERNELS.values() for name in (CONFORMING, *kernel.implementations)]
SETTINGS = settings(
    max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Laid:
    """Logical values and the memory layout that a call hands them over in."""

    values: Any
    layout: str

    def build(self) -> Any:
        if not isinstance(self.values, np.ndarray):
            return self.values
        return lay_out(self.values, self.layout if self.values.ndim or self.layout in ODD_LAYOUTS else "c")


@dataclass(frozen=True)
class Recipe:
    """A call that can be made again and again: arrays by position and by name, outputs, and keywords."""

    dtype: str
    arrays: list[Laid]
    named: dict[str, Laid]
    outs: list[Laid]
    kwargs: dict[str, Any]
    in_place: int | None = None
    """Position of the array that takes the result."""

    def build(self) -> Call:
        arrays = tuple(laid.build() for laid in self.arrays)
        named = {name: laid.build() for name, laid in self.named.items()}
        outs = tuple(laid.build() for laid in self.outs) if self.in_place is None else (arrays[self.in_place],)
        given = {"out": outs if len(outs) > 1 else outs[0]} if outs else {}
        return Call(arrays, {**self.kwargs, **named, **given})


def values(dtype: str, shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """Arrays with many ties and special values, NaN and infinities among them."""
    if np.dtype(dtype).kind == "f":
        info = np.finfo(dtype)
        special = [np.nan, np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, 1.0, 2.0, -1.0]
        special += [float(x) for x in (info.max, info.min, info.tiny, info.smallest_subnormal)]
        elements = st.sampled_from(special) | st.floats(width=8 * np.dtype(dtype).itemsize)
    else:
        limits = np.iinfo(dtype)
        special = [int(limits.min), int(limits.min) + 1, 0, 1, 5, int(limits.max) - 1, int(limits.max)]
        elements = st.sampled_from(special) | st.integers(int(limits.min), int(limits.max))
    return hnp.arrays(dtype, shape, elements=elements, fill=elements)


def ordinary(dtype: str, shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """Return arrays of values whose sums no dtype loses; missing ones and infinities are among them."""
    if np.dtype(dtype).kind != "f":
        return values(dtype, shape)
    width = 8 * np.dtype(dtype).itemsize
    elements = st.sampled_from([np.nan, np.nan, 0.0, 1.0, np.inf]) | st.floats(-(2.0**20), 2.0**20, width=width)
    return hnp.arrays(dtype, shape, elements=elements, fill=elements)


@st.composite
def shapes(draw: st.DrawFn, dimensions: Dimensions) -> tuple[int, ...]:
    lanes = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9))
    if dimensions.is_elementwise and draw(st.integers(0, 9)) == 9:
        return ()
    if draw(st.booleans()):
        lanes = (*lanes[:-1], draw(st.integers(0, 70)))
    steps = st.sampled_from([0, 1, 2, 3, 4, 7, 8, 12, 16, 17, 33, 73])
    return (draw(steps), *lanes[-2:]) if dimensions.over_time else lanes


LAYOUT = st.sampled_from(["c", *LAYOUTS])
ANY_LAYOUT = st.sampled_from(["c", *LAYOUTS, *ODD_LAYOUTS])
CONSTANT = st.sampled_from([0.0, 1, 2.5, -6.0, 0.1, 1e4, np.float32(0.1), np.array(7.5)]) | st.floats(-100, 100)
CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "min_denominator": st.sampled_from([0.0, 0.5, 3.0]),
    "scale": st.sampled_from([1e-4, 2.75e-5, 1, -0.01, np.float32(1e-4), np.array([0.5])]) | st.floats(1e-6, 1e6),
    "offset": st.sampled_from([0, -0.1, -0.2, 100, float(np.float32(-0.1))]) | st.floats(-1e4, 1e4),
    "ddof": st.integers(0, 3),
}
"""Option → its values, for options that depend on nothing else."""
ELSEWHERE = {"axis", "nodata", "mask", "dtype", "qa", "keep", "reject_bits", "reject_fields", "in_place", "broadcasts"}
"""Options that `recipes` draws from what it has drawn before."""


def choices(kernel: Any) -> dict[str, st.SearchStrategy[Any]]:
    """Return the strategies of options that depend on nothing else; a number without one of its own is a constant."""
    own = {name: CHOICES[name] for name in questions.options(kernel) & CHOICES.keys()}
    return {name: CONSTANT for name, usual in questions.numbers(kernel).items()
            if isinstance(usual, float) and name not in kernel.probes} | own  # fmt: skip


@st.composite
def recipes(draw: st.DrawFn, kernel: Any) -> Recipe:
    """Draw a call that the kernel's contract allows, whatever the kernel."""
    dtype = draw(st.sampled_from(list(kernel.contract.dtypes)))
    full = draw(shapes(kernel.dimensions))
    made = ordinary if kernel.contract.slack else values
    arrays = [Laid(draw(made(dtype, _narrowed(draw, kernel, full))), draw(ANY_LAYOUT)) for _ in kernel.data]
    shape = np.broadcast_shapes(*(laid.values.shape for laid in arrays))
    options, kwargs, named = questions.options(kernel), dict(kernel.required), {}
    out_dtype = kernel.output_dtype(dtype).name
    if np.dtype(dtype).kind != "f":
        kwargs["dtype"] = out_dtype = draw(st.sampled_from([out_dtype, "float64"]))
    kwargs["nodata"] = draw(_nodata(dtype))
    if draw(st.booleans()):
        mask = draw(st.sampled_from([True, False, np.False_]) | hnp.arrays(bool, _trailing(draw, shape)))
        named["mask"] = Laid(mask, draw(ANY_LAYOUT))
    scaled = np.dtype(dtype).kind != "f" or draw(st.booleans())
    for name, strategy in sorted(choices(kernel).items()):
        if scaled if name in kernel.for_integers else name in kernel.required or draw(st.booleans()):
            kwargs[name] = draw(strategy)
    for name, probes in kernel.probes.items():
        kwargs[name] = draw(st.sampled_from([probes[0], *([kwargs[name]] if name in kwargs else [])]))
    kwargs |= {name: draw(st.integers(0, 9)) for name in kernel.lengths.values()}
    assume(_holds(kernel, kwargs, out_dtype))
    if "qa" in options and draw(st.booleans()):
        named["qa"], kwargs = _quality(draw, shape, kwargs)
    out_shape = shape
    if "axis" in options:
        kwargs["axis"] = draw(st.integers(-len(shape), len(shape) - 1))
        assume(all(shape[kwargs["axis"]] >= bound for bound in kernel.least.values()))
        out_shape = shape if kernel.dimensions.keeps_time else tuple(np.delete(shape, kwargs["axis"]).tolist())
    _put_beside(draw, kernel, shape, arrays, named, kwargs)
    if kernel.lengths:
        out_shape = (*shape[: len(shape) - arrays[-1].values.ndim], *(kwargs[one] for one in kernel.lengths.values()))
    takes = _taking(arrays, out_shape, out_dtype) if "in_place" in options else []
    if takes and draw(st.booleans()):
        return Recipe(dtype, arrays, named, [], kwargs, draw(st.sampled_from(takes)))
    outs = []
    if out_shape and draw(st.booleans()):
        outs = [Laid(np.full(out_shape, 7, one), draw(LAYOUT)) for one in kernel.output_dtypes(out_dtype)]
    return Recipe(dtype, arrays, named, outs, kwargs)


def _put_beside(  # noqa: PLR0917 (what was drawn before)
    draw: st.DrawFn, kernel: Any, shape: tuple[int, ...], arrays: list[Laid], named: dict[str, Laid], kwargs: Any
) -> None:
    """Draw what goes beside the data, by its role."""
    for name, role in kernel.roles.items():
        if role == "labels":
            own = shape[draw(st.integers(0, max(len(shape) - 1, 0))) :]
            zones = hnp.arrays(
                draw(st.sampled_from([word for word in WORDS if word != "bool"])), own, elements=st.integers(0, 11)
            )
            arrays.append(Laid(draw(zones), draw(ANY_LAYOUT)))
        elif role == "weights" and draw(st.booleans()):
            some = st.sampled_from([0.0, -1.0, np.nan, 1.0]) | st.floats(0.125, 4, width=32)
            weights = hnp.arrays(draw(st.sampled_from(["float32", "float64"])), _trailing(draw, shape), elements=some)
            named[name] = Laid(draw(weights), draw(ANY_LAYOUT))
        elif role == "times" and draw(st.booleans()):
            steps = shape[kwargs["axis"]]
            kwargs[name] = np.cumsum(draw(st.lists(st.integers(1, 12), min_size=steps, max_size=steps)))


def _taking(arrays: list[Laid], shape: tuple[int, ...], dtype: str) -> list[int]:
    """Return the positions of the arrays that the result fits into."""
    fits = [laid.values.shape == shape and laid.values.dtype.name == dtype for laid in arrays]
    return [k for k, laid in enumerate(arrays) if fits[k] and laid.layout not in ODD_LAYOUTS]


def _holds(kernel: Any, kwargs: dict[str, Any], dtype: str) -> bool:
    """Tell whether the output dtype holds the shift and every constant, none of which may round to 0."""
    names = questions.request(kernel, "float64").constants
    numbers = {name: float(np.ravel(value)[0]) for name, value in kwargs.items() if name in names}
    with np.errstate(all="ignore"):
        constants = np.array(list(numbers.values()))
        rounded = constants.astype(dtype)
        shift = 0.0 if kernel.shift is None else np.dtype(dtype).type(kernel.shift.value(**numbers))
    return bool(np.isfinite([*rounded, shift]).all() and ((rounded == 0) == (constants == 0)).all())


def _nodata(dtype: str) -> st.SearchStrategy[Any]:
    if np.dtype(dtype).kind == "f":
        return st.none() | st.sampled_from([np.nan, np.inf, 0, 1.0, -9999, np.float32(0.5), np.array([2.0])])
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    return st.none() | st.sampled_from([0, 5, high, 0.0, np.array(5), np.float64(high)]) | st.integers(low, high)


def _trailing(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape that broadcasts to `shape`: some of its last lengths, some of them 1."""
    return tuple(n if draw(st.booleans()) else 1 for n in shape[draw(st.integers(0, len(shape))) :])


def _quality(draw: st.DrawFn, shape: tuple[int, ...], kwargs: dict[str, Any]) -> tuple[Laid, dict[str, Any]]:
    """Return a quality band that broadcasts to `shape`, and the keywords with what it keeps or rejects."""
    dtype = draw(st.sampled_from(WORDS))
    low, high, bits = (0, 1, 1) if dtype == "bool" else _word(dtype)
    size = _trailing(draw, shape)
    qa = draw(hnp.arrays(bool, size) if dtype == "bool" else values(dtype, size))
    kind = draw(st.sampled_from(["keep", "reject_bits", "reject_fields", "bits and fields"]))
    if kind == "keep":
        some = st.sampled_from([number for number in (0, 1, 5, 254, low, high) if low <= number <= high])
        return Laid(qa, draw(ANY_LAYOUT)), {**kwargs, "keep": draw(st.sets(some | st.integers(low, high), max_size=9))}
    if kind != "reject_fields":
        kwargs = {**kwargs, "reject_bits": draw(st.integers(0, bits))}
    if kind != "reject_bits":
        fields = draw(st.sets(st.sampled_from([1, bits, bits & 12 or 1]) | st.integers(1, bits), max_size=3))
        most = {field: field // (field & -field) for field in sorted(fields)}
        chosen = {field: draw(st.sets(st.integers(0, top), max_size=4)) for field, top in most.items()}
        kwargs = {**kwargs, "reject_fields": chosen}
    return Laid(qa, draw(ANY_LAYOUT)), kwargs


WORDS = ("uint8", "uint16", "bool", "int8", "int16", "int32", "uint32", "int64", "uint64")


def _word(dtype: str) -> tuple[int, int, int]:
    """Return the least and the greatest value of a dtype, and all its bits."""
    info = np.iinfo(dtype)
    return int(info.min), int(info.max), 2**info.bits - 1


def _narrowed(draw: st.DrawFn, kernel: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return `shape`, or where the kernel broadcasts one that broadcasts to it."""
    if not kernel.contract.broadcasts or draw(st.booleans()):
        return shape
    return tuple(n if draw(st.booleans()) else 1 for n in shape[draw(st.integers(0, len(shape))) :])


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_there_is_a_strategy_for_every_option_of_a_kernel(kernel: Any) -> None:
    declared = {*kernel.probes, *kernel.lengths.values(), *kernel.roles}
    assert questions.options(kernel) <= set(choices(kernel)) | ELSEWHERE | declared
    assert set(kernel.companions) <= {"qa", *kernel.roles}


@pytest.mark.parametrize(("kernel", "name"), ARMS, ids=lambda value: getattr(value, "name", value))
def test_any_allowed_call_gives_the_oracles_answer(kernel: Any, name: str) -> None:
    function = conforming(kernel) if name == CONFORMING else registry.resolve(kernel, name)
    assert function is not None, absent(kernel, name, "", "").detail

    @SETTINGS
    @given(recipe=recipes(kernel))
    def check(recipe: Recipe) -> None:
        expected = questions.oracle_value(kernel, recipe.build())
        question = Question(recipe.dtype, "property", partial(Recipe.build, recipe), expected)
        verdict = judging.judge(kernel, name, function, question)
        assert verdict.status == "ok", verdict.detail

    check()
