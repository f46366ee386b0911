"""What a result of ``eokernels.xarray`` says of itself: attributes that still describe it, and NaN as nodata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelled import ARGUMENTS, COUNTS, TEMPORAL, arrays_of, results_of, stack

from benchmarks import registry

xr = pytest.importorskip("xarray", reason="xarray is not installed")
ex = pytest.importorskip("eokernels.xarray")

ELEMENTWISE = [name for name in ARGUMENTS if name not in TEMPORAL]
INDICES = [name for name in ELEMENTWISE if len(registry.get(name).arguments) > 1]
"""Of several bands; what is made of one is that band still."""
OF_A_BAND = {
    "units": "W m-2 sr-1 um-1", "standard_name": "toa_outgoing_radiance", "long_name": "near infrared",
    "description": "band 8", "common_name": "nir08", "center_wavelength": 0.84,
}  # fmt: skip


@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("keep_attrs", [None, "override", "no_conflicts"])
def test_an_index_is_not_described_as_its_bands_are(name: str, keep_attrs: Any) -> None:
    arrays = tuple(array.assign_attrs(OF_A_BAND) for array in arrays_of(name, "float32"))
    result = getattr(ex, name)(*arrays, **ARGUMENTS[name], keep_attrs=keep_attrs)
    assert result.attrs == {"platform": "S2"}
    assert OF_A_BAND.items() <= arrays[0].attrs.items()


@pytest.mark.parametrize("name", sorted({*ARGUMENTS} - {*INDICES}))
def test_other_results_keep_what_the_numbers_are_and_counts_do_not(name: str) -> None:
    (array,) = arrays_of(name)
    results = results_of(getattr(ex, name)(array.assign_attrs(OF_A_BAND), **ARGUMENTS[name]))
    for result in results:
        assert result.attrs == ({"platform": "S2"} if result.dtype == "int32" else OF_A_BAND | {"platform": "S2"})


def test_a_caller_names_the_index() -> None:
    said = {"long_name": "NDVI", "units": "1"}
    result = ex.normalized_difference(stack(), stack(salt=1), keep_attrs=lambda attributes, context: said)
    assert result.attrs == said


def test_several_bands_keep_what_they_agree_on() -> None:
    nir, red = stack(salt=0, tile="33UVP", orbit=22), stack(salt=1, tile="33UVP", orbit=65)
    result = ex.normalized_difference(nir.assign_coords(band="B8"), red.assign_coords(band="B4"))
    assert result.attrs == {"platform": "S2", "tile": "33UVP"}
    assert result.name is None
    assert "band" not in result.coords
    assert ex.normalized_difference(nir, red, keep_attrs="override").attrs["orbit"] == 22


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([5], 6),
        (6, [5]),
        ([5], [6]),
        ({"a": 1}, [1]),
        (np.arange(3), 1),
        (np.arange(3), np.arange(4)),
        (np.arange(3), "text"),
        ([[1], [2, 3]], [1]),
        ({"a": np.arange(2)}, {"a": np.arange(2)}),
        (1, "1"),
    ],
)
def test_attributes_that_differ_or_cannot_be_compared_go(one: Any, other: Any) -> None:
    for keep_attrs in (None, True, "drop_conflicts"):
        a, b = stack(meta=one), stack(salt=1, meta=other)
        assert ex.normalized_difference(a, b, keep_attrs=keep_attrs).attrs == {"platform": "S2"}


@pytest.mark.parametrize(
    "value", [[5], {"a": [1, 2]}, np.arange(3), np.nan, float("nan"), np.array([1.0, np.nan]), "text", (1,)]
)
def test_attributes_that_agree_stay(value: Any) -> None:
    result = ex.normalized_difference(stack(meta=value), stack(salt=1, meta=value))
    np.testing.assert_equal(result.attrs["meta"], value)


def test_gdals_statistics_of_a_file_go() -> None:
    x = stack(STATISTICS_MEAN="120.5", STATISTICS_VALID_PERCENT="99")
    assert ex.temporal_mean(x).attrs == {"units": "1", "platform": "S2"}


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("lazy", [False, True])
def test_nan_is_the_nodata_of_floats(name: str, lazy: bool) -> None:
    arrays = arrays_of(name)
    for array in arrays:
        array.encoding = {"_FillValue": 0, "dtype": "uint16", "scale_factor": 1e-4}
    found = getattr(ex, name)(*(array.chunk(y=4) if lazy else array for array in arrays), **ARGUMENTS[name])
    for result in results_of(found):
        if result.dtype.kind == "f":
            assert result.encoding.keys() == {"_FillValue"}
            assert np.isnan(result.encoding["_FillValue"])
        else:
            assert result.encoding == {}


def test_results_are_written_and_read_again(tmp_path: Path) -> None:
    pytest.importorskip("scipy", reason="xarray writes netCDF with it")
    x = stack("float32").drop_vars("spatial_ref")
    x.encoding = {"_FillValue": 0.0}
    x.attrs = {"units": "1", "scale_factor": 1e-4, "_FillValue": 0}
    stats = ex.temporal_stats(x, nodata=None)
    stats.to_netcdf(tmp_path / "stats.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "stats.nc", engine="scipy") as again:
        xr.testing.assert_equal(again.load(), stats)
        assert np.isnan(again["mean"].encoding["_FillValue"])
        assert "_FillValue" not in again["count"].encoding


def test_a_dataset_keeps_its_own_attributes_as_told() -> None:
    ds = xr.Dataset({"red": stack(), "nir": stack(salt=1)}, attrs={"title": "cube"})
    assert ex.temporal_mean(ds).attrs == {"title": "cube"}
    assert ex.temporal_mean(ds, keep_attrs=False).attrs == {}
    assert ex.temporal_mean(ds, keep_attrs="drop").attrs == {}
    assert ex.temporal_mean(ds, keep_attrs="override").attrs == {"title": "cube"}
    assert ex.temporal_mean(ds, keep_attrs=lambda attributes, context: {"n": len(attributes)}).attrs == {"n": 1}
    with xr.set_options(keep_attrs=False):
        assert ex.temporal_mean(ds).attrs == {}


def test_a_dataset_that_says_what_is_unlimited_is_written(tmp_path: Path) -> None:
    pytest.importorskip("scipy", reason="xarray writes netCDF with it")
    ds = xr.Dataset({"red": stack().drop_vars("spatial_ref")})
    ds.encoding = {"unlimited_dims": {"time"}}
    ex.temporal_mean(ds).to_netcdf(tmp_path / "mean.nc", engine="scipy")


def test_counts_are_scaled_with_their_unit() -> None:
    assert ex.mask_and_scale(stack(), **COUNTS).attrs == {"units": "1", "platform": "S2"}
