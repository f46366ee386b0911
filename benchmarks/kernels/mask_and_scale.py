"""Counts to physical values, counts·scale + offset, NaN where the quality band says that nothing was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._rejected import Fields, decode, unseen
from benchmarks.kernels._shared import NUMBERS, SENTINEL_2, meant, missing, output_dtype
from benchmarks.peers import eo_processor_, numexpr_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose
from inputs.cases import Case
from inputs.real.cubes import CLEAR_SCL

UNSEEN_BITS = 0b11111
"""Of Landsat's QA_PIXEL: fill, dilated cloud, cirrus, cloud, cloud shadow."""
QUALITY: Mapping[str, Mapping[str, Any]] = {"scl": {"keep": CLEAR_SCL}, "qa_pixel": {"reject_bits": UNSEEN_BITS}}


def oracle(dn: Array, *, scale: float, offset: float, nodata: Any, qa: Array | None = None,
           keep: Iterable[int] | None = None, reject_bits: int | None = None, reject_fields: Fields | None = None,
           mask: Any = None, dtype: Any = None) -> Array:  # fmt: skip
    """Return dn·scale + offset: constants and product in the output dtype, the sum in float64."""
    out, classes = output_dtype(dn, dtype), None if keep is None else list(keep)
    gaps = missing(dn, nodata=nodata, mask=mask)
    if qa is not None:
        gaps |= unseen(qa, classes, reject_bits, reject_fields)
    with np.errstate(all="ignore"):
        product = dn.astype(out) * out.type(meant(scale))
        return np.where(gaps, np.nan, product.astype(np.float64) + np.float64(out.type(meant(offset))))


def _keywords(case: Case) -> Mapping[str, Any]:
    return {**SENTINEL_2, "nodata": case.nodata, **QUALITY.get(case.quality, {})}


KERNEL = Kernel(
    name="mask_and_scale", title="Mask and scale", cost_class="C3", family="classified", signature="(),()?->()",
    bands=("nir",), arguments=("dn",), oracle=oracle, keywords=_keywords,
    companions={"qa": lambda case: case.quality or None}, required={**SENTINEL_2, "nodata": None},
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="Constants and product are rounded as the contract says, product before sum and never fused, "
        "so the two summands have one value; their sum rounds by half an ulp.",
        missing="NaN or nodata in the counts, in qa a class that does not stay, a bit or a field's value that is "
        "rejected, or True in the mask, gives NaN. Nothing is clipped.",
        in_place=True,
    ),
    cost=Cost(),  # two operations and a look-up for seven bytes: memory limits it
    golden=goldens("mask_and_scale"),
    authority=Authority("numpy.isin and numpy.ma", decode, rtol=1e-15),
    peers=(numexpr_.MASK_AND_SCALE, eo_processor_.MASK_AND_SCALE),
    prose=Prose(
        why="The first step of every workflow on archived scenes: counts and a quality band in, reflectance out.",
        expect="One pass that tests a class as one bit is far faster than isin, where and their temporary arrays.",
        surprise="np.isin on bytes is a table look-up in several passes; the number of classes hardly matters.",
        does="counts to reflectance, without what a quality band (Sentinel-2's SCL, Landsat's QA_PIXEL) rejects",
        limit="memory, where one pass does all steps",
    ),
    source=("Main-Knorn et al. 2017, Proc. SPIE 10427, 1042704 (Sen2Cor's scene classification)",
            "USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619 (QA_PIXEL)"),
)  # fmt: skip
