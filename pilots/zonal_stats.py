"""Declaration of zonal_stats: number, sum, mean, least, largest and standard deviation of the values of every zone.

It is what ``benchmarks/kernels/zonal_stats.py`` will be when the family "zones" is there; until then nothing reads it
but its tests. It stands outside the registry's reach, as today's `Kernel` knows no labels.

Cases that the family "zones" should have; values are float32 of a scene, labels int32, unless the name says otherwise.
All are 2048² but for what their names say.

======================= =============================================================================================
name                    what it is
======================= =============================================================================================
f32_2048_field1024      the centre: 1024 fields of crooked edges (`inputs.synthetic.zones.fields`)
f32_2048_field1         one zone: what a reduction costs
f32_2048_field16        long runs
f32_2048_field100k      fields of 6 pixels: tables beyond L2, two slices
f32_2048_random16       neighbours differ, and a row is needed again at once
f32_2048_random1024     the worst for 1024 zones; tables in L1
f32_2048_random100k     the worst of all: every pixel in another cache line
f32_2048_sorted1024     runs as long as can be
f32_64_field16          a call's own cost
f32_512_field1024       half of L2
f32_2048_field1024_cloud  real gaps, 40 % NaN
f32_2048_field1024_iid    gaps at random: branches that cannot be foretold
f32_2048_field1024_partial  a third of the labels is -1: land that is no field
u16_2048_field1024      counts, nodata 0
f64_2048_field1024
f32_2048_field1024_u8   256 labels of uint8
f32_2048_field1024_i64  labels of int64, as scipy.ndimage.label and pandas give them
f32_2048_field1024_out  with out=
f32_2048_field1024_t2   two threads; also _tmax
f32_2048_random1024_t2
stack_73x512_field256   73 dates under one label image: the shape of a drill through fields
f32_tall_field1024      8388608 × 1, rows of one element
f32_1023x1537_field1024 odd sizes
f32_fortran_field1024   values in Fortran order under labels in C order
f32_2048_window_field1024  both a window of larger arrays
ndvi_cube_fields        real: NDVI of the cube's 140 dates with fields drawn on it (`fields((100, 100), 64)`, tiled)
f32_10980_field100k     full tier: a whole tile
======================= =============================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage

from benchmarks.kernels._shared import NUMBERS, missing, nodata_of
from benchmarks.peers import bincount_, flox_, scipy_ndimage_
from benchmarks.spec import Array, Authority, Contract, Cost, Golden, Kernel, Output, Prose
from inputs.cases import Case

NAN = float("nan")


def oracle(values: Array, zones: Array, n_zones: int, *, nodata: Any = None, mask: Any = None,
           dtype: Any = None) -> tuple[Array, ...]:  # fmt: skip
    """Take the valid values of one zone after the other, in long double: their sum, then distances from the mean."""
    gaps = missing(values, nodata=nodata, mask=mask)
    lead = values.shape[: values.ndim - zones.ndim]
    results = tuple(np.full((*lead, n_zones), start) for start in (0.0, 0.0, NAN, NAN, NAN, NAN))
    for index in np.ndindex(lead):
        for zone in range(n_zones):
            inside = values[index][(zones == zone) & ~gaps[index]].astype(np.longdouble)
            if inside.size:
                for result, value in zip(results, _of_one(inside), strict=True):
                    result[(*index, zone)] = value
    return results


def _of_one(inside: Array) -> tuple[Any, ...]:
    """Return the statistics of the values of one zone; what float64 cannot hold is infinite."""
    with np.errstate(all="ignore"):
        total = inside.sum()
        mean = total / inside.size
        squares = np.float64(np.square(inside - mean).sum()) if np.isfinite(inside).all() else NAN
        return (
            inside.size,
            np.float64(total),
            np.float64(mean),
            inside.min(),
            inside.max(),
            np.sqrt(squares / inside.size),
        )


def _ndimage(values: Array, zones: Array, n_zones: int) -> tuple[Array, ...]:
    index, there = np.arange(n_zones), ~np.isnan(values)
    own, keys = values[there], zones[there]
    count = np.bincount(keys[(keys >= 0) & (keys < n_zones)].astype(np.intp), minlength=n_zones)
    calls = (ndimage.sum_labels, ndimage.mean, ndimage.minimum, ndimage.maximum, ndimage.standard_deviation)
    with np.errstate(all="ignore"):
        found = [np.asarray(call(own, keys, index), np.float64) for call in calls]
    return (count, found[0], *[np.where(count > 0, one, np.nan) for one in found[1:]])


def of_case(case: Case) -> Mapping[str, Any]:
    """Return the keywords of a case; its number of zones will be the family's to say."""
    return nodata_of(case)


KERNEL = Kernel(
    name="zonal_stats", title="Statistics of zones", cost_class="C10", family="zones",  # type: ignore[arg-type]
    bands=("nir",), arguments=("values", "zones"), oracle=oracle, keywords=of_case,
    contract=Contract(
        dtypes=NUMBERS,
        # Of numbers and limits 0, of sum and mean relative to the root mean square: see `tolerance`.
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="Number, least and largest value are exact. Sums, means and deviations are float64, "
        "relative to a value of the zone, in an order that is each implementation's own, and rounded once: one ulp of "
        "the output dtype, and beside it n·2⁻⁵³ times n, once and once the root mean square of the zone's values.",
        missing="NaN, nodata, True in the mask, and labels that are no zone's leave a value out; no value left gives "
        "number and sum 0, and NaN; infinities are data, and their deviation is NaN.",
        outputs=(Output("count", "int64"), Output("sum"), Output("mean"), Output("min"), Output("max"), Output("std")),
    ),
    cost=Cost(),  # six operations a value; where its row is, and memory, limit it
    golden=(
        Golden(
            "a zone with a gap, one of gaps alone, one that is absent",
            ([[1, 2, 3], [NAN, 5, NAN]], [[0, 0, 2], [2, 2, 1]]),
            [[2, 0, 2, 0], [3, 0, 8, 0], [1.5, NAN, 4, NAN], [1, NAN, 3, NAN], [2, NAN, 5, NAN], [0.5, NAN, 1, NAN]],
            "float64",
            "by hand",
            kwargs={"n_zones": 4},
        ),
        Golden(
            "an offset of 1e8 leaves the deviation right",
            ([[100000001, 100000002, 100000003, 100000004]], [[0, 0, 0, 0]]),
            [[4], [400000010], [100000002.5], [100000001], [100000004], [1.118033988749895]],
            "float64",
            "by hand: sqrt(5/4)",
            kwargs={"n_zones": 1},
        ),
        Golden(
            "counts do not wrap, and labels beyond the zones are ignored",
            ([[65535, 65535, 7], [65535, 0, 9]], [[0, 0, -1], [0, 0, 2]]),
            [[3, 0], [196605, 0], [65535, NAN], [65535, NAN], [65535, NAN], [0, NAN]],
            "uint16",
            "by hand",
            kwargs={"n_zones": 2, "nodata": 0, "dtype": "float64"},
        ),
    ),
    authority=Authority("scipy.ndimage", _ndimage, rtol=1e-12),
    peers=(bincount_.ZONAL_STATS, scipy_ndimage_.ZONAL_STATS, flox_.ZONAL_STATS),
    prose=Prose(
        why="What a field, a catchment or a district has: pixels scattered into bins, whose place memory has to find.",
        expect="Neighbours mostly share a zone, so runs of a label are reduced in registers and a bin is written once "
        "a run. Labels at random leave the addition of every pixel to its own row.",
        surprise="A pivot for every zone costs nothing: the row holds it in the same cache line, and the deviation is "
        "right at an offset of 1e8. Two bins for neighbours would cost more than to go through the image in four "
        "stretches at once.",
    ),
    source=("Chan, Golub & LeVeque 1983, The American Statistician 37, 242–247",),
)  # fmt: skip


def tolerance(values: Array, expected: tuple[Array, ...], dtype: Any) -> tuple[Array, ...]:
    """Return how far each result of one map may be from the oracle's, absolutely.

    With n values of root mean square r: sum n·r·n·2⁻⁵³, mean r·n·2⁻⁵³, deviation as the mean; each plus one ulp of the
    output dtype. The factor n is the bound of a sum in any order; what is seen is about the root of it.
    """
    count = expected[0]
    with np.errstate(all="ignore"):
        size = np.sqrt(np.square(expected[2]) + np.square(expected[5]))
        drift = np.where(np.isfinite(size), size, 0.0) * (count + 8) * 2.0**-53
        ulps = [np.spacing(np.abs(one).astype(dtype)).astype(np.float64) for one in expected]
    exact = np.zeros(count.shape)
    slack = (exact, drift * count, drift, exact, exact, drift)
    return tuple(np.where(np.isfinite(ulp), ulp, 0.0) * (k in {1, 2, 5}) + one
                 for k, (ulp, one) in enumerate(zip(ulps, slack, strict=True)))  # fmt: skip
