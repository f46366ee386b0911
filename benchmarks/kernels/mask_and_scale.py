"""Counts to physical values, counts·scale + offset, NaN where the quality band says that nothing was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks.goldens import goldens
from benchmarks.kernels._shared import COUNTS, SENTINEL_2, missing
from benchmarks.peers import eo_processor_, numexpr_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose
from inputs.cases import Case
from inputs.real import CLEAR_SCL

UNSEEN_BITS = 0b11111
"""Of Landsat's QA_PIXEL: fill, dilated cloud, cirrus, cloud, cloud shadow."""
QUALITY: Mapping[str, Mapping[str, Any]] = {"scl": {"keep": CLEAR_SCL}, "qa_pixel": {"reject_bits": UNSEEN_BITS}}


def oracle(dn: Array, *, scale: float, offset: float, nodata: int | None, qa: Array | None = None,
           keep: Iterable[int] | None = None, reject_bits: int | None = None, mask: Array | None = None,
           dtype: Any = None) -> Array:  # fmt: skip
    """Return dn·scale + offset: constants and product in the output dtype, the sum in float64."""
    out = np.dtype(dtype or "float32")
    gaps = missing(dn, nodata=nodata, mask=mask)
    if qa is not None and keep is not None:
        stays = np.zeros(256, bool)
        for number in keep:
            stays[number] = True
        gaps |= ~stays[qa]
    elif qa is not None and reject_bits is not None:
        gaps |= (qa.astype(np.int64) & int(reject_bits)) != 0
    with np.errstate(all="ignore"):
        product = dn.astype(out) * out.type(scale)
        return np.where(gaps, np.nan, product.astype(np.float64) + np.float64(out.type(offset)))


def _decode(dn: Array, *, scale: float, offset: float, qa: Array | None = None, keep: Iterable[int] | None = None,
            reject_bits: int = 0) -> Array:  # fmt: skip
    values = dn * scale + offset
    if qa is None:
        return np.asarray(values)
    rejected = np.isin(qa, list(keep), invert=True) if keep is not None else np.bitwise_and(qa, reject_bits) > 0
    return np.ma.masked_array(values, np.broadcast_to(rejected, values.shape)).filled(np.nan)


def _keywords(case: Case) -> Mapping[str, Any]:
    return {**SENTINEL_2, "nodata": case.nodata, **QUALITY.get(case.quality, {})}


KERNEL = Kernel(
    name="mask_and_scale", title="Mask and scale", cost_class="C3", family="classified",
    bands=("nir",), arguments=("dn",), oracle=oracle, keywords=_keywords,
    companions={"qa": lambda case: case.quality or None}, required={**SENTINEL_2, "nodata": None},
    contract=Contract(
        dtypes=COUNTS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="Constants and product are rounded as the contract says, product before sum and never fused, "
        "so the two summands have one value; their sum rounds by half an ulp.",
        missing="nodata in the counts, a class that does not stay or a bit that is rejected in qa, or True in the "
        "mask, gives NaN. Nothing is clipped.",
    ),
    cost=Cost(),  # two operations and a look-up for seven bytes: memory limits it
    golden=goldens("mask_and_scale"),
    authority=Authority("numpy.isin and numpy.ma", _decode, rtol=1e-15),
    peers=(numexpr_.MASK_AND_SCALE, eo_processor_.MASK_AND_SCALE),
    prose=Prose(
        why="The first step of every workflow on archived scenes: counts and a quality band in, reflectance out.",
        expect="A class is a bit of a small word: a fused pass leaves isin, where and their temporaries far behind.",
        surprise="np.isin on a byte is a table look-up, but through several passes; the set's size hardly matters.",
    ),
    source=("Main-Knorn et al. 2017, Proc. SPIE 10427, 1042704 (Sen2Cor's scene classification)",
            "USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619 (QA_PIXEL)"),
)  # fmt: skip
