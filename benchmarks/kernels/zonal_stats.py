"""Number, sum, mean, least, largest and standard deviation of the values of every zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.kernels import _zones
from benchmarks.kernels._shared import NUMBERS, nodata_of
from benchmarks.peers import bincount_, flox_, scipy_ndimage_
from benchmarks.spec import Authority, Contract, Cost, Kernel, Output, Prose
from inputs.cases import Case


def keywords(case: Case) -> Mapping[str, Any]:
    """Return the keywords of a case: its number of zones, and what marks missing data."""
    return {"n_zones": case.zones, **nodata_of(case)}


KERNEL = Kernel(
    name="zonal_stats", title="Statistics of zones", cost_class="C10", family="zones",
    signature="(n),(n)->(z),(z),(z),(z),(z),(z)", bands=("ndvi", "zones"), arguments=("values", "zones"),
    oracle=_zones.oracle, keywords=keywords, roles={"zones": "labels"}, required={"n_zones": 12},
    lengths={"z": "n_zones"},
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        slack=_zones.slack,
        promises=_zones.promises,
        tolerance_reason="Number, least and largest value are exact. Sums, means and deviations are computed in "
        "float64 relative to a value of the zone, in an order that is each implementation's own, and rounded once: one "
        "ulp of the output dtype, and beside it n·2⁻⁵³ times n, 1 and 1 times the zone's root mean square.",
        missing="NaN, nodata, True in the mask, and labels that are no zone's leave a value out; no value left gives "
        "number and sum 0, and NaN; infinities are data, and their deviation is NaN. Digits are promised for finite "
        "values below 1e150.",
        outputs=(Output("count", "int64"), Output("sum"), Output("mean"), Output("min"), Output("max"), Output("std")),
    ),
    cost=Cost(),  # six operations a value: the row's address and memory limit it
    golden=_zones.GOLDENS,
    authority=Authority("scipy.ndimage", _zones.ndimage, rtol=1e-12),
    peers=(bincount_.ZONAL_STATS, scipy_ndimage_.ZONAL_STATS, flox_.ZONAL_STATS),
    prose=Prose(
        why="What a field, a catchment or a district has: pixels scattered into bins, whose place memory has to find.",
        expect="Neighbours mostly share a zone, so runs of a label are reduced in registers and a bin is written once "
        "a run. Labels at random leave the addition of every pixel to its own row.",
        surprise="A pivot for every zone costs nothing: the row holds it in the same cache line, and the deviation is "
        "right at an offset of 1e8. Two bins for neighbours would cost more than to go through the image in four "
        "stretches at once.",
        does="number, sum, mean, least, largest and standard deviation in each zone of a label image",
        limit="finding each zone's place in memory",
    ),
    source=("Chan, Golub & LeVeque 1983, The American Statistician 37, 242–247",),
)  # fmt: skip
