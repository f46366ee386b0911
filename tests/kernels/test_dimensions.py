"""Dimensions of reductions: several at once, kept or gone, of whole Datasets; chunks of coordinates do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from labelled import ARGUMENTS, TEMPORAL, T, X, Y, arrays_of, assert_same_bits, plainly, results_of, stack

import eokernels

xr = pytest.importorskip("xarray", reason="xarray is not installed")
dask = pytest.importorskip("dask.array", reason="dask is not installed")
ex = pytest.importorskip("eokernels.xarray")


def together(name: str, x: Any, dims: tuple[str, ...], mask: Any = None) -> tuple[np.ndarray, ...]:
    """Return what the plain function says of one long axis, which the dimensions make in that order."""
    ahead = x.transpose(*dims, ...)
    axis = (
        {}
        if mask is None
        else {"mask": mask.broadcast_like(x).transpose(*dims, ...).values.reshape(-1, *ahead.shape[len(dims) :])}
    )
    found = getattr(eokernels, name)(ahead.values.reshape(-1, *ahead.shape[len(dims) :]), axis=0, nodata=0, **axis)
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("name", TEMPORAL)
@pytest.mark.parametrize("dims", [["time"], ("time", "y"), ["x", "time"], ("y", "x"), ("x", "y", "time")])
def test_several_dimensions_are_one_long_axis(name: str, dims: Any) -> None:
    x = stack()
    expected = together(name, x, tuple(dims))
    for backed in (x, x.chunk(dict.fromkeys(set(x.dims) - set(dims), 4)), x.transpose("x", "time", "y")):
        found = getattr(ex, name)(backed, dims, nodata=0)
        kept = [dim for dim in backed.dims if dim not in dims]
        for result in results_of(found):
            assert list(result.dims) == kept
            assert set(result.coords) == {*kept, "spatial_ref"}
        order = [dim for dim in x.dims if dim not in dims]
        assert_same_bits(found.transpose(*order), expected)


@pytest.mark.parametrize("name", TEMPORAL)
@pytest.mark.parametrize("has", ["time", "y", "yx", "time yx", "x"])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_mask_may_lack_some_of_several_dimensions(name: str, has: str, lazy: bool) -> None:
    x = stack()
    dims = [dim for dim in x.dims if dim in has]
    mask = (stack(salt=7).isel({dim: 0 for dim in x.dims if dim not in dims}, drop=True) > 140).transpose(*dims[::-1])
    expected = together(name, x, ("y", "time"), mask)
    backed = x.chunk(x=5) if lazy else x
    assert_same_bits(getattr(ex, name)(backed, ["y", "time"], nodata=0, mask=mask), expected)


def test_neighbours_in_memory_are_brought_together_without_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    x, seen = stack(), []
    right = eokernels.temporal_median

    def watched(block: np.ndarray, **options: Any) -> Any:
        if block.size:
            seen.append(np.shares_memory(block, x.values))
        return right(block, **options)

    monkeypatch.setattr(eokernels, "temporal_median", watched)
    ex.temporal_median(x, ["y", "x"])
    ex.temporal_median(x, ["time", "y"])
    ex.temporal_median(x, ["x", "y"])
    assert seen == [True, True, False]


@pytest.mark.parametrize(
    ("dim", "said"),
    [
        ([], "dim: it is empty"),
        (["time", "t"], "dim: it is 't'; x has the dimensions 'time', 'y', 'x'"),
        (("time", "y", "time"), r"dim: it is \('time', 'y', 'time'\); accepted is every dimension once"),
    ],
)
def test_dimensions_that_make_no_sense_are_refused(dim: Any, said: str) -> None:
    for x in (stack(), stack().to_dataset()):
        with pytest.raises(ValueError, match=said):
            ex.temporal_mean(x, dim)


@pytest.mark.parametrize("dim", ["time", "y", ["time", "x"], ["x", "time", "y"]])
@pytest.mark.parametrize("one", [False, True])
def test_kept_dimensions_are_those_that_xarray_keeps(dim: Any, one: bool) -> None:
    x = stack("float32").fillna(7.0).assign_coords(week=("time", np.arange(T)), area=(("y", "x"), np.ones((Y, X))))
    x = x.isel(time=[3]) if one else x
    for keepdims in (False, True):
        right = x.mean(dim, keepdims=keepdims, skipna=True)
        for backed in (x, x.chunk(y=4)):
            for function in (ex.temporal_mean, ex.temporal_stats):
                result = results_of(function(backed, dim, keepdims=keepdims))[0]
                assert result.dims == right.dims
                assert result.shape == right.shape
                assert set(result.coords) == set(right.coords)
                assert set(result.xindexes) == set(right.xindexes)
                np.testing.assert_allclose(result, right, rtol=1e-5)
    median = ex.temporal_median(x, dim, keepdims=True)
    np.testing.assert_array_equal(median.squeeze(dim), ex.temporal_median(x, dim))


def dataset() -> Any:
    """Return variables with and without time, of several dtypes, and coordinates of all kinds."""
    ds = xr.Dataset(
        {
            "red": stack(units="DN"),
            "dem": stack("float32").isel(time=0, drop=True).rename("dem").assign_attrs(units="m"),
            "nir": stack("float32", 1),
            "angle": ("time", np.arange(T, dtype="float64")),
            "crs": ((), 0, {"crs_wkt": "…"}),
            "names": ("band", ["a", "b"]),
        },
        attrs={"title": "cube"},
    )
    ds["dem"].encoding = {"dtype": "int16", "_FillValue": -9999}
    return ds.assign_coords(week=("time", np.arange(T)), lost=("station", np.arange(3)))


@pytest.mark.parametrize("name", ["temporal_mean", "temporal_median"])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_dataset_is_reduced_variable_by_variable(name: str, lazy: bool) -> None:
    ds = dataset()
    found = getattr(ex, name)(ds.chunk(y=4) if lazy else ds, nodata=0)
    assert isinstance(found, xr.Dataset)
    assert list(found.data_vars) == ["red", "dem", "nir", "angle", "crs", "names"]
    assert found.attrs == {"title": "cube"}
    assert set(found.coords) == {"y", "x", "spatial_ref", "lost"}
    for variable in ("red", "nir", "angle"):
        assert_same_bits(found[variable], plainly(name, (ds[variable],), nodata=0))
        assert found[variable].attrs == getattr(ex, name)(ds[variable], nodata=0).attrs
        assert np.isnan(found[variable].encoding["_FillValue"])
    for variable in ("dem", "crs", "names"):
        xr.testing.assert_identical(found[variable].compute(), ds.drop_vars("week")[variable])
    assert found["dem"].encoding == ds["dem"].encoding
    xr.testing.assert_identical(ds, dataset())


def test_statistics_of_a_dataset_are_called_after_its_variables() -> None:
    ds = dataset()
    for backed in (ds, ds.chunk(time=4, x=5)):
        found = ex.temporal_stats(backed, ddof=1, nodata=0)
        made = [f"{variable}_{what}" for variable in ("red", "nir", "angle") for what in ("mean", "std", "count")]
        assert sorted(found.data_vars) == sorted([*made, "dem", "crs", "names"])
        expected = plainly("temporal_stats", (ds["red"],), ddof=1, nodata=0)
        np.testing.assert_array_equal(found["red_mean"], expected[0])
        np.testing.assert_allclose(found["red_std"], expected[1], rtol=1e-6)
        np.testing.assert_array_equal(found["red_count"], expected[2])
        assert found["red_mean"].attrs == {"units": "DN", "platform": "S2"}
        assert found["red_count"].attrs == {"platform": "S2"}


def test_a_name_that_is_taken_is_refused() -> None:
    ds = dataset().assign(red_std=((), 1.0))
    with pytest.raises(ValueError, match="x: its variable 'red_std' has the name of a result"):
        ex.temporal_stats(ds, nodata=0)


def test_a_variable_is_reduced_over_those_dimensions_that_it_has() -> None:
    ds = dataset().drop_vars("names")
    found = ex.temporal_mean(ds, ["time", "x"], nodata=0)
    assert found["red"].dims == found["dem"].dims == ("y",)
    assert found["angle"].dims == ()
    assert_same_bits(found["dem"], (eokernels.temporal_mean(ds["dem"].values, axis=1, nodata=0),))
    kept = ex.temporal_mean(ds, ["time", "x"], nodata=0, keepdims=True)
    assert kept["red"].shape == (1, Y, 1)
    assert kept["dem"].shape == (Y, 1)
    assert set(kept.coords) == {"y", "spatial_ref", "lost"}


def test_a_dataset_takes_one_mask_for_all() -> None:
    ds = dataset()[["red", "nir"]]
    mask = stack(salt=5) > 120
    found = ex.temporal_median(ds, mask=mask, nodata=0)
    for variable in ds.data_vars:
        assert_same_bits(found[variable], plainly("temporal_median", (ds[variable],), mask=mask, nodata=0))


def test_an_error_of_a_dataset_names_the_variable() -> None:
    ds = dataset()[["nir"]].assign(names=("time", list("abcdefghi")))
    with pytest.raises(TypeError, match=r"\bx\b.*variable 'names' of the Dataset"):
        ex.temporal_mean(ds)
    with pytest.raises(ValueError, match="dim: it is 'epoch'; x has the dimensions"):
        ex.temporal_mean(ds, "epoch")


def with_chunked_coordinates(array: Any, step: int) -> Any:
    """Return an array with dask-backed coordinates over time and space, cut otherwise than the array."""
    clouds = dask.from_array(np.arange(T, dtype="float64"), chunks=step)
    lon = dask.from_array(np.arange(Y * X, dtype="float64").reshape(Y, X), chunks=(step, step + 1))
    cube = dask.from_array(np.ones((T, Y, X)), chunks=(step, 2, 6))
    return array.assign_coords(clouds=("time", clouds), lon=(("y", "x"), lon), angle=(("time", "y", "x"), cube))


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_chunks_of_coordinates_do_not_matter(name: str, lazy: bool, masked: bool) -> None:
    mask = stack(salt=6) > 150
    options = ARGUMENTS[name] | ({"mask": mask} if masked else {})
    expected = plainly(name, arrays_of(name), **options)
    arrays = tuple(array.chunk(y=4, x=5) if lazy else array for array in arrays_of(name))
    if masked:
        options["mask"] = with_chunked_coordinates(mask.chunk(y=4, x=5) if lazy else mask, 2)
    found = getattr(ex, name)(*(with_chunked_coordinates(array, 3) for array in arrays), **options)
    assert_same_bits(found, expected)
    for result in results_of(found):
        kept = {"lon"} if name in TEMPORAL else {"lon", "clouds", "angle"}
        assert set(result.coords) == {*result.dims, "spatial_ref", *kept}
        assert hasattr(result.coords["lon"].data, "dask")


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("flag", [True, False, np.True_, np.False_])
def test_a_bool_is_a_mask_of_everything_or_of_nothing(name: str, flag: Any) -> None:
    expected = plainly(name, arrays_of(name), mask=np.full((T, Y, X), bool(flag)), **ARGUMENTS[name])
    for arrays in (arrays_of(name), tuple(array.chunk(y=4) for array in arrays_of(name))):
        assert_same_bits(getattr(ex, name)(*arrays, mask=flag, **ARGUMENTS[name]), expected)


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name not in TEMPORAL])
def test_arrays_without_dimensions_give_a_number(name: str) -> None:
    arrays = tuple(array[1, 2, 3].drop_vars(["time", "y", "x"]) for array in arrays_of(name, "float32"))
    expected = getattr(eokernels, name)(*(array.values for array in arrays), **ARGUMENTS[name])
    for backed in (arrays, tuple(array.chunk() for array in arrays)):
        result = getattr(ex, name)(*backed, **ARGUMENTS[name])
        assert result.shape == ()
        assert result.dtype == np.float32
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize(
    ("dtype", "nodata"), [("float32", np.nan), ("float32", 100.0), ("float64", -9999), ("int16", 100.0)]
)
def test_nodata_is_any_number_that_the_dtype_holds(name: str, dtype: str, nodata: float) -> None:
    arguments = {**ARGUMENTS[name], "nodata": nodata}
    expected = plainly(name, arrays_of(name, dtype), **arguments)
    for arrays in (arrays_of(name, dtype), tuple(array.chunk(x=5) for array in arrays_of(name, dtype))):
        assert_same_bits(getattr(ex, name)(*arrays, **arguments), expected)


@pytest.mark.parametrize("lazy", [False, True])
def test_evi_of_counts_takes_scale_and_offset(lazy: bool) -> None:
    arrays = arrays_of("evi")
    expected = eokernels.evi(*(array.values for array in arrays), scale=1e-4, offset=-0.1, nodata=0)
    backed = tuple(array.chunk(y=4) for array in arrays) if lazy else arrays
    assert_same_bits(ex.evi(*backed, scale=1e-4, offset=-0.1, nodata=0), (expected,))
    with pytest.raises(ValueError, match="scale"):
        ex.evi(*backed)


@pytest.mark.parametrize("lazy", [False, True])
def test_fields_of_a_quality_band_reject(lazy: bool) -> None:
    dn, qa = stack(), stack("uint16", 9) * 91
    rejected = {0b11 << 8: {2, 3}, 0b11: (value for value in [1])}
    plain = {0b11 << 8: [2, 3], 0b11: [1]}
    arguments = ARGUMENTS["mask_and_scale"]
    expected = eokernels.mask_and_scale(dn.values, **arguments, qa=qa.values, reject_fields=plain)
    assert 0.2 < float(np.isnan(expected).mean()) < 1.0
    backed = (dn.chunk(time=2, x=5), qa.chunk(y=4)) if lazy else (dn, qa)
    assert_same_bits(ex.mask_and_scale(backed[0], **arguments, qa=backed[1], reject_fields=rejected), (expected,))
