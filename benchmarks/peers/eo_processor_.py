"""eo-processor: Rust functions on float64 arrays, the nearest rival. Where no wheel fits, `build.py` makes one.

Its functions over time take nothing but float64; the others cast by themselves, several times over. Here the bands are
cast once beforehand, which is no slower, and the float64 result is cast back: both are in its time.
Its functions over time run on rayon's common pool, which `RAYON_NUM_THREADS` keeps to one thread in timed processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks.peers._common import as_floats, count, deliver, deliver_all, output_dtype, peer
from benchmarks.spec import Array
from inputs.cases import Case

SCL_CLASSES = range(12)
CONSTANTS = (2.5, 6.0, 7.5, 1.0)


def _only(**settings: tuple[Any, Any]) -> None:
    """Raise a ValueError for what eo-processor has no argument for: name → (asked, the only one there is)."""
    for name, (asked, there) in settings.items():
        if asked != there:
            raise ValueError(f"{name}: was {asked!r}; eo-processor knows {there!r} only")


def _finish(result: Array, mask: Array | None, dtype: np.dtype[Any], out: Array | None) -> Array:
    values = deliver(result, dtype, out)
    if mask is not None:
        np.copyto(values, np.nan, where=mask)
    return values


def normalized_difference(
    a: Array, b: Array, *, nodata: int | None = None, mask: Array | None = None, min_denominator: float = 0.0,
    dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Return (a − b) / (a + b)."""
    import eo_processor

    _only(min_denominator=(min_denominator, 0.0))
    doubles = (as_floats(band, np.float64, nodata) for band in (a, b))
    return _finish(eo_processor.normalized_difference(*doubles), mask, output_dtype(a, dtype), out)


def normalized_difference_dn(
    a: Array, b: Array, *, scale: float, offset: float, nodata: int | None, mask: Array | None = None,
    min_denominator: float = 0.0, dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the normalised difference of scaled float64 bands."""
    import eo_processor

    _only(min_denominator=(min_denominator, 0.0))
    doubles = (as_floats(band, np.float64, nodata) for band in (a, b))
    scaled = (eo_processor.pixelwise_transform(band, scale=scale, offset=offset) for band in doubles)
    return _finish(eo_processor.normalized_difference(*scaled), mask, output_dtype(a, dtype), out)


def evi(
    nir: Array, red: Array, blue: Array, *, G: float = 2.5, C1: float = 6.0, C2: float = 7.5, L: float = 1.0,
    scale: float | None = None, offset: float | None = None, nodata: int | None = None, mask: Array | None = None,
    min_denominator: float = 0.0, dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Return 2.5·(nir − red) / (nir + 6·red − 7.5·blue + 1), of counts after all three bands were scaled."""
    import eo_processor

    _only(constants=((G, C1, C2, L), CONSTANTS), min_denominator=(min_denominator, 0.0))
    doubles = [as_floats(band, np.float64, nodata) for band in (nir, red, blue)]
    if scale is not None:
        doubles = [eo_processor.pixelwise_transform(band, scale=scale, offset=offset) for band in doubles]
    return _finish(eo_processor.enhanced_vegetation_index(*doubles), mask, output_dtype(nir, dtype), out)


def savi(
    nir: Array, red: Array, *, L: float = 0.5, scale: float | None = None, offset: float | None = None,
    nodata: int | None = None, mask: Array | None = None, min_denominator: float = 0.0, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return (1 + L)·(nir − red) / (nir + red + L), of counts after both bands were scaled."""
    import eo_processor

    _only(min_denominator=(min_denominator, 0.0))
    doubles = [as_floats(band, np.float64, nodata) for band in (nir, red)]
    if scale is not None:
        doubles = [eo_processor.pixelwise_transform(band, scale=scale, offset=offset) for band in doubles]
    return _finish(eo_processor.savi(*doubles, L=float(L)), mask, output_dtype(nir, dtype), out)


def mask_and_scale(
    dn: Array, *, scale: float, offset: float, nodata: int | None, qa: Array | None = None,
    keep: Iterable[int] | None = None, reject_bits: int | None = None,
    reject_fields: Mapping[int, Iterable[int]] | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Mask classes, multiply in float64, round to the output dtype, add the offset there.

    NumPy puts NaN for nodata while it casts, a quarter sooner than eo-processor's own function for that.
    """
    import eo_processor

    _only(reject_bits=(reject_bits, None), reject_fields=(reject_fields, None))
    kind = output_dtype(dn, dtype)
    values = as_floats(dn, np.float64, nodata)
    if qa is not None:
        stay = set() if keep is None else {int(number) for number in keep}
        values = eo_processor.mask_with_scl(values, qa, mask_codes=[n for n in SCL_CLASSES if n not in stay])
    product = eo_processor.pixelwise_transform(values, scale=float(kind.type(scale)))
    result = _finish(product, mask, kind, out)
    result += kind.type(offset)
    return result


def _time_first(x: Array, axis: int, nodata: int | None, mask: Array | None) -> Array:
    return np.moveaxis(as_floats(x, np.float64, nodata, mask), axis, 0)


def temporal_mean(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the mean over `axis`."""
    import eo_processor

    return deliver(eo_processor.temporal_mean(_time_first(x, axis, nodata, mask)), output_dtype(x, dtype), out)


def temporal_stats(
    x: Array, axis: int = 0, ddof: int = 0, *, nodata: int | None = None, mask: Array | None = None,
    dtype: Any = None, out: tuple[Array, ...] | None = None,
) -> tuple[Array, ...]:  # fmt: skip
    """Return mean, deviation and count over `axis`; the deviation comes with ddof 1 and is turned to another."""
    import eo_processor

    doubles = _time_first(x, axis, nodata, mask)
    mean, std, valid = eo_processor.temporal_mean(doubles), eo_processor.temporal_std(doubles), count(doubles, 0)
    if ddof != 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            turned = std * np.sqrt((valid - 1) / (valid - ddof))
        std = np.where(valid > max(ddof, 1), turned, np.where(valid > ddof, 0.0, np.nan))
    return deliver_all((mean, std, valid), output_dtype(x, dtype), out)


def temporal_median(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the median over `axis`."""
    import eo_processor

    return deliver(eo_processor.median(_time_first(x, axis, nodata, mask)), output_dtype(x, dtype), out)


def _evi_refuses(case: Case) -> str | None:
    if case.dtype == "float32":
        return "eo-processor's EVI is computed in float64: in float32 the contract's value is another"
    return None


def _savi_refuses(case: Case) -> str | None:
    if case.dtype.startswith("float"):
        return "eo-processor's SAVI is computed in float64, 1 + L last: of floats the contract's value is another"
    return None


def _mask_refuses(case: Case) -> str | None:
    return "eo-processor has no bit masks" if case.quality == "qa_pixel" else None


def _stats_refuses(case: Case) -> str | None:
    return "eo-processor's deviation has ddof 1: turned to 0 it is some ulp off" if case.dtype == "float64" else None


_PACKED = "fields of packed records are read from beside them"
_ZERO = (
    "a denominator within 1e-10 of zero gives 0, not NaN; equal shapes, 4 axes at most; float64, casts in its time; "
    f"{_PACKED}"
)
_DOUBLES = f"float64 inside, casts in its time; out is a copy; {_PACKED}"


def _peer(adapter: Any, semantics: str, **refuses: Any) -> Any:
    return peer("eo-processor", "eo_processor", adapter, semantics, **refuses)


NORMALIZED_DIFFERENCE = _peer(normalized_difference, _ZERO)
NORMALIZED_DIFFERENCE_DN = _peer(normalized_difference_dn, f"both bands are scaled first; {_ZERO}")
EVI = _peer(evi, f"bands of counts are scaled first; {_ZERO}", refuses=_evi_refuses)
SAVI = _peer(
    savi,
    f"bands of counts are scaled first; {_ZERO}",
    refuses=_savi_refuses,
)
MASK_AND_SCALE = _peer(
    mask_and_scale, f"classes 0–11 alone, no bits; 4 axes at most; two calls, the offset added by NumPy; {_DOUBLES}",
    refuses=_mask_refuses,
)  # fmt: skip
TEMPORAL_MEAN = _peer(temporal_mean, _DOUBLES)
TEMPORAL_STATS = _peer(
    temporal_stats,
    f"deviation with ddof 1, turned to others, of infinities 0; NumPy counts; {_DOUBLES}",
    refuses=_stats_refuses,
)
TEMPORAL_MEDIAN = _peer(temporal_median, f"huge middles overflow; {_DOUBLES}")
