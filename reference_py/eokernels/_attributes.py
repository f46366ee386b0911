"""Attributes and encoding of results: what still describes them, and what described the arrays that they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

KeepAttrs = bool | str | Callable[..., Any] | None
Attributes = Mapping[Any, Any]

PACKING = frozenset({
    "_FillValue", "missing_value", "nodata", "nodatavals", "_Unsigned", "dtype",
    "scale_factor", "add_offset", "scales", "offsets",
    "valid_min", "valid_max", "valid_range", "actual_range", "flag_values", "flag_masks", "flag_meanings",
})  # fmt: skip
"""Attributes that speak of the stored integers: those of CF, and those of rasterio and its followers."""

MEANING = frozenset({
    "units", "units_metadata", "standard_name", "long_name", "short_name", "description", "title", "comment",
    "band", "band_name", "common_name", "wavelength", "wavelength_units", "center_wavelength", "central_wavelength",
    "full_width_half_max", "fwhm", "bandwidth",
})  # fmt: skip
"""Attributes that say what the numbers of an array are: those of CF, and what loaders say of a band."""

MEASURED = "STATISTICS_"
"""How the attributes begin in which GDAL keeps minimum, maximum and mean of what it found in a file."""


def combination(keep_attrs: KeepAttrs) -> Any:
    """Return how attributes of several arrays are combined; by default as in xarray's arithmetic, if they are kept."""
    if keep_attrs is None:
        keep_attrs = xr.get_options()["keep_attrs"] is not False
    return _agreed if keep_attrs in (True, "drop_conflicts") else keep_attrs


def combined(attributes: Attributes, keep_attrs: KeepAttrs) -> dict[Any, Any]:
    """Return the attributes of one Dataset that its reduction has."""
    keep = combination(keep_attrs)
    if callable(keep):
        return dict(keep([dict(attributes)], None))
    return {} if keep in (False, "drop") else dict(attributes)


def _agreed(attributes: Sequence[Attributes], context: Any = None) -> dict[Any, Any]:
    """Return what one of several arrays says and none contradicts: xarray's ``drop_conflicts``.

    xarray's own raised where values of different kinds met, a list and a number say, up to 2025.
    """
    result: dict[Any, Any] = {}
    contradicted = set()
    for one in attributes:
        for name, value in one.items():
            if not _equal(result.setdefault(name, value), value):
                contradicted.add(name)
    return {name: value for name, value in result.items() if name not in contradicted}


def _equal(one: Any, other: Any) -> bool:
    """Tell whether two values of an attribute are the same, NaN equal to NaN; what cannot be compared is not."""
    if one is other:
        return True
    try:
        if any(isinstance(value, (np.ndarray, list, tuple)) for value in (one, other)):
            first, second = np.asarray(one), np.asarray(other)
            missing = first.dtype.kind == second.dtype.kind == "f"
            return np.ndim(one) == np.ndim(other) and bool(np.array_equal(first, second, equal_nan=missing))
        return bool(one == other) or bool(one != one and other != other)  # noqa: PLR0124
    except Exception:
        return False


def meaningless(array: xr.DataArray) -> xr.DataArray:
    """Return the array without the attributes that say what its numbers are; they are not those of an index."""
    bare = array.copy(deep=False)
    bare.attrs = _without_meaning(array.attrs)
    return bare


def _without_meaning(attributes: Attributes) -> dict[Any, Any]:
    return {name: value for name, value in attributes.items() if name not in MEANING}


def describe(result: xr.DataArray, first: xr.DataArray, name: Any) -> None:
    """Take the traces of packing from a result, give its coordinates their attributes and it name and encoding.

    Floats get NaN as ``encoding["_FillValue"]``, where rioxarray looks for nodata and ``to_netcdf`` for what to write.
    Numbers of values, which are integers, mean something else than the values.
    """
    counts = result.dtype.kind != "f"
    attributes = _without_meaning(result.attrs) if counts else result.attrs
    result.attrs = {
        key: value for key, value in attributes.items() if key not in PACKING and not str(key).startswith(MEASURED)
    }
    result.encoding = {} if counts else {"_FillValue": np.nan}
    for coordinate in result.coords.keys() & first.coords.keys():
        result.coords[coordinate].attrs = dict(first.coords[coordinate].attrs)
    if (mapping := first.encoding.get("grid_mapping")) in result.coords:
        result.encoding["grid_mapping"] = mapping
    result.name = name
