"""Any array that the contract allows, in any layout, with any gaps: every implementation gives the oracle's answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks import contract, registry
from inputs.battery import Call
from inputs.battery_case import LAYOUTS, lay_out

ARMS = [(kernel, name) for kernel in registry.KERNELS.values() for name in kernel.implementations]
SETTINGS = settings(
    max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Recipe:
    """A call that can be made again and again: logical values, layouts and keywords."""

    dtype: str
    arrays: list[Any]
    layouts: list[str]
    out: tuple[tuple[int, ...], str, str] | None
    kwargs: dict[str, Any] = field(default_factory=dict)

    def build(self) -> Call:
        arrays = tuple(lay_out(values, layout) for values, layout in zip(self.arrays, self.layouts, strict=True))
        out = {} if self.out is None else {"out": lay_out(np.full(self.out[0], 7, self.out[1]), self.out[2])}
        return Call(arrays, {**self.kwargs, **out})


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


@st.composite
def shapes(draw: st.DrawFn, family: str) -> tuple[int, ...]:
    lanes = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9))
    if draw(st.booleans()):
        lanes = (*lanes[:-1], draw(st.integers(0, 70)))
    steps = st.sampled_from([0, 1, 2, 3, 4, 7, 8, 12, 16, 17, 33])
    return lanes if family == "elementwise" else (draw(steps), *lanes[-2:])


@st.composite
def recipes(draw: st.DrawFn, kernel: Any) -> Recipe:
    """Draw a call that the kernel's contract allows, whatever the kernel."""
    dtype = draw(st.sampled_from(list(kernel.contract.dtypes)))
    full = draw(shapes(kernel.family))
    arrays = [draw(values(dtype, _narrowed(draw, kernel, full))) for _ in kernel.arguments]
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    options, kwargs = contract.options(kernel), {}
    out_dtype = kernel.output_dtype(dtype).name
    if np.dtype(dtype).kind != "f":
        out_dtype = draw(st.sampled_from([out_dtype, "float64"]))
        kwargs["dtype"] = out_dtype
        limits = np.iinfo(dtype)
        wanted = st.none() | st.sampled_from([0, 5, int(limits.max)]) | st.integers(int(limits.min), int(limits.max))
        kwargs["nodata"] = draw(wanted)
    if draw(st.booleans()):
        trailing = shape[draw(st.integers(0, len(shape))) :]
        kwargs["mask"] = draw(hnp.arrays(bool, tuple(n if draw(st.booleans()) else 1 for n in trailing)))
    if "min_denominator" in options:
        kwargs["min_denominator"] = draw(st.sampled_from([0.0, 0.5, 3.0]))
    out_shape = shape
    if "axis" in options:
        axis = draw(st.integers(-len(shape), len(shape) - 1))
        kwargs["axis"], out_shape = axis, tuple(np.delete(shape, axis).tolist())
    out = (out_shape, out_dtype, draw(st.sampled_from(["c", *LAYOUTS]))) if out_shape and draw(st.booleans()) else None
    layouts = [draw(st.sampled_from(["c", *LAYOUTS])) for _ in arrays]
    return Recipe(dtype, arrays, layouts, out, kwargs)


def _narrowed(draw: st.DrawFn, kernel: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return `shape`, or where the kernel broadcasts one that broadcasts to it."""
    if not kernel.contract.broadcasts or draw(st.booleans()):
        return shape
    return tuple(n if draw(st.booleans()) else 1 for n in shape[draw(st.integers(0, len(shape) - 1)) :])


@pytest.mark.parametrize(("kernel", "name"), ARMS, ids=lambda value: getattr(value, "name", value))
def test_any_allowed_call_gives_the_oracles_answer(kernel: Any, name: str) -> None:
    function = registry.resolve(kernel, name)
    assert function is not None, contract.absent(kernel, name, "", "").detail

    @SETTINGS
    @given(recipe=recipes(kernel))
    def check(recipe: Recipe) -> None:
        expected = contract.oracle_value(kernel, recipe.build())
        question = contract.Question(recipe.dtype, "property", partial(Recipe.build, recipe), expected)
        verdict = contract.judge(kernel, name, function, question)
        assert verdict.status == "ok", verdict.detail

    check()
