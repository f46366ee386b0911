"""What several declarations say alike: dtypes, the keywords that follow from a case, and what counts as missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.spec import Array
from inputs.cases import Case

COUNTS = dict.fromkeys(("uint8", "int16", "uint16"), "float32")
NUMBERS = {"float32": "float32", "float64": "float64"} | COUNTS
SENTINEL_2 = {"scale": 1e-4, "offset": -0.1}
"""Of surface reflectance from processing baseline 04.00 on: counts are 1000 above those of earlier baselines."""


def nodata_of(case: Case) -> Mapping[str, Any]:
    """Return ``nodata`` where a case has one; floats and gapless integers leave it out."""
    return {} if case.nodata is None else {"nodata": case.nodata}


def over_time(case: Case) -> Mapping[str, Any]:
    """Return the keywords of a temporal case: time is on the last axis of two layouts, else on the first."""
    axis = {"axis": -1} if case.layout in ("pixel_major", "time_last") else {}
    return {**axis, **nodata_of(case)}


def missing(*arrays: Array, nodata: int | None, mask: Array | None) -> Array:
    """Return where any of the arrays is NaN or `nodata`, or the mask is True: in the shape that they broadcast to."""
    found = np.zeros(np.broadcast_shapes(*(array.shape for array in arrays)), bool)
    for array in arrays:
        found |= np.isnan(array)
        if nodata is not None:
            found |= array == nodata
    return found if mask is None else found | mask
