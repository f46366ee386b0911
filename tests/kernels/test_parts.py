"""Time in several chunks: parts that are added give the plain function's numbers, however space is cut."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import PARTED, assert_same_bits, plainly, results_of, stack

import eokernels

xr = pytest.importorskip("xarray", reason="xarray is not installed")
dask = pytest.importorskip("dask", reason="dask is not installed")
ex = pytest.importorskip("eokernels.xarray")

FLOATS = ("float32", "float64")
DTYPES = (*FLOATS, "uint8", "int16", "uint16")


def assert_close(found: tuple[Any, ...], expected: tuple[Any, ...], values: Any, parts: int) -> None:
    """Assert the stated tolerance; `expected` are the plain function's results, `values` have time first."""
    for one, plain in zip(found, expected, strict=True):
        assert one.dtype == plain.dtype
    if len(found) == 3:
        np.testing.assert_array_equal(found[2], expected[2], strict=True)
    with np.errstate(all="ignore"):
        valid = np.where(np.isfinite(values), values.astype("float64"), 0.0)
        bound = (len(values) + 8 * parts) * 2.0**-53 * np.sqrt((valid**2).mean(axis=0) * len(values))
        for one, plain in zip(found[:2], expected[:2], strict=True):
            assert_within(np.asarray(one), plain, bound)


def assert_within(found: Any, plain: Any, bound: Any) -> None:
    """Assert a distance of at most `bound`, and one rounding of both to the dtype."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(plain))
    finite = np.isfinite(plain)
    np.testing.assert_array_equal(found[~finite], plain[~finite])
    rounding = np.spacing(np.abs(plain[finite])).astype("float64") if plain.dtype == np.float32 else 0.0
    wrong = np.abs(found[finite].astype("float64") - plain[finite].astype("float64")) > bound[finite] + rounding
    assert not wrong.any(), (found[finite][wrong], plain[finite][wrong])


@pytest.mark.parametrize("name", PARTED)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cut", [1, 2, 4, (3, 0, 6), (1, 8)])
def test_parts_give_the_plain_numbers(name: str, dtype: str, cut: Any) -> None:
    x = stack(dtype)
    chunked = x.copy(data=dask.array.from_array(x.values, chunks=(cut, 4, 5)))
    found = getattr(ex, name)(chunked)
    for result in results_of(found):
        assert dask.is_dask_collection(result)
        assert isinstance(result.data._meta, np.ndarray)
        assert result.data._meta.dtype == result.dtype
        assert result.data._meta.ndim == 2
    values = tuple(result.values for result in results_of(found.compute(scheduler="threads")))
    expected = plainly(name, (x,))
    assert_close(values, expected, x.values, parts=9)
    if dtype not in FLOATS:
        np.testing.assert_array_equal(values[0], expected[0])


@pytest.mark.parametrize("name", PARTED)
def test_whatever_cuts_space_the_bits_are_the_same(name: str) -> None:
    x = stack("float64") * np.pi
    cuts = [(11, 13), (1, 13), (4, 5), ((2, 0, 9), (13,)), (3, 1)]
    for time in (2, (1, 7, 1), 1):
        first = None
        for cut, scheduler in itertools.product(cuts, ("synchronous", "threads")):
            chunked = x.copy(data=dask.array.from_array(x.values, chunks=(time, *cut)))
            found = [result.values for result in results_of(getattr(ex, name)(chunked).compute(scheduler=scheduler))]
            first = found if first is None else first
            for one, other in zip(found, first, strict=True):
                np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.parametrize("name", PARTED)
@pytest.mark.parametrize("cut", [{"time": 4, "y": 3}, {"y": 3}, {"time": 1}])
def test_a_mask_is_cut_as_the_array_is(name: str, cut: dict[str, int]) -> None:
    x, mask = stack(), stack(salt=3) > 100
    expected = plainly(name, (x,), mask=mask, nodata=0)
    for other in (mask, mask.chunk(time=2, x=6), mask.chunk(y=4)):
        found = getattr(ex, name)(x.chunk(cut), mask=other, nodata=0)
        values = tuple(result.values for result in results_of(found))
        assert_close(values, expected, x.values, parts=9)
        if "time" not in cut:
            assert_same_bits(found, expected)
    assert_same_bits(getattr(ex, name)(x, mask=mask.chunk(time=2), nodata=0), expected)


@pytest.mark.parametrize("name", PARTED)
def test_masks_of_dates_and_of_places_go_with_parts(name: str) -> None:
    x = stack()
    for mask in (x.isel(y=0, x=0, drop=True) > 100, x.isel(time=0, drop=True) > 100, True, False):
        plain = mask if isinstance(mask, bool) else mask.broadcast_like(x)
        plain = np.full(x.shape, plain) if isinstance(plain, bool) else plain.values
        values = tuple(result.values for result in results_of(getattr(ex, name)(x.chunk(time=4, y=5), mask=mask)))
        assert_close(values, plainly(name, (x,), mask=plain), x.values, parts=3)


@pytest.mark.parametrize("name", PARTED)
@pytest.mark.parametrize("dims", [["time", "y"], ["y", "time"], ["x", "time", "y"]])
def test_several_dimensions_in_several_chunks(name: str, dims: list[str]) -> None:
    x, mask = stack(), (stack(salt=3) > 100).isel(y=0, drop=True)
    long = x.transpose(*dims, ...).values.reshape(-1, *(x.sizes[dim] for dim in x.dims if dim not in dims))
    gaps = mask.broadcast_like(x).transpose(*dims, ...).values.reshape(long.shape)
    expected = getattr(eokernels, name)(long, nodata=0, mask=gaps)
    found = getattr(ex, name)(x.chunk(time=2, y=3, x=4), dims, nodata=0, mask=mask.chunk(time=5))
    values = tuple(result.values for result in results_of(found))
    assert_close(values, expected if isinstance(expected, tuple) else (expected,), long, parts=80)


def test_the_deviation_takes_ddof() -> None:
    x = stack("float64")
    for ddof in (0, 1, 3, 10**12, np.array([2])):
        found = ex.temporal_stats(x.chunk(time=2), ddof=ddof)
        values = tuple(result.values for result in results_of(found))
        assert_close(values, plainly("temporal_stats", (x,), ddof=int(np.max(ddof))), x.values, parts=5)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_infinities_and_gaps_are_what_they_are_to_the_plain_function(cut: int) -> None:
    special = [np.nan, np.inf, -np.inf, 1.0, -2.5]
    values = np.array(list(itertools.product(special, repeat=5))).T[:, None]
    x = xr.DataArray(values, dims=("time", "y", "x"))
    found = ex.temporal_stats(x.chunk(time=cut), ddof=1)
    results = tuple(result.values for result in results_of(found))
    assert_close(results, eokernels.temporal_stats(values, ddof=1), values, parts=5)


def test_a_small_spread_around_a_large_offset_survives() -> None:
    rng = np.random.default_rng(3)
    values = 1e9 + rng.standard_normal((200, 3, 4))
    std = ex.temporal_stats(xr.DataArray(values, dims=("time", "y", "x")).chunk(time=7))["std"]
    np.testing.assert_allclose(std, np.std(values, axis=0), rtol=1e-6)


def test_more_values_than_can_be_counted_are_refused() -> None:
    lazy = xr.DataArray(
        dask.array.zeros((3000, 1000, 1000), chunks=(1, 1000, 1000), dtype="uint8"), dims=("time", "y", "x")
    )
    with pytest.raises(ValueError, match="x: 3000000000 values of each pixel"):
        ex.temporal_mean(lazy, ["time", "y", "x"])


def test_few_parts_are_in_memory_at_a_time() -> None:
    """Sixty-four dates: the tree of parts has four branches everywhere, and no task takes more."""
    x = xr.DataArray(dask.array.zeros((64, 4, 4), chunks=(1, 2, 4), dtype="uint8"), dims=("time", "y", "x"))
    graph = ex.temporal_mean(x).data.dask
    needs = [len(found) for found in graph.get_all_dependencies().values()]
    assert max(needs) == 4


def test_parts_travel_and_have_equal_keys() -> None:
    x = stack().chunk(time=2, y=6)
    names = [ex.temporal_mean(x, nodata=nodata).data.name for nodata in (0, 0, 1)]
    assert names[0] == names[1] != names[2]
    lazy = pickle.loads(pickle.dumps(ex.temporal_mean(x, nodata=0)))
    assert_same_bits(lazy, plainly("temporal_mean", (stack(),), nodata=0))
    with dask.config.set({"multiprocessing.context": "spawn"}):
        found = ex.temporal_stats(x, nodata=0).compute(scheduler="processes", num_workers=2)
    np.testing.assert_array_equal(found["mean"], plainly("temporal_mean", (stack(),), nodata=0)[0])


@pytest.mark.parametrize("options", [{"nodata": 70_000}, {"dtype": "int16"}, {"mask": stack()}, {"num_threads": 0}])
def test_wrong_arguments_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        ex.temporal_stats(stack().chunk(time=4), **options)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_any_cut_is_within_the_tolerance(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(DTYPES))
    seed, dates = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.integers(1, 40))
    cuts = sorted(data.draw(st.sets(st.integers(1, dates), max_size=12)))
    rng = np.random.default_rng(seed)
    if dtype in FLOATS:
        scale = 10.0 ** data.draw(st.integers(-12, 12))
        values = (rng.standard_normal((dates, 2, 5)) * scale + data.draw(st.floats(-1e6, 1e6))).astype(dtype)
        values[rng.random(values.shape) < 0.3] = np.nan
    else:
        values = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, (dates, 2, 5), dtype, endpoint=True)
    time = tuple(np.diff([0, *cuts, dates]).tolist())
    x = xr.DataArray(dask.array.from_array(values, chunks=(time, 1, 3)), dims=("time", "y", "x"))
    found = ex.temporal_stats(x, ddof=1).compute(scheduler="synchronous")
    results = tuple(result.values for result in results_of(found))
    expected = eokernels.temporal_stats(values, ddof=1)
    assert_close(results, expected, values, parts=len(time))
    if dtype not in FLOATS:
        np.testing.assert_array_equal(results[0], expected[0])
