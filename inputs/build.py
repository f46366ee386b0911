"""From a named case to arrays ready for a call, through a cache that all processes share.

The cache holds *logical* arrays: one file per band, in C order, missing values applied, before crop and layout. So
cases that differ in layout, ``out=`` or threads share their files, and so do kernels that take the same bands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.cases import Case, Layout
from inputs.host.cache import cache_dir, locked, replacing
from inputs.real.cubes import MISSING_SCL, ROMANIA_10M, ROMANIA_20M, Cube, Dataset, load
from inputs.synthetic import bands, masks, qa_bands, scenes, stacks
from inputs.synthetic.layouts import lay_out, lay_out_bands
from inputs.synthetic.tiling import centre, mirror

Array = NDArray[Any]

RECIPE = 1
"""Version of everything in this room that determines content. Raise it when the same case gives other values."""

BESIDE: Mapping[str, Callable[[Case], Array]] = {bands.WEIGHTS: bands.weights, bands.ZONES: bands.labels}
"""Bands that go beside measured ones and are the same in real and synthetic cases: how they are made."""
OFFSET = 1000
"""Counts that Sentinel-2 adds to reflectance from processing baseline 04.00 on."""


def make(case: Case, wanted: tuple[str, ...], crop_side: int | None = None) -> tuple[Array, ...]:
    """Make the arrays of a case, ready for the call.

    Parameters
    ----------
    case
        What is wanted. Its threads and ``out`` do not matter here; real cases have the gaps that were observed,
        whatever `mask` says.
    wanted
        Which bands, of blue, green, red, nir, swir, their index ndvi, and of what goes beside them: the quality bands
        scl (uint8 scene classes) and qa_pixel (uint16 bits), weights, and zones (an int32 label for each pixel); one
        array each, in this order.
    crop_side
        Centre crop: Y and X to at most this many pixels, all dates, before the layout. None crops nothing.

    Returns
    -------
    tuple of numpy.ndarray
        In the case's dtype and layout (``pixel_major`` and ``time_last`` have shape (Y, X, T)); missing values are NaN
        or the case's nodata. Floats hold reflectance, integers counts. Counts that are to be scaled (families
        ``counts`` and ``classified``) have Sentinel-2's additive offset, `OFFSET`, if they are synthetic and of 16
        bits. In ``classified`` cases only what is outside the swath is nodata, and quality bands tell the rest. Quality
        bands have a dtype of their own. Freshly allocated, writeable, aligned. The same arguments give the same bits on
        every machine.

    Raises
    ------
    inputs.real.cubes.Unavailable
        When the case is of real data that is neither cached nor fetchable.
    ValueError
        When the case contradicts itself, or there is no such band.
    """
    _check(case)
    stored = [_cropped(_cached(case, band, wanted), case, crop_side) for band in wanted]
    images = [k for k, band in enumerate(wanted) if bands.is_image(band)]
    laid = dict(zip(images, lay_out_bands(tuple(stored[k] for k in images), case.layout), strict=True))
    alone: Layout = "c" if case.layout == "band_last" else case.layout  # a quality band is an image of its own
    return tuple(laid[k] if k in laid else lay_out(array, alone) for k, array in enumerate(stored))


def days(case: Case) -> NDArray[np.float64]:
    """Return the day of each date of a case, counted from the first.

    Raises
    ------
    inputs.real.cubes.Unavailable
        When the case is of real data that is neither cached nor fetchable.
    """
    if case.source == "synthetic":
        return bands.days(case)
    dates = load(ROMANIA_10M).dates[: case.shape[0]]
    return np.asarray((dates - dates[0]).astype(np.float64))


def footprint() -> tuple[int, int]:
    """Return how many arrays of cases the cache holds, and their bytes."""
    sizes = [path.stat().st_size for path in (cache_dir() / "inputs").glob("*.npy")]
    return len(sizes), sum(sizes)


def _check(case: Case) -> None:
    dtype = np.dtype(case.dtype)
    gaps = case.mask != "none" or case.source == "romania"
    if len(case.shape) not in ((3,) if case.over_time else (2, 3)):
        raise ValueError(f"shape: was {case.shape} in case {case.name!r}; {case.family} cases have no such shape")
    if dtype.kind == "f" and case.nodata is not None:
        raise ValueError(f"nodata: was {case.nodata} in case {case.name!r}; floats mark missing data by NaN")
    if dtype.kind != "f" and gaps and case.nodata is None:
        raise ValueError(f"nodata: was None in case {case.name!r}, which has missing data in {case.dtype}")
    if case.nodata is not None and case.nodata > 0:
        raise ValueError(f"nodata: was {case.nodata} in case {case.name!r}; 0 and below never occur as values")


def _cropped(path: Path, case: Case, crop_side: int | None) -> Array:
    """Return the crop of a cached array, still on disk: laying it out makes the one copy that is needed."""
    stored: Array = np.load(path, mmap_mode="r")
    return stored[centre(case.shape, crop_side)]


def _dataset(case: Case, together: tuple[str, ...]) -> Dataset | None:
    """Return the real dataset that has all the bands of a case, the finest first; None for synthetic cases."""
    if case.source == "synthetic":
        return None
    wanted = {source for band in together if band != "scl" and band not in BESIDE for source in bands.sources(band)}
    for dataset in (ROMANIA_10M, ROMANIA_20M):
        if wanted <= set(dataset.bands):
            return dataset
    raise ValueError(f"bands: were {', '.join(together)}; no real dataset has all of them")


def _cache_path(case: Case, band: str, dataset: Dataset | None) -> Path:
    content = {
        "recipe": RECIPE,
        "family": case.family,
        "shape": case.shape,
        "dtype": case.dtype,
        "nodata": case.nodata,
        "band": band,
        "from": [dataset.sha256, *MISSING_SCL] if dataset else [case.mask, case.missing, case.ties, case.seed],
    }
    if band == bands.ZONES:
        content["from"] = [case.zoning, case.zones, case.seed]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    size = "x".join(str(n) for n in case.shape)
    mask = "observed" if dataset else case.mask
    return cache_dir() / "inputs" / f"{case.source}-{case.dtype}-{size}-{mask}-{band}-{digest}.npy"


def _cached(case: Case, band: str, together: tuple[str, ...]) -> Path:
    """Return the cache file of one band, made first when it is not there or not whole."""
    dataset = _dataset(case, together)
    path = _cache_path(case, band, dataset)
    dtype = bands.dtype_of(band, case)
    if not _whole(path, case, dtype):
        with locked(path):
            if not _whole(path, case, dtype):
                array = _romania(case, band, load(dataset)) if dataset else _synthetic(case, band)
                with replacing(path) as temporary, temporary.open("wb") as handle:
                    np.save(handle, array)
    return path


def _whole(path: Path, case: Case, dtype: np.dtype[Any]) -> bool:
    try:
        stored = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return False
    return bool(stored.shape == case.shape and stored.dtype == dtype)


def _synthetic(case: Case, band: str) -> Array:
    if band in qa_bands.DTYPES:
        return _quality(case, band)
    if band in BESIDE:
        return BESIDE[band](case)
    if band == bands.NDVI:
        plain = replace(case, dtype="float64", mask="none", nodata=None)
        return _with_gaps(bands.ndvi(partial(_synthetic, plain), case.dtype), case)
    settings: dict[str, Any] = {"seed": case.seed, "dtype": case.dtype, "ties": case.ties}
    if len(case.shape) == 2:
        array = scenes.scene((case.shape[0], case.shape[1]), band, **settings)
    else:
        array = stacks.stack((case.shape[0], case.shape[1], case.shape[2]), band, **settings)
    if case.scaled and array.dtype.kind != "f" and array.itemsize == 2:
        array += array.dtype.type(OFFSET)
    return _with_gaps(array, case)


def _with_gaps(array: Array, case: Case) -> Array:
    """Set the missing values of a synthetic band in place."""
    if case.mask == "none":
        return array
    dates = array[None] if array.ndim == 2 else array
    for date, plane in zip(dates, _gaps(case), strict=True):
        _drop(date, plane, case.nodata)
    return array


def _gaps(case: Case) -> Iterator[NDArray[np.bool_]]:
    """Return where each date's values are nodata: at all gaps, or at those that a quality band does not tell."""
    if case.quality:
        return (plane == qa_bands.NO_DATA for plane in qa_bands.classes(case))
    return masks.planes(case.mask, case.missing, case.shape, seed=case.seed)


def _quality(case: Case, band: str) -> Array:
    array = np.empty(case.shape, qa_bands.DTYPES[band])
    dates = array[None] if array.ndim == 2 else array
    for date, plane in zip(dates, qa_bands.classes(case), strict=True):
        date[...] = plane if band == "scl" else qa_bands.bits(plane)
    return array


def _romania(case: Case, band: str, cube: Cube) -> Array:
    """Make one band of a real case: the whole series (temporal), or one date.

    The date is the clearest that still has gaps; with a quality band it is the one with 40 % missing, whose counts are
    as they were delivered.
    """
    steps = slice(None)
    if not case.over_time:
        first = cube.cloudy() if case.quality else cube.clearest()
        steps = slice(first, first + 1)
    shape = case.shape if len(case.shape) == 3 else (1, *case.shape)
    if band == "scl":
        return mirror(cube.scl[steps], shape).reshape(case.shape)
    if band in BESIDE:
        return BESIDE[band](case)
    if band == bands.NDVI:
        index = bands.ndvi(lambda one: mirror(cube.bands[one][steps], shape), case.dtype)
        _drop(index, mirror(cube.missing[steps], shape), case.nodata)
        return index.reshape(case.shape)
    counts = mirror(cube.bands[band][steps], shape)
    missing = counts == cube.nodata if case.quality else mirror(cube.missing[steps], shape)
    if np.dtype(case.dtype).kind == "f":
        array: Array = counts.astype(case.dtype)
        array /= array.dtype.type(scenes.SCALE["uint16"])
    else:
        array = _same_counts(counts, case)
    _drop(array, missing, case.nodata)
    return array.reshape(case.shape)


def _same_counts(counts: Array, case: Case) -> Array:
    """Return the counts in the case's integer dtype, which must hold them unchanged."""
    limit = np.iinfo(case.dtype).max
    if int(counts.max(initial=0)) > limit:
        raise ValueError(f"dtype: was {case.dtype} in case {case.name!r}; real counts go up to {counts.max()}")
    return counts.astype(case.dtype)


def _drop(array: Array, missing: NDArray[np.bool_], nodata: int | None) -> None:
    """Set missing values in place: NaN in floats, `nodata` in integers."""
    np.copyto(array, array.dtype.type(np.nan if nodata is None else nodata), where=missing)
