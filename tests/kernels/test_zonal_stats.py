"""zonal_stats: every implementation gives the oracle's numbers for any layout, dtype, gap and label."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

import eokernels
from benchmarks.kernels._zones import oracle, slack
from benchmarks.kernels.zonal_stats import KERNEL
from eokernels import _zones, impl_numba, impl_numpy
from eokernels.impl_numpy.zonal_stats import zonal_stats_naive
from inputs.synthetic import zones as images

ARMS: dict[str, Callable[..., Any]] = {
    "rust": eokernels.zonal_stats,
    "numba": impl_numba.zonal_stats,
    "numpy": impl_numpy.zonal_stats,
    "numpy_naive": zonal_stats_naive,
}
THREADED = ("rust", "numba")
VALUES = ("float32", "float64", "uint8", "int16", "uint16")
LABELS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
SETTINGS = settings(max_examples=40, deadline=None, derandomize=True, database=None)

arms = pytest.mark.parametrize("arm", ARMS)


def scene(shape: tuple[int, ...], dtype: str = "float32", gaps: float = 0.2, seed: int = 1) -> Any:
    """Return values, of floats some NaN."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind != "f":
        return rng.integers(0, min(np.iinfo(dtype).max, 10000), shape).astype(dtype)
    values = rng.normal(0.3, 0.2, shape).astype(dtype)
    values[rng.random(shape) < gaps] = np.nan
    return values


def labels(shape: tuple[int, ...], zones: int, dtype: str = "int32", seed: int = 2) -> Any:
    """Return labels of runs and of single pixels; some are out of range, where the dtype has such."""
    rng = np.random.default_rng(seed)
    least = -1 if np.dtype(dtype).kind == "i" else 0
    lengths = rng.choice([1, 1, 2, 7, 9, 30, 100], size=int(np.prod(shape)))
    runs = np.repeat(rng.integers(least, min(zones + 2, np.iinfo(dtype).max + 1), lengths.size), lengths)
    return runs[: int(np.prod(shape))].reshape(shape).astype(dtype)


def tolerance(expected: tuple[Any, ...], dtype: Any) -> tuple[Any, ...]:
    """Return how far each result of one map may be from the oracle's: one ulp where it is rounded, and the slack."""
    with np.errstate(all="ignore"):
        ulps = [np.spacing(np.abs(one).astype(dtype)).astype(np.float64) for one in expected]
        beside = slack(expected, {})
    return tuple(
        np.where(np.isfinite(ulp), ulp, 0.0) * (k in {1, 2, 5}) + one
        for k, (ulp, one) in enumerate(zip(ulps, beside, strict=True))
    )


def assert_right(found: Any, values: Any, zones: Any, n_zones: int, **kwargs: Any) -> None:
    """Assert the stated tolerance, map by map, and shapes and dtypes."""
    kind = kwargs.get("dtype") or (values.dtype if values.dtype.kind == "f" else "float32")
    lead = values.shape[: values.ndim - zones.ndim]
    assert isinstance(found, tuple)
    assert [one.dtype for one in found] == [np.dtype("int64"), *[np.dtype(kind)] * 5]
    assert all(one.shape == (*lead, n_zones) for one in found)
    expected = oracle(values, zones, n_zones, **kwargs)
    with np.errstate(all="ignore"):
        for index in np.ndindex(lead):
            want = tuple(one[index] for one in expected)
            far_off = tolerance(want, kind)
            rounded = [right.astype(one.dtype) for right, one in zip(want, found, strict=True)]
            for name, one, right, far in zip(KERNEL.contract.outputs, found, rounded, far_off, strict=True):
                np.testing.assert_array_equal(np.isnan(one[index]), np.isnan(right), err_msg=name.name)
                finite = np.isfinite(right)
                infinite = ~finite & ~np.isnan(right)
                np.testing.assert_array_equal(one[index][infinite], right[infinite], err_msg=name.name)
                off = np.abs(one[index][finite].astype("float64") - right[finite].astype("float64"))
                assert (off <= far[finite]).all(), (name.name, off.max(), one[index][finite], right[finite])


def check(arm: str, values: Any, zones: Any, n_zones: int, **kwargs: Any) -> None:
    before = values.copy(), zones.copy()
    assert_right(ARMS[arm](values, zones, n_zones, **kwargs), values, zones, n_zones, **kwargs)
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(zones, before[1])


@arms
@pytest.mark.parametrize("golden", KERNEL.golden, ids=lambda golden: golden.name)
def test_goldens(arm: str, golden: Any) -> None:
    values, zones = (np.array(array) for array in golden.arrays)
    found = ARMS[arm](values.astype(golden.dtype), zones, **golden.kwargs)
    for one, right in zip(found, golden.expected, strict=True):
        np.testing.assert_allclose(one, np.array(right), rtol=1e-15)


@arms
def test_authority_and_peers_agree(arm: str) -> None:
    pytest.importorskip("scipy")
    values, zones = scene((60, 90), "float64"), labels((60, 90), 40)
    found = ARMS[arm](values, zones, 42)
    for one, right in zip(found, KERNEL.authority.function(values, zones, 42), strict=True):
        np.testing.assert_allclose(one, right, rtol=KERNEL.authority.rtol)


@pytest.mark.parametrize("peer", KERNEL.peers, ids=lambda peer: peer.name)
@pytest.mark.parametrize("dtype", VALUES)
def test_peers_give_the_oracles_numbers(peer: Any, dtype: str) -> None:
    try:
        function = peer.load()
    except ImportError:
        pytest.skip(f"{peer.name} is not installed")
    values, zones = scene((2, 30, 40), dtype), labels((30, 40), 12)
    kwargs = {} if np.dtype(dtype).kind == "f" else {"nodata": int(values[0, 0, 0])}
    mask = np.zeros((30, 40), bool)
    mask[4:9] = True
    assert_right(function(values, zones, 12, mask=mask, **kwargs), values, zones, 12, mask=mask, **kwargs)
    out = tuple(np.empty((2, 12), "int64" if k == 0 else values.dtype if not kwargs else "float32") for k in range(6))
    function(values, zones, 12, mask=mask, out=out, **kwargs)
    assert_right(out, values, zones, 12, mask=mask, **kwargs)


@arms
@pytest.mark.parametrize("dtype", VALUES)
@pytest.mark.parametrize("missing", ["none", "nodata", "mask", "both", "all"])
def test_dtypes_of_values_and_gaps(arm: str, dtype: str, missing: str) -> None:
    values, zones = scene((37, 53), dtype), labels((37, 53), 17)
    kwargs: dict[str, Any] = {}
    if missing in {"nodata", "both"}:
        values[::3] = 7
        kwargs["nodata"] = 7
    if missing in {"mask", "both"}:
        kwargs["mask"] = np.random.default_rng(3).random((37, 53)) < 0.3
    if missing == "all":
        kwargs["mask"] = True
    check(arm, values, zones, 17, **kwargs)
    if np.dtype(dtype).kind != "f":
        check(arm, values, zones, 17, dtype="float64", **kwargs)


@arms
@pytest.mark.parametrize("dtype", LABELS)
def test_dtypes_of_labels_and_labels_out_of_range(arm: str, dtype: str) -> None:
    values, zones = scene((29, 41)), labels((29, 41), 9, dtype)
    limits = np.iinfo(dtype)
    zones[0, :6] = [limits.min, limits.max, 8, 0, min(limits.max, 2**32), min(limits.max, 2**40 + 3)]
    for n_zones in (1, 9, 300):
        check(arm, values, zones, n_zones)


@pytest.mark.parametrize("n_zones", [200, 2**16 + 5])
@arms
def test_negative_labels_are_none_even_where_their_bits_are_a_zone(arm: str, n_zones: int) -> None:
    for dtype in ("int8", "int16"):
        found = ARMS[arm](np.ones(4, "float32"), np.array([-1, -128, 3, -1], dtype), n_zones)
        assert found[0].sum() == 1
        assert found[0][3] == 1


def laid_out(array: Any) -> list[Any]:
    """Return the same numbers in many layouts."""
    wide = np.empty((*[2 * n for n in array.shape],), array.dtype)[tuple(slice(None, None, 2) for _ in array.shape)]
    wide[...] = array
    back = tuple(slice(None, None, -1) for _ in array.shape)
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    odd = memory.view(array.dtype).reshape(array.shape) if array.itemsize > 1 else array.copy()
    odd[...] = array
    last = np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 0, -1)), -1, 0)
    return [array, np.asfortranarray(array), wide, array[back].copy()[back], odd, last]


@arms
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_layouts(arm: str, dtype: str) -> None:
    values, zones = scene((3, 23, 45), dtype), labels((23, 45), 8, "int16")
    mask = np.random.default_rng(5).random((23, 45)) < 0.2
    for own in laid_out(values):
        for keys in laid_out(zones):
            check(arm, own, keys, 8, mask=mask)


@arms
@pytest.mark.parametrize("shape", [(), (1,), (5000,), (1, 4097), (4097, 1), (2, 3, 4, 5), (2049,)])
def test_shapes(arm: str, shape: tuple[int, ...]) -> None:
    check(arm, scene(shape) if shape else np.array(2.5, "float32"), labels(shape, 6), 6)


@arms
@pytest.mark.parametrize(
    ("values", "zones"), [((0,), (0,)), ((3, 0), (0,)), ((0, 4), (4,)), ((2, 0, 4), (0, 4)), ((4, 5), ())]
)
@pytest.mark.parametrize("n_zones", [0, 3])
def test_nothing(arm: str, values: tuple[int, ...], zones: tuple[int, ...], n_zones: int) -> None:
    check(arm, np.ones(values, "float32"), np.zeros(zones, "int32"), n_zones)


@arms
def test_no_zones(arm: str) -> None:
    assert [one.shape for one in ARMS[arm](np.ones((2, 3)), np.zeros((3,), int), 0)] == [(2, 0)] * 6


@arms
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [1e6, 1e8, -1e8])
@pytest.mark.parametrize("kind", ["field", "random", "sorted"])
def test_an_offset_leaves_the_deviation_right(arm: str, dtype: str, offset: float, kind: str) -> None:
    zones = images.KINDS[kind](shape=(300, 400), zones=20)
    values = (np.random.default_rng(4).integers(0, 64, zones.shape) + offset).astype(dtype)
    found, expected = ARMS[arm](values, zones, 20), oracle(values, zones, 20)
    np.testing.assert_allclose(found[5], expected[5], rtol=1e-6 if dtype == "float32" else 1e-9)
    np.testing.assert_allclose(found[2], expected[2], rtol=1e-7 if dtype == "float32" else 1e-15)


@arms
def test_a_first_value_far_from_the_others_does_no_harm(arm: str) -> None:
    values = np.random.default_rng(6).normal(0.3, 0.1, 100_000)
    values[0] = 1e6
    np.testing.assert_allclose(ARMS[arm](values, np.zeros(100_000, int), 1)[5], values.std(), rtol=1e-8)


@arms
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinities_and_the_limits_of_floats(arm: str, dtype: str) -> None:
    inf, nan, big = np.inf, np.nan, float(np.finfo(dtype).max)
    rows = [
        [inf, 1, 2, 3],
        [1, -inf, inf, 0],
        [nan, inf, inf, nan],
        [1, 2, nan, -inf],
        [big, -big, big, -big],
        [0, big, 0, 0],
    ]
    values = np.array(rows, dtype)
    zones = np.repeat(np.arange(6), 4).reshape(6, 4)
    check(arm, values, zones, 6)
    check(arm, np.repeat(values[:4], 40, axis=1), np.repeat(zones[:4], 40, axis=1), 6)


@arms
def test_equal_values_have_no_deviation_and_are_their_mean(arm: str) -> None:
    for value in (0.1, 1e100, -3.7, 5e-324):
        _, _, mean, low, high, std = ARMS[arm](np.full(1000, value), np.arange(1000) % 7, 7)
        assert all((one == value).all() for one in (mean, low, high))
        assert (std <= (0.0 if arm in THREADED else 4e-15 * abs(value))).all()


@arms
def test_out(arm: str) -> None:
    values, zones = scene((4, 20, 30)), labels((20, 30), 5)
    out = (np.zeros((5, 4), "int64").T, *[np.zeros((8, 5), "float32")[::-2] for _ in range(5)])
    assert ARMS[arm](values, zones, 5, out=out) is out
    assert_right(out, values, zones, 5)


def shares(place: int, other: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Return outputs, of which one lies in the memory of another array."""
    out = [np.zeros(shape, "int64" if k == 0 else "float32") for k in range(6)]
    out[place] = other.reshape(-1).view(out[place].dtype)[: int(np.prod(shape))].reshape(shape)
    return tuple(out)


@arms
def test_refusals(arm: str) -> None:
    call, values, zones = ARMS[arm], np.ones((4, 5), "float32"), np.zeros((4, 5), "int32")
    free = [np.zeros(3, "int64"), *[np.zeros(3, "float32") for _ in range(5)]]
    frozen = np.zeros(3, "float32")
    frozen.flags.writeable = False
    wrong: list[tuple[type[Exception], str, Callable[[], Any]]] = [
        (TypeError, "values", lambda: call(values.astype("int32"), zones, 3)),
        (TypeError, "values", lambda: call(values.tolist(), zones, 3)),
        (TypeError, "values", lambda: call(np.ma.masked_array(values), zones, 3)),
        (TypeError, "zones", lambda: call(values, zones.astype("float32"), 3)),
        (TypeError, "zones", lambda: call(values, zones.astype(bool), 3)),
        (TypeError, "zones", lambda: call(values, zones.astype(">i4"), 3)),
        (TypeError, "zones", lambda: call(values, zones.tolist(), 3)),
        (ValueError, "zones", lambda: call(values, zones[:, :4], 3)),
        (ValueError, "zones", lambda: call(values, zones[:1], 3)),
        (ValueError, "zones", lambda: call(values, zones[np.newaxis], 3)),
        (ValueError, "n_zones", lambda: call(values, zones, -1)),
        (ValueError, "n_zones", lambda: call(values, zones, 2**31)),
        (TypeError, "n_zones", lambda: call(values, zones, 3.0)),
        (TypeError, "n_zones", lambda: call(values, zones, True)),
        (ValueError, "mask", lambda: call(values, zones, 3, mask=np.zeros((3, 5), bool))),
        (TypeError, "mask", lambda: call(values, zones, 3, mask=np.zeros((4, 5)))),
        (ValueError, "nodata", lambda: call(values.astype("uint8"), zones, 3, nodata=-1)),
        (TypeError, "dtype", lambda: call(values, zones, 3, dtype="float64")),
        (TypeError, "out", lambda: call(values, zones, 3, out=free)),
        (ValueError, "out", lambda: call(values, zones, 3, out=tuple(free[:5]))),
        (TypeError, "out", lambda: call(values, zones, 3, out=tuple(free[1:] + free[:1]))),
        (ValueError, "out", lambda: call(values, zones, 2, out=tuple(free))),
        (ValueError, "out", lambda: call(values, zones, 3, out=(*free[:5], frozen))),
        (ValueError, "out", lambda: call(values, zones, 3, out=(*free[:5], free[4]))),
        (ValueError, "out", lambda: call(values, zones, 3, out=shares(1, values, (3,)))),
        (ValueError, "out", lambda: call(values, zones, 3, out=shares(5, zones, (3,)))),
        (ValueError, "out", lambda: call(values, zones, 3, out=(*free[:5], as_strided(frozen, (3,), (0,))))),
    ]
    for kind, word, refused in wrong:
        with pytest.raises(kind, match=word):
            refused()


@pytest.mark.parametrize("arm", THREADED)
@pytest.mark.parametrize(("zones", "shape"), [(3, (1200, 1100)), (40_000, (1900, 1000)), (50, (7, 300, 200))])
def test_every_number_of_threads_gives_the_same_bits(arm: str, zones: int, shape: tuple[int, ...]) -> None:
    values, keys = scene(shape), labels(shape[-2:], zones)
    one = ARMS[arm](values, keys, zones)
    for threads in (2, 3, 8):
        several = ARMS[arm](values, keys, zones, num_threads=threads)
        assert [a.tobytes() for a in one] == [b.tobytes() for b in several]


@arms
@pytest.mark.parametrize("kind", images.KINDS)
def test_images_of_many_slices(arm: str, kind: str) -> None:
    if arm == "numpy_naive":
        pytest.skip("a pass for every zone")
    zones = images.KINDS[kind](shape=(1024, 900), zones=1000)
    values = scene(zones.shape, gaps=0.3)
    found, count = ARMS[arm](values, zones, 1000), np.bincount(zones[~np.isnan(values)], minlength=1000)
    np.testing.assert_array_equal(found[0], count)
    some = np.arange(0, 1000, 97)
    expected = oracle(values, np.where(zones % 97 == 0, zones // 97, -1), len(some))
    for one, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(one[some], right, rtol=3e-7)


ARRAYS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("arm", ["rust", "numba", "numpy"])
@SETTINGS
@given(seed=ARRAYS, size=st.integers(1, 6000), zones=st.integers(1, 40), runs=st.integers(1, 50))
def test_the_order_of_pixels_and_the_names_of_zones_do_not_matter(
    arm: str, seed: int, size: int, zones: int, runs: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(5, 2, size)
    values[rng.random(size) < 0.2] = np.nan
    keys = np.repeat(rng.integers(-1, zones, size), rng.integers(1, runs + 1, size))[:size]
    order, names = rng.permutation(size), rng.permutation(zones)
    found = ARMS[arm](values, keys, zones)
    other = ARMS[arm](values[order], np.where(keys < 0, -1, names[keys])[order], zones)
    for one, two in zip(found, other, strict=True):
        np.testing.assert_allclose(one, two[names], rtol=1e-9, atol=1e-12)
    assert_right(found, values, keys, zones)
    count, total, mean, low, high, std = found
    some = count > 0
    assert (low[some] <= mean[some]).all()
    assert (mean[some] <= high[some]).all()
    assert (std[some] >= 0).all()
    assert np.isclose(total.sum(), np.nansum(values[keys >= 0]))


@SETTINGS
@given(seed=ARRAYS, size=st.integers(2, 3000), zones=st.integers(1, 30))
def test_moments_of_parts_are_those_of_the_whole(seed: int, size: int, zones: int) -> None:
    rng = np.random.default_rng(seed)
    values, keys = rng.normal(1e5, 2, size), rng.integers(-1, zones, size)
    cut = int(rng.integers(1, size))
    whole, later = (_zones.known(values[part], keys[part], zones) for part in (slice(None, cut), slice(cut, None)))
    _zones.add(whole, later)
    results = tuple(np.empty(zones, "int64" if k == 0 else "float64") for k in range(6))
    _zones.finish(whole, results)
    for one, two in zip(results, eokernels.zonal_stats(values, keys, zones), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9)


@pytest.mark.parametrize("kind", images.KINDS)
@pytest.mark.parametrize("zones", [1, 16, 1000])
def test_label_images(kind: str, zones: int) -> None:
    make = partial(images.KINDS[kind], (200, 300), zones)
    image = make()
    assert image.shape == (200, 300)
    assert image.dtype == np.int32
    assert np.array_equal(np.unique(image), np.arange(zones))
    np.testing.assert_array_equal(image, make())
    if zones > 1 and kind != "sorted":
        assert not np.array_equal(image, make(seed=images.SEED + 1))
    changes = (image[:, 1:] != image[:, :-1]).mean()
    assert changes < 0.15 if kind != "random" or zones == 1 else changes > 0.9


def drill(dtype: str = "float32") -> tuple[Any, Any]:
    """Return a stack and fields on it, with coordinates."""
    xr = pytest.importorskip("xarray")
    coords = {"y": np.arange(30.0)[::-1], "x": np.arange(40.0)}
    values = xr.DataArray(
        scene((5, 30, 40), dtype), dims=("time", "y", "x"), coords={"time": np.arange(5), **coords}, name="ndvi",
        attrs={"units": "1", "scale_factor": 2.0},
    )  # fmt: skip
    return values, xr.DataArray(labels((30, 40), 7), dims=("y", "x"), coords=coords, name="field")


def test_xarray_reduces_the_dimensions_of_zones() -> None:
    values, zones = drill()
    ex = pytest.importorskip("eokernels.xarray")
    found = ex.zonal_stats(values.transpose("y", "time", "x"), zones, 7)
    assert list(found.data_vars) == ["count", "sum", "mean", "min", "max", "std"]
    assert found["mean"].dims == ("time", "zone")
    assert set(found.coords) == {"time", "zone"}
    assert found["mean"].attrs == {"units": "1"}
    assert "units" not in found["count"].attrs
    assert_right(tuple(found[name].values for name in found.data_vars), values.values, zones.values, 7)
    mask = values.isel(time=0, drop=True) > 0.4
    masked = ex.zonal_stats(values, zones, 7, mask=mask)
    assert_right(tuple(one.values for one in masked.values()), values.values, zones.values, 7, mask=mask.values)
    row = ex.zonal_stats(values, zones.isel(y=0, drop=True), 7)
    assert row["std"].dims == ("time", "y", "zone")


@pytest.mark.parametrize("dtype", VALUES)
@pytest.mark.parametrize("chunks", [{"time": 2, "y": 7, "x": 16}, {"y": 30}, {"time": 1, "x": 10}])
@pytest.mark.parametrize("lazy_zones", [False, True])
def test_xarray_combines_blocks(dtype: str, chunks: dict[str, int], lazy_zones: bool) -> None:
    dask = pytest.importorskip("dask")
    values, zones = drill(dtype)
    ex = pytest.importorskip("eokernels.xarray")
    mask = values > 0.4
    given = values.chunk(chunks), zones.chunk({"y": 11}) if lazy_zones else zones
    found = ex.zonal_stats(*given, 7, mask=mask.chunk({"y": 5}))
    assert all(dask.is_dask_collection(one.data) and one.data._meta.dtype == one.dtype for one in found.values())
    done = found.compute(scheduler="threads")
    assert_right(tuple(one.values for one in done.values()), values.values, zones.values, 7, mask=mask.values)
    core = {name: size for name, size in chunks.items() if name != "time"}
    other = ex.zonal_stats(values.chunk({**core, "time": 5}), given[1], 7, mask=mask.chunk({"y": 5}))
    for one, two in zip(done.values(), other.compute(scheduler="sync").values(), strict=True):
        assert one.values.tobytes() == two.values.tobytes()


def test_xarray_refusals() -> None:
    values, zones = drill()
    ex = pytest.importorskip("eokernels.xarray")
    with pytest.raises(ValueError, match="zones"):
        ex.zonal_stats(values.isel(y=0), zones, 7)
    with pytest.raises(ValueError, match=r"align|exact"):
        ex.zonal_stats(values, zones.assign_coords(y=np.arange(30.0)), 7)
    with pytest.raises(TypeError, match="zones"):
        ex.zonal_stats(values, zones.values, 7)
    with pytest.raises(TypeError, match="values"):
        ex.zonal_stats(values.to_dataset(), zones, 7)
    with pytest.raises(TypeError, match="zones"):
        ex.zonal_stats(values.chunk(), zones * 1.0, 7)
    with pytest.raises(ValueError, match="zone"):
        ex.zonal_stats(values.rename(time="zone"), zones, 7)
