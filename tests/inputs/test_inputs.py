"""The inputs room: same bits everywhere, plausible land, masks as promised, real data as recorded.

One file for one room, longer than others because each promise of seven small modules is one short test.
"""

from __future__ import annotations

import hashlib
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inputs import build
from inputs.cases import Case
from inputs.families import CASES, find
from inputs.real import cubes, quicklook
from inputs.synthetic import masks, qa_bands, scenes, stacks
from inputs.synthetic.layouts import lay_out, lay_out_bands
from inputs.synthetic.tiling import centre, mirror

SMALL = Case("small", "temporal", "smoke", (9, 40, 31), core=("t",), mask="cloud", missing=0.4)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return cache


@pytest.fixture(scope="session")
def romania() -> cubes.Cube:
    try:
        return cubes.load(cubes.ROMANIA_10M)
    except cubes.Unavailable as reason:
        pytest.skip(str(reason))


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


# --- the same bits on every machine


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: scenes.scene((64, 96), "nir", seed=1), "537d809dc16fb4f2"),
        (lambda: scenes.scene((64, 96), "red", seed=1, dtype="uint16"), "ddf244a8e64452fe"),
        (lambda: stacks.stack((7, 48, 40), "red", seed=2), "b80d125525213250"),
        (lambda: stacks.stack((7, 48, 40), "swir", seed=2, dtype="float64"), "f83f4eda6284c7eb"),
        (lambda: np.stack(list(masks.planes("cloud", 0.4, (12, 50, 50), seed=3))), "e13128e65defa8ec"),
        (lambda: np.stack(list(masks.planes("heavy", 0.9, (5, 50, 50), seed=3))), "84dbc85c84f8eb40"),
        (lambda: np.stack(list(masks.planes("swath_edge", 0.4, (5, 50, 50), seed=3))), "24f97e5907e5f318"),
    ],
)
def test_a_seed_gives_the_same_bits_on_every_machine(made, expected):
    assert digest(made()) == expected


def test_strips_do_not_show(monkeypatch):
    whole = scenes.scene((300, 40), "nir", seed=5)
    monkeypatch.setattr("inputs.synthetic.fields.STRIP_ROWS", 7)
    np.testing.assert_array_equal(scenes.scene((300, 40), "nir", seed=5), whole)


# --- synthetic land


@pytest.mark.parametrize("band", scenes.BANDS)
def test_reflectance_is_plausible_and_counts_are_never_nodata(band):
    value = scenes.scene((300, 300), band, seed=7)
    counts = scenes.scene((300, 300), band, seed=7, dtype="uint16")
    assert value.dtype == np.float32
    assert 0.01 <= value.min() < value.max() <= 0.6
    assert value.std() > 0.005
    assert counts.min() >= 100
    np.testing.assert_array_equal(counts, np.rint(value * 10_000))


def test_float64_shows_the_same_scene_with_a_full_mantissa():
    wide, narrow = (scenes.scene((80, 80), "nir", seed=7, dtype=dtype) for dtype in ("float64", "float32"))
    np.testing.assert_allclose(wide, narrow, atol=1e-6)
    assert (wide != wide.astype(np.float32)).mean() > 0.9


def test_bands_hang_together_and_neighbours_are_alike():
    band = {name: scenes.scene((400, 400), name, seed=11).ravel() for name in scenes.BANDS}
    land = band["nir"] > 0.1
    assert np.corrcoef(band["blue"][land], band["red"][land])[0, 1] > 0.7
    assert np.corrcoef(band["nir"][land], band["red"][land])[0, 1] < -0.3
    nir = band["nir"].reshape(400, 400)
    assert np.corrcoef(nir[:, 1:].ravel(), nir[:, :-1].ravel())[0, 1] > 0.9


def test_a_stack_has_seasons():
    nir = stacks.stack((73, 64, 64), "nir", seed=1)
    red = stacks.stack((73, 64, 64), "red", seed=1)
    index = ((nir - red) / (nir + red)).mean(axis=(1, 2))
    assert index[30:45].mean() > index[:8].mean() + 0.1
    assert index[-8:].mean() == pytest.approx(index[:8].mean(), abs=0.05)


def test_ties_are_common_and_only_when_asked_for():
    loose, tied = (stacks.stack((20, 32, 32), "nir", seed=1, ties=ties) for ties in (False, True))
    assert len(np.unique(tied)) < 60 < len(np.unique(loose))
    np.testing.assert_allclose(tied, loose, atol=0.00501)
    assert (stacks.stack((4, 32, 32), "nir", seed=1, dtype="uint16", ties=True) % 100 == 0).all()


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="band: was 'ultraviolet'"):
        scenes.scene((4, 4), "ultraviolet", seed=1)
    with pytest.raises(ValueError, match="dtype: was int64"):
        scenes.scene((4, 4), "red", seed=1, dtype="int64")
    with pytest.raises(ValueError, match=r"missing: was 0\.7; mask 'cloud' takes 0\.4"):
        masks.planes("cloud", 0.7, (4, 4), seed=1)
    with pytest.raises(ValueError, match="mode: was 'fog'"):
        masks.planes("fog", 0.7, (4, 4), seed=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="layout: was 'time_last'"):
        lay_out(np.zeros((3, 4)), "time_last")


# --- masks


@pytest.mark.parametrize(
    ("mode", "missing", "expected"),
    [("none", 0, 0), ("iid", 0.4, 0.4), ("cloud", 0.4, 0.4), ("heavy", 0.9, 0.905), ("swath_edge", 0.4, 0.4)],
)
def test_masks_have_the_share_they_promise(mode, missing, expected):
    planes = np.stack(list(masks.planes(mode, missing, (40, 120, 120), seed=9)))
    assert planes.shape == (40, 120, 120)
    assert planes.mean() == pytest.approx(expected, abs=0.02)


def test_heavy_leaves_pixels_without_any_date():
    planes = np.stack(list(masks.planes("heavy", 0.9, (100, 100, 100), seed=9)))
    assert planes.all(axis=0).mean() == pytest.approx(masks.DEAD_SHARE, abs=0.01)


def test_clouds_are_bimodal_in_time_and_connected_in_space():
    planes = np.stack(list(masks.planes("cloud", 0.4, (60, 200, 200), seed=4)))
    clear = 1 - planes.mean(axis=(1, 2))
    assert (clear <= 0.2).mean() == pytest.approx(0.26, abs=0.04)
    assert (clear >= 0.8).mean() == pytest.approx(0.49, abs=0.04)
    assert (planes[:, 1:] != planes[:, :-1]).mean() < 0.03


def test_few_dates_have_the_share_of_many():
    drawn = masks.shares(masks.CLEAR_QUANTILES, 12, np.random.default_rng(1))
    assert 1 - np.mean(drawn) == pytest.approx(0.4, abs=0.03)


def test_real_clouds_are_mirrored_over_a_scene():
    (plane,) = masks.planes("cloud", 0.4, (512, 300), seed=1)
    assert masks.real_clouds().mean() == pytest.approx(0.389, abs=0.001)
    np.testing.assert_array_equal(plane[100:200, :100], masks.real_clouds()[::-1])


# --- tiling and layouts


def test_mirror_turns_at_every_edge():
    chip = np.arange(6).reshape(2, 3)
    expected = [[0, 1, 2, 2, 1, 0, 0], [3, 4, 5, 5, 4, 3, 3], [3, 4, 5, 5, 4, 3, 3]]
    np.testing.assert_array_equal(mirror(chip, (3, 7)), expected)
    np.testing.assert_array_equal(mirror(chip, (1, 2)), [[0, 1]])
    with pytest.raises(ValueError, match="empty axis"):
        mirror(np.zeros((0, 3)), (2, 3))


def test_centre_crop_keeps_time():
    assert centre((9, 10, 7), 4) == (slice(0, 9), slice(3, 7), slice(1, 5))
    assert centre((10, 7), 20) == (slice(0, 10), slice(0, 7))
    with pytest.raises(ValueError, match="crop_side: was 0"):
        centre((10, 7), 0)


@pytest.mark.parametrize("layout", ["c", "band_last", "window", "pixel_major", "time_last"])
def test_layouts_change_memory_and_not_values(layout):
    array = np.arange(5 * 6 * 7, dtype=np.float32).reshape(5, 6, 7)
    laid = lay_out(array, layout)
    values = np.moveaxis(laid, -1, 0) if layout in ("pixel_major", "time_last") else laid
    np.testing.assert_array_equal(values, array)
    assert not np.shares_memory(laid, array)
    assert laid.flags.writeable
    assert laid.flags.aligned
    size = array.itemsize
    strides = {
        "c": (42 * size, 7 * size, size),
        "band_last": (42 * 4 * size, 7 * 4 * size, 4 * size),
        "window": (33 * 71 * size, 71 * size, size),
        "pixel_major": (35 * size, 5 * size, size),
        "time_last": (7 * size, size, 42 * size),
    }
    assert laid.strides == strides[layout]


def test_interleaved_bands_share_one_array():
    near, red = lay_out_bands((np.ones((4, 5)), np.zeros((4, 5))), "band_last")
    assert near.base is red.base
    assert red.ctypes.data - near.ctypes.data == 8
    np.testing.assert_array_equal(near - red, 1.0)


# --- cases


def test_make_gives_fresh_plain_arrays(cache):
    first, second = build.make(SMALL, ("nir", "red"))
    again, _ = build.make(SMALL, ("nir", "red"))
    for array in (first, second):
        assert type(array) is np.ndarray
        assert array.shape == SMALL.shape
        assert array.flags.writeable
        assert array.flags.owndata
        assert array.flags.aligned
    np.testing.assert_array_equal(np.isnan(first), np.isnan(second))
    first[...] = 0
    assert not (again == 0).any()
    np.testing.assert_array_equal(again, build.make(SMALL, ("nir",))[0])


def test_layouts_threads_and_out_share_cached_files(cache):
    plain = build.make(SMALL, ("nir",))[0]
    files = sorted(cache.rglob("*.npy"))
    for other in (replace(SMALL, layout="time_last"), replace(SMALL, out=True, threads=2)):
        build.make(other, ("nir",))
    assert sorted(cache.rglob("*.npy")) == files
    assert build.footprint() == (1, files[0].stat().st_size)
    build.make(replace(SMALL, seed=1), ("nir",))
    assert len(list(cache.rglob("*.npy"))) == 2
    files[0].write_bytes(b"torn")
    np.testing.assert_array_equal(build.make(SMALL, ("nir",))[0], plain)


def test_crop_is_the_centre_of_the_whole(cache):
    whole = build.make(SMALL, ("nir",))[0]
    for layout in ("c", "band_last", "window", "pixel_major", "time_last"):
        assert type(build.make(replace(SMALL, layout=layout), ("nir",))[0]) is np.ndarray
    cropped = build.make(replace(SMALL, layout="pixel_major"), ("nir",), crop_side=8)[0]
    np.testing.assert_array_equal(np.moveaxis(cropped, -1, 0), whole[:, 16:24, 11:19])
    assert cropped.flags.c_contiguous


def test_racing_makers_agree(cache):
    results: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: results.append(build.make(SMALL, ("red",))[0])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({digest(result) for result in results}) == 1
    assert len(results) == 6
    assert not list(cache.rglob(".*.npy"))


@pytest.mark.parametrize(("dtype", "nodata"), [("float32", None), ("float64", None), ("uint16", 0), ("int16", -9999)])
def test_missing_is_nan_or_nodata(cache, dtype, nodata):
    case = replace(SMALL, dtype=dtype, nodata=nodata, mask="iid")
    array = build.make(case, ("nir",))[0]
    missing = np.isnan(array) if nodata is None else array == nodata
    assert missing.mean() == pytest.approx(0.4, abs=0.03)
    clean = build.make(replace(case, mask="none", missing=0.0), ("nir",))[0]
    np.testing.assert_array_equal(array[~missing], clean[~missing])


def test_a_case_that_contradicts_itself_is_refused(cache):
    with pytest.raises(ValueError, match="nodata: was None"):
        build.make(replace(SMALL, dtype="uint16"), ("nir",))
    with pytest.raises(ValueError, match="nodata: was 0"):
        build.make(replace(SMALL, nodata=0), ("nir",))
    with pytest.raises(ValueError, match="nodata: was 500"):
        build.make(replace(SMALL, dtype="uint16", nodata=500), ("nir",))
    with pytest.raises(ValueError, match="shape: was"):
        build.make(replace(SMALL, shape=(4, 4)), ("nir",))


@pytest.mark.parametrize("family", CASES)
def test_every_small_synthetic_case_can_be_made(cache, family):
    for case in CASES[family]:
        if case.source == "romania":
            continue
        steps = tuple(min(n, 12) for n in case.shape[:-2])
        small = replace(case, shape=(*steps, 24, 33))
        bands = ("nir", "red", "blue", *([case.quality] if case.quality else []))
        array, *others = build.make(small, bands)
        assert {other.shape for other in others} == {array.shape}
        assert array.dtype == case.dtype
        assert array.shape == ((24, 33, *steps) if case.layout in ("pixel_major", "time_last") else small.shape)


# --- quality bands

CLASSIFIED = Case(
    "small", "classified", "smoke", (200, 150), "uint16", "cloud", 0.4, nodata=0, quality="scl", scaled=True
)


@pytest.mark.parametrize("change", [{}, {"mask": "iid"}, {"shape": (3, 90, 80)}, {"dtype": "int16", "nodata": -9999}])
def test_quality_bands_tell_the_gaps_and_nodata_the_rest(cache, change):
    case = replace(CLASSIFIED, **change)
    counts, scl, bits = build.make(case, ("red", "scl", "qa_pixel"))
    missing = np.stack(list(masks.planes(case.mask, case.missing, case.shape, seed=case.seed))).reshape(case.shape)
    assert (scl.dtype, bits.dtype) == (np.uint8, np.uint16)
    np.testing.assert_array_equal(np.isin(scl, cubes.MISSING_SCL), missing)
    np.testing.assert_array_equal(np.isin(scl, cubes.CLEAR_SCL), ~missing)
    np.testing.assert_array_equal((bits & 0b11111) != 0, missing)
    np.testing.assert_array_equal((bits >> 6 & 1) == 1, ~missing)
    np.testing.assert_array_equal(counts == case.nodata, scl == qa_bands.NO_DATA)
    assert 0 < (scl == qa_bands.NO_DATA).sum() < missing.sum() / 4
    assert counts[counts != case.nodata].min() >= build.OFFSET + 100


def test_quality_bands_are_varied_and_connected(cache):
    (scl,) = build.make(replace(CLASSIFIED, shape=(600, 600)), ("scl",))
    found, count = np.unique(scl, return_counts=True)
    assert set(found) == {4, 5, 7, *qa_bands.REASONS}
    assert count.max() < 0.5 * scl.size
    assert (scl[1:] != scl[:-1]).mean() < 0.1
    (clear,) = build.make(replace(CLASSIFIED, mask="none", missing=0.0), ("scl",))
    assert set(np.unique(clear)) <= set(cubes.CLEAR_SCL)


def test_the_words_of_landsat_are_those_that_its_guide_lists():
    words = {qa_bands.VEGETATION: 21824, qa_bands.UNCLASSIFIED: 21952, qa_bands.CLOUD_HIGH: 22280, qa_bands.NO_DATA: 1}
    assert {k: int(qa_bands.bits(np.array([k], np.uint8))[0]) for k in words} == words
    with pytest.raises(ValueError, match="scene_classes: had 6"):
        qa_bands.bits(np.array([4, 6], np.uint8))


def test_a_quality_band_is_an_image_of_its_own_beside_interleaved_bands(cache):
    nir, scl, red = build.make(replace(CLASSIFIED, layout="band_last"), ("nir", "scl", "red"))
    assert nir.base is red.base
    assert scl.flags.c_contiguous
    window = build.make(replace(CLASSIFIED, layout="window"), ("nir", "scl"))[1]
    assert not window.flags.c_contiguous
    np.testing.assert_array_equal(window, scl)


# --- real data


def test_the_fixture_is_what_its_record_says():
    cube = cubes.load(cubes.FIXTURE)
    assert set(cube.bands) == {"green", "red", "nir", "swir"}
    assert cube.scl.dtype == np.uint8
    assert (str(cube.dates[0]), str(cube.dates[-1])) == ("2017-02-19", "2019-12-21")
    assert (np.diff(cube.dates) > np.timedelta64(0)).all()
    assert cube.missing.mean() == pytest.approx(0.1099, abs=0.0001)
    assert not cube.bands["nir"].flags.writeable
    assert set(cubes.CLEAR_SCL) | set(cubes.MISSING_SCL) == set(range(12))
    notice = (cubes.DATA / "NOTICE").read_text()
    assert cubes.FIXTURE.notice in notice
    for name in (cubes.path_of(cubes.FIXTURE), masks.CLOUD_FILE):
        assert hashlib.sha256(name.read_bytes()).hexdigest() in notice


def test_offline_says_why_and_leaves_nothing(offline):
    with pytest.raises(
        cubes.Unavailable, match=r"romania_10m: not in the cache .* nrt==0\.2\.0: pip ended with 1: ERROR"
    ):
        build.make(find("temporal", "s2_u16_140x100"), ("nir",))
    assert not list(offline.rglob("*.nc"))
    assert not list(offline.rglob("*.npy"))


def test_a_wheel_with_other_content_is_refused(cache, monkeypatch):
    def other(dataset: cubes.Dataset, folder: Path) -> Path:
        wheel = folder / "other.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for known in cubes.DATASETS:
                archive.writestr(known.member, b"something else")
        return wheel

    monkeypatch.setattr(cubes, "_download", other)
    with pytest.raises(cubes.Unavailable, match="SHA-256 was"):
        cubes.fetch(cubes.ROMANIA_10M)
    assert not list(cache.rglob("*.nc"))


def test_the_picture_can_be_drawn_without_the_cube(tmp_path):
    path = quicklook.draw(tmp_path, cubes.FIXTURE)
    assert path == tmp_path / "data.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size > 50_000


@pytest.mark.network
def test_the_cube_has_the_figures_that_are_quoted(romania):
    assert romania.missing.mean() == pytest.approx(0.3955, abs=0.0001)
    clear = 1 - romania.missing_by_date
    assert (clear <= 0.2).mean() == pytest.approx(0.257, abs=0.001)
    assert (clear >= 0.8).mean() == pytest.approx(0.493, abs=0.001)
    valid = (~romania.missing).sum(axis=0)
    assert (valid.min(), valid.max()) == (62, 104)
    assert (str(romania.dates[0]), str(romania.dates[-1])) == ("2015-08-01", "2021-01-01")


@pytest.mark.network
def test_the_constants_of_the_masks_come_from_the_cube(romania):
    quantiles = np.quantile(1 - romania.missing_by_date, np.linspace(0, 1, 21))
    np.testing.assert_allclose(masks.CLEAR_QUANTILES, quantiles, atol=5e-5)
    np.testing.assert_array_equal(masks.real_clouds(), romania.missing[romania.cloudy()])


@pytest.mark.network
def test_real_cases_carry_real_values_and_gaps(romania):
    series = build.make(find("temporal", "s2_u16_140x100"), ("nir",))[0]
    np.testing.assert_array_equal(series, np.where(romania.missing, 0, romania.bands["nir"]))
    scene, red = build.make(find("elementwise", "s2_u16_1024"), ("nir", "red"))
    date = romania.clearest()
    np.testing.assert_array_equal(scene == 0, red == 0)
    assert 0.01 <= (scene == 0).mean() < 0.05
    np.testing.assert_array_equal(red[:100, :100], series_of(romania, "red")[date])
    np.testing.assert_array_equal(red[100:200, 100:200], red[:100, :100][::-1, ::-1])


@pytest.mark.network
def test_a_real_scene_keeps_its_classes_and_its_counts(romania):
    nir, scl = build.make(find("classified", "s2_u16_1024"), ("nir", "scl"))
    date = romania.cloudy()
    np.testing.assert_array_equal(scl[:100, :100], romania.scl[date])
    np.testing.assert_array_equal(nir[:100, 100:200], romania.bands["nir"][date][:, ::-1])
    assert np.isin(scl, cubes.MISSING_SCL).mean() == pytest.approx(0.39, abs=0.02)
    with pytest.raises(ValueError, match="bands: were nir, qa_pixel"):
        build.make(find("classified", "s2_u16_1024"), ("nir", "qa_pixel"))
    bands = build.make(find("elementwise", "s2_u16_1024"), ("nir", "red", "blue"))
    assert len({int((band == 0).sum()) for band in bands}) == 1


def series_of(cube: cubes.Cube, band: str) -> np.ndarray:
    return np.where(cube.missing, cube.nodata, cube.bands[band])


@pytest.mark.network
def test_short_wave_comes_from_the_20_m_cube(romania):
    case = Case("real", "temporal", "smoke", (12, 60, 60), core=("t",), source="romania")
    nir, swir = build.make(case, ("nir", "swir"))
    assert nir.dtype == np.float32
    assert 0 < np.nanmin(swir) < np.nanmax(swir) < 2
    np.testing.assert_array_equal(np.isnan(nir), np.isnan(swir))
    with pytest.raises(ValueError, match="bands: were blue, swir"):
        build.make(case, ("blue", "swir"))
