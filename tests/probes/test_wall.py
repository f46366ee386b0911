"""The wall reads every input and writes every output, in each layout, dtype and number of arrays that cases have."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.calls import binding
from benchmarks.calls.answers import arrays_of
from benchmarks.calls.binding import WALL, Bound, bind, target
from benchmarks.probes import wall, wall_loops
from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.dimensions import parse
from inputs.families import CASES, find
from inputs.synthetic.layouts import lay_out, lay_out_bands

KERNELS = list(registry.KERNELS.values())
BANDS = parse("(),()->()")
PAIRS = [(kernel, case) for kernel in KERNELS for case in CASES[kernel.family] if case.source == "synthetic"]


def small(case: Case) -> Case:
    """Return a case of the same kind that plain Python can loop over."""
    return replace(case, shape=(*(min(n, 11) for n in case.shape[:-2]), 5, 13), mask="none", missing=0.0)


def images(case: Case, dtypes: tuple[Any, ...]) -> tuple[np.ndarray, ...]:
    """Return an image of ones, of twos, of threes …, so that a sum says which of them were read."""
    plain = [np.full(case.shape, k + 1, dtype) for k, dtype in enumerate(dtypes)]
    if len(set(dtypes)) == 1:
        return lay_out_bands(tuple(plain), case.layout)
    return (lay_out(plain[0], case.layout), *(lay_out(array, "c") for array in plain[1:]))


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "compiled", lambda loop, **_: loop)


@pytest.fixture(params=[0, -1], ids=["first", "last"])
def chosen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have the wall be the first or the last of the loops that there are."""
    monkeypatch.setattr(wall, "_fastest", lambda calls: calls[request.param])
    return request.param


def test_the_fastest_of_several_loops_is_the_wall() -> None:
    calls = [lambda: time.sleep(0.004), lambda: time.sleep(0.0001), lambda: time.sleep(0.002)]
    assert wall._fastest(calls) is calls[1]


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize(("kernel", "case"), PAIRS, ids=lambda value: value.name)
def test_every_case_of_every_kernel_has_a_wall(
    kernel: Kernel, case: Case, chosen: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    onto = binding.target(kernel, small(case))
    bound = binding.bind(kernel, binding.WALL, onto)
    assert isinstance(bound, binding.Bound), bound
    with np.errstate(over="ignore"):  # as compiled loops do, sums of integers may wrap
        results = bound.call()
    assert [result.dtype for result in results] == list(onto.dtypes)
    assert tuple(result.shape for result in results) == onto.shapes
    assert onto.input_bytes == sum(array.nbytes for array in onto.inputs)
    assert onto.output_bytes == sum(result.nbytes for result in results)
    time_axis = -1 if onto.arrays[0].shape != small(case).shape else 0
    reduces = kernel.dimensions.over_time and not kernel.dimensions.keeps_time
    if not kernel.dimensions.is_cut:
        total = results[0].ravel()  # all pixels are read, and one number fills the results
        assert {float(value) for result in results for value in result.astype(total.dtype)} == {float(total[0])}
    elif reduces and chosen == -1:
        total = onto.arrays[0].sum(axis=time_axis).ravel()
    elif reduces:
        parts = wall.ranges(int(np.prod(onto.shapes[0])), onto.case.thread_count, 64)
        series = np.moveaxis(onto.arrays[0], time_axis, 0).reshape(small(case).shape[0], -1)
        total = np.concatenate([np.full(stop - start, series[:, start:stop].sum()) for start, stop in parts])
    else:
        moved = kernel.dimensions.keeps_time and case.layout == "time_last"
        read = (np.moveaxis(a, -1, 0) if moved else a for a in onto.inputs)
        total = sum(a.astype("f8") for a in read).ravel()
    if case.layout != "pixel_major":  # whose sums run over blocks of series
        np.testing.assert_allclose(results[0].ravel(), total, rtol=1e-5)
    if onto.out is not None:
        assert all(result is out for result, out in zip(results, binding.arrays_of(onto.out), strict=True))


@pytest.mark.parametrize("layout", ["c", "band_last", "window"])
@pytest.mark.parametrize(
    "dtypes",
    [("uint16",), ("uint16", "uint8"), ("uint16", "uint16"), ("float32",) * 3],
    ids="-".join,
)
def test_the_elementwise_wall_adds_what_it_reads(layout: Any, dtypes: tuple[str, ...]) -> None:
    case = Case("small", "elementwise", "smoke", (70, 33), layout=layout, threads=2)
    out = np.zeros(case.shape, np.float32)
    arrays = images(case, dtypes)
    (result,) = wall.bind(BANDS, case, arrays, (out,), (case.shape,), (out.dtype,))()
    assert result is out
    assert (out == sum(range(1, len(dtypes) + 1))).all()


@pytest.mark.parametrize("layout", ["c", "time_last", "pixel_major"])
def test_the_temporal_wall_writes_every_output(layout: Any, chosen: int) -> None:
    case = Case("small", "temporal", "smoke", (19, 40, 210), core=("t",), layout=layout, threads=2)
    (x,) = images(case, ("float32",))
    dtypes = tuple(map(np.dtype, ("float32", "float32", "int32")))
    for count in (1, 3):
        results = wall.bind(parse("(t)->()"), case, (x,), None, (case.shape[1:],) * count, dtypes[:count])()
        assert [result.dtype for result in results] == list(dtypes[:count])
        stretches = np.repeat([4224, 4176], [4224, 4176]) if chosen == 0 else 1
        read = 19.0 * (stretches if layout != "pixel_major" else wall_loops.SERIES)
        assert all((result.ravel() == read).mean() > 0.99 for result in results)


def test_what_has_no_wall_says_so() -> None:
    case = Case("small", "elementwise", "smoke", (4, 6))
    arrays = images(case, ("float32",) * 4)
    kind = np.dtype("float32")
    with pytest.raises(ValueError, match="takes 1 to 3, not 4"):
        wall.bind(BANDS, case, arrays, None, (case.shape,), (kind,))
    with pytest.raises(ValueError, match="at most 1, not 2"):
        wall.bind(BANDS, case, arrays[:2], None, (case.shape,) * 2, (kind, kind))
    with pytest.raises(ValueError, match="one shape"):
        wall.bind(BANDS, case, (arrays[0], arrays[1][:1]), None, (case.shape,), (kind,))
    turned = np.ones((6, 4), np.float32).T
    with pytest.raises(ValueError, match="no wall for strides"):
        wall.bind(BANDS, case, (turned, turned[::-1]), None, (case.shape,), (kind,))


def test_an_image_with_missing_values_has_a_wall_although_a_result_counts() -> None:
    kernel = registry.get("zonal_stats")
    case = replace(find(kernel.family, "f32_256_field1024"), mask="iid", missing=0.5)
    onto = target(kernel, case)
    assert np.isnan(onto.inputs[0]).any()
    bound = bind(kernel, WALL, onto)
    assert isinstance(bound, Bound)
    assert {array.dtype.kind for array in arrays_of(bound.call())} >= {"i", "f"}
