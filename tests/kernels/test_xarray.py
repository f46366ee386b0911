"""``eokernels.xarray``: the bits of the plain functions, with names, labels and laziness around them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from labelled import (
    ARGUMENTS,
    COUNTS,
    DTYPES,
    TEMPORAL,
    T,
    X,
    Y,
    arrays_of,
    assert_same_bits,
    plainly,
    results_of,
    stack,
)

import eokernels
from benchmarks import registry
from inputs.real import cubes

xr = pytest.importorskip("xarray", reason="xarray is not installed")
dask = pytest.importorskip("dask", reason="dask is not installed")
ex = pytest.importorskip("eokernels.xarray")


@pytest.mark.parametrize(("name", "dtype"), DTYPES)
def test_numpy_and_dask_give_the_bits_of_the_plain_function(name: str, dtype: str) -> None:
    arrays = arrays_of(name, dtype)
    expected = plainly(name, arrays, **ARGUMENTS[name])
    function = getattr(ex, name)
    assert_same_bits(function(*arrays, **ARGUMENTS[name]), expected)
    lazy = function(*(array.chunk(y=4, x=5) for array in arrays), **ARGUMENTS[name])
    for result in results_of(lazy):
        assert dask.is_dask_collection(result)
        assert isinstance(result.data._meta, np.ndarray)
        assert result.data._meta.dtype == result.dtype
    assert_same_bits(lazy.compute(scheduler="threads"), expected)


def attributes_of(name: str, result: Any) -> dict[str, Any]:
    """Return what is left of a stack's attributes: an index has no unit of its bands, a count none of the values."""
    another = registry.get(name).dimensions.is_elementwise and len(registry.get(name).arguments) > 1
    return {"platform": "S2"} if another or result.dtype.kind == "i" else {"units": "1", "platform": "S2"}


def encoding_of(result: Any) -> dict[str, Any]:
    return {} if result.dtype.kind == "i" else {"_FillValue": np.nan}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_dimensions_labels_and_crs_stay_and_packing_goes(name: str) -> None:
    arrays = arrays_of(name)
    arrays[0].encoding = {"grid_mapping": "spatial_ref", "_FillValue": 0, "dtype": "uint16"}
    before = [(array.attrs.copy(), array.encoding.copy(), array.x.attrs.copy()) for array in arrays]
    for backed in (arrays, tuple(array.chunk(x=4) for array in arrays)):
        for result in results_of(getattr(ex, name)(*backed, **ARGUMENTS[name])):
            assert result.dims == (("y", "x") if name in TEMPORAL else ("time", "y", "x"))
            assert set(result.coords) == set(result.dims) | {"spatial_ref"}
            assert result.attrs == attributes_of(name, result)
            assert result.encoding == encoding_of(result) | {"grid_mapping": "spatial_ref"}
            assert result.x.attrs == {"units": "m"}
            assert result.spatial_ref.attrs == arrays[0].spatial_ref.attrs
    assert [(array.attrs, array.encoding, array.x.attrs) for array in arrays] == before


def test_xarrays_own_option_decides_on_attributes_and_not_on_the_crs() -> None:
    x = stack()
    with xr.set_options(keep_attrs=False):
        result = ex.temporal_median(x)
        assert ex.temporal_median(x, keep_attrs=True).attrs == {"units": "1", "platform": "S2"}
    assert result.attrs == {}
    assert result.spatial_ref.attrs == x.spatial_ref.attrs
    assert ex.temporal_median(x, keep_attrs=False).attrs == {}


def quality(name: str) -> Any:
    """Return a mask of one band over space, its dimensions in another order and with a coordinate of its own."""
    values = np.random.default_rng(5).random((X, Y)) < 0.3
    labels = {"x": stack().x, "y": stack().y, "band": "SCL"}
    return xr.DataArray(values, labels, ("x", "y"), name=name, attrs={"flag_meanings": "clear cloud"})


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("lazy", [False, True])
def test_a_mask_is_aligned_by_name_and_leaves_no_trace(name: str, lazy: bool) -> None:
    mask, arrays = quality("mask"), arrays_of(name)
    expected = plainly(name, arrays, mask=mask.T, **ARGUMENTS[name])
    if lazy:
        arrays, mask = tuple(array.chunk(y=4) for array in arrays), mask.chunk(x=6)
    found = getattr(ex, name)(*arrays, mask=mask, **ARGUMENTS[name])
    assert_same_bits(found, expected)
    for result in results_of(found):
        assert "band" not in result.coords
        assert result.attrs == attributes_of(name, result)
    assert mask.attrs == {"flag_meanings": "clear cloud"}


def test_a_mask_of_dates_alone_is_one_over_time() -> None:
    x = stack()
    dates = xr.DataArray(np.arange(T) % 3 == 0, {"time": x.time}, ("time",))
    expected = plainly("temporal_median", (x.where(~dates).astype("f4"),))
    assert_same_bits(ex.temporal_median(x.astype("f4").chunk(x=5), mask=dates), expected)


def test_one_class_band_serves_all_bands() -> None:
    dn = xr.concat([stack(salt=salt) for salt in range(3)], "band").transpose("time", "band", "y", "x")
    dn = dn.assign_coords(band=["B2", "B4", "B8"])
    qa = (stack("uint8", 9) % 12).assign_coords(band="SCL")
    classes = (number for number in (4, 5, 7))
    for backed in (dn, dn.chunk(time=2, band=1, x=5)):
        keep = classes if backed is dn else np.array([4, 5, 7])
        found = ex.mask_and_scale(backed, **COUNTS, qa=qa, keep=keep)
        plain = eokernels.mask_and_scale(dn.values, **COUNTS, qa=qa.values[:, None], keep={4, 5, 7})
        assert_same_bits(found, (plain,))
        assert list(found.band.values) == ["B2", "B4", "B8"]


def test_bits_of_a_quality_band_reject() -> None:
    dn, qa = stack(), stack("uint16", 9)
    for backed, band in ((dn, qa), (dn.chunk(time=2, x=5), qa.chunk(y=4))):
        found = ex.mask_and_scale(backed, **COUNTS, qa=band, reject_bits=0b11010)
        plain = eokernels.mask_and_scale(dn.values, **COUNTS, qa=qa.values, reject_bits=0b11010)
        assert_same_bits(found, (plain,))
        assert 0.2 < float(np.isnan(plain).mean()) < 1.0


def test_arrays_meet_by_name_whatever_the_order_of_their_dimensions() -> None:
    a, b = stack("float32"), stack("float32", 1)
    for backed in (b.transpose("x", "time", "y"), b.transpose("x", "time", "y").chunk(time=2)):
        assert_same_bits(ex.normalized_difference(a, backed), plainly("normalized_difference", (a, b)))
    planes = ex.normalized_difference(a, b.isel(time=0, drop=True))
    expected = eokernels.normalized_difference(a.values, b.values[0])
    assert_same_bits(planes, (expected,))


@pytest.mark.parametrize("name", TEMPORAL)
def test_a_reduction_is_handed_a_view_of_the_callers_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, seen = stack(), []
    right = getattr(eokernels, name)

    def watched(block: np.ndarray, **options: Any) -> Any:
        if block.size:
            seen.append((np.shares_memory(block, x.values), block.strides))
        return right(block, **options)

    monkeypatch.setattr(eokernels, name, watched)
    getattr(ex, name)(x)
    itemsize = x.dtype.itemsize
    assert seen == [(True, (X * itemsize, itemsize, Y * X * itemsize))]
    seen.clear()
    getattr(ex, name)(x.chunk(y=6)).compute(scheduler="synchronous")
    assert [strides for _, strides in seen] == [(X * itemsize, itemsize, Y * X * itemsize)] * 2


@pytest.mark.parametrize("name", TEMPORAL)
def test_blocks_and_arrays_without_elements_are_fine(name: str) -> None:
    x = stack("float32")
    for empty in (x[:, :0], x[:, :0].chunk(x=5), x[:0], x[:0].chunk(y=3)):
        for result in results_of(getattr(ex, name)(empty)):
            assert result.shape == empty.shape[1:]
            values = result.values
            assert np.isnan(values).all() if values.dtype.kind == "f" else not values.any()
    ragged = x.copy(data=dask.array.from_array(x.values, chunks=(T, (0, Y, 0), (5, 0, X - 5))))
    assert_same_bits(getattr(ex, name)(ragged), plainly(name, (x,)))


def test_statistics_that_are_computed_together_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x, calls = stack(), []
    right = eokernels.temporal_stats

    def counted(block: np.ndarray, *rest: Any, **options: Any) -> Any:
        calls.append(block.size)
        return right(block, *rest, **options)

    monkeypatch.setattr(eokernels, "temporal_stats", counted)
    lazy = ex.temporal_stats(x.chunk(y=6))
    calls.clear()
    assert_same_bits(lazy.compute(scheduler="synchronous"), plainly("temporal_stats", (x,)))
    assert sorted(calls) == [T * 5 * X, T * 6 * X, x.size]


def test_equal_calls_have_equal_keys_and_others_have_not() -> None:
    x = stack().chunk(y=6)
    names = [ex.temporal_median(x, nodata=nodata).data.name for nodata in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


def test_a_series_gives_a_number() -> None:
    series = stack()[:, 2, 3]
    assert ex.temporal_median(series, nodata=0).shape == ()
    assert float(ex.temporal_median(series.chunk(), nodata=0)) == float(ex.temporal_median(series, nodata=0))


def test_the_dimension_may_have_any_name_and_place() -> None:
    x = stack().rename(time="epoch").transpose("y", "epoch", "x")
    expected = eokernels.temporal_median(x.values, axis=1, nodata=0)
    assert_same_bits(ex.temporal_median(x, "epoch", nodata=0), (expected,))


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ex.temporal_median(stack().chunk(time=2)), ValueError, r"x: 'time' is in 5 chunks.*\{'time': -1\}"),
    (lambda: ex.temporal_median(stack(), mask=(stack() > 9).chunk(time=4)), ValueError, r"mask: 'time' is in 3 chunks"),
    (lambda: ex.temporal_mean(stack(), "t"), ValueError, "dim: it is 't'; x has the dimensions 'time', 'y', 'x'"),
    (lambda: ex.temporal_stats(stack().values), TypeError, "x: it is of type ndarray"),
    (
        lambda: ex.mask_and_scale(stack().to_dataset(), **COUNTS),
        TypeError,
        r"dn: .*ds\.map\(eokernels\.xarray\.mask_and",
    ),
    (lambda: ex.evi(stack(), stack(), stack().to_dataset()), TypeError, "blue: it is an xarray.Dataset"),
    (lambda: ex.temporal_median(stack(), mask=np.zeros((Y, X), bool)), TypeError, "mask: it is of type ndarray"),
    (lambda: ex.temporal_median(stack(), mask=quality("q").rename(x="z")), ValueError, "mask: .*'z'"),
    (lambda: ex.temporal_median(stack(), mask=quality("q")[:5]), ValueError, "cannot align.*'x'"),
    (lambda: ex.normalized_difference(stack(), stack("int16")), TypeError, r"\bb\b"),
]


@pytest.mark.parametrize(("call", "kind", "said"), ERRORS, ids=[said for *_, said in ERRORS])
def test_an_error_says_what_to_do(call: Callable[[], Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        call()


@pytest.mark.parametrize("options", [{"nodata": 70_000}, {"dtype": "int16"}, {"mask": stack()}, {"num_threads": 0}])
def test_wrong_arguments_of_lazy_arrays_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        ex.temporal_median(stack().chunk(x=4), **options)


def test_what_the_error_says_of_datasets_works() -> None:
    bands = xr.Dataset({"nir": stack(salt=0), "red": stack(salt=1)})
    scaled = bands.map(ex.mask_and_scale, **COUNTS)
    assert_same_bits(scaled.red, plainly("mask_and_scale", (bands.red,), **COUNTS))


def test_a_lazy_result_travels() -> None:
    lazy = ex.temporal_median(stack().chunk(y=6), nodata=0)
    assert_same_bits(pickle.loads(pickle.dumps(lazy)), plainly("temporal_median", (stack(),), nodata=0))
    assert pickle.loads(pickle.dumps(ex.temporal_median)) is ex.temporal_median


def test_spawned_processes_give_the_same_bits() -> None:
    lazy = ex.temporal_median(stack().chunk(y=6), nodata=0)
    with dask.config.set({"multiprocessing.context": "spawn"}):
        found = lazy.compute(scheduler="processes", num_workers=2)
    assert_same_bits(found, plainly("temporal_median", (stack(),), nodata=0))


def test_importing_the_package_imports_no_xarray() -> None:
    code = "import sys, eokernels; sys.exit('xarray' in sys.modules or 'dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_xarray_the_error_names_the_extra() -> None:
    code = "import sys; sys.modules['xarray'] = None; import eokernels.xarray"
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "pip install 'eokernels[xarray]'" in run.stderr


@pytest.fixture(scope="module")
def cube() -> Any:
    if not cubes.is_here(cubes.ROMANIA_10M):
        pytest.skip("the real cube is not in the cache; python -m lab data --fetch gets it")
    found = cubes.load(cubes.ROMANIA_10M)
    dims, coords = ("time", "y", "x"), {"time": found.dates.astype("datetime64[ns]")}
    bands = {band: xr.DataArray(values, coords, dims) for band, values in found.bands.items()}
    return xr.Dataset({**bands, "scl": xr.DataArray(found.scl, coords, dims)})


@pytest.mark.parametrize("chunks", [None, {"y": 30, "x": 41}])
def test_a_cloud_free_composite_of_the_real_cube(cube: Any, chunks: dict[str, int] | None) -> None:
    cube = cube if chunks is None else cube.chunk(chunks)
    settings = {"scale": 1e-4, "offset": 0.0, "nodata": 0}
    bands = [ex.mask_and_scale(cube[b], **settings, qa=cube.scl, keep=cubes.CLEAR_SCL) for b in ("nir", "red")]
    index = ex.normalized_difference(*(ex.temporal_median(band) for band in bands))
    plain = [
        eokernels.mask_and_scale(cube[b].values, **settings, qa=cube.scl.values, keep=cubes.CLEAR_SCL)
        for b in ("nir", "red")
    ]
    expected = eokernels.normalized_difference(*map(eokernels.temporal_median, plain))
    assert dask.is_dask_collection(index) is (chunks is not None)
    assert_same_bits(index, (expected,))
    assert 0.5 < float(np.nanmedian(expected)) < 1.0, "a forest in Romania"


@pytest.mark.parametrize(("name", "bands"), [("normalized_difference_dn", "nir red"), ("evi", "nir red blue")])
def test_indices_of_the_real_cube(cube: Any, name: str, bands: str) -> None:
    arrays = tuple(cube[band] for band in bands.split())
    rejected, settings = ~cube.scl.isin(cubes.CLEAR_SCL), {**ARGUMENTS[name], "nodata": 0}
    expected = plainly(name, arrays, mask=rejected, **settings)
    for backed in (arrays, tuple(array.chunk(time=20, y=33) for array in arrays)):
        assert_same_bits(getattr(ex, name)(*backed, mask=rejected, **settings), expected)


@pytest.mark.parametrize("name", TEMPORAL)
def test_reductions_of_the_real_cube(cube: Any, name: str) -> None:
    clear = cube.scl.isin(cubes.CLEAR_SCL)
    expected = plainly(name, (cube.nir,), mask=~clear, nodata=0)
    for backed in (cube.nir, cube.nir.chunk(y=33)):
        assert_same_bits(getattr(ex, name)(backed, mask=~clear, nodata=0), expected)
