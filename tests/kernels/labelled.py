"""Labelled arrays that several tests of ``eokernels.xarray`` share, and what the plain functions say of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eokernels
from benchmarks import registry

xr = pytest.importorskip("xarray", reason="xarray is not installed")

T, Y, X = 9, 11, 13
MORE: dict[str, dict[str, Any]] = {
    "evi": {"L": 0.5, "scale": 1e-4, "offset": -0.1},
    "normalized_difference_dn": {"nodata": 0},
    "mask_and_scale": {"nodata": 0},
    "temporal_stats": {"ddof": 1},
}
"""Kernel → arguments other than those that it requires."""
ARGUMENTS = {
    name: {**kernel.required, **MORE.get(name, {})} for name, kernel in registry.KERNELS.items() if not kernel.roles
}
"""Kernel → arguments of the calls that are compared, beside arrays and dimension."""
COUNTS = ARGUMENTS["mask_and_scale"]
TEMPORAL = [name for name, kernel in registry.KERNELS.items() if kernel.dimensions.over_time and not kernel.roles]
"""Reductions. What takes arrays beside the data has tests of its own."""
PARTED = ["temporal_mean", "temporal_stats"]
"""Reductions whose dimension may be in several chunks."""
DTYPES = [(name, dtype) for name in ARGUMENTS for dtype in registry.get(name).contract.dtypes]


def stack(dtype: str = "uint16", salt: int = 0, **attributes: Any) -> Any:
    """Return a labelled stack with gaps: NaN in floats, 0 in integers."""
    rng = np.random.default_rng([len(dtype), salt])
    values = rng.integers(0, 250, (T, Y, X)).astype(dtype)
    if values.dtype.kind == "f":
        values[values < 60] = np.nan
    coords = {
        "time": np.datetime64("2020-01-01", "ns") + np.arange(T) * np.timedelta64(5, "D"),
        "y": ("y", 5e6 - 10.0 * np.arange(Y), {"units": "m"}),
        "x": ("x", 4e5 + 10.0 * np.arange(X), {"units": "m"}),
        "spatial_ref": ((), 0, {"crs_wkt": "PROJCRS[…]"}),
    }
    attributes = {
        "units": "1",
        "platform": "S2",
        "scale_factor": 1e-4,
        "add_offset": -0.1,
        "_FillValue": 0,
        **attributes,
    }
    return xr.DataArray(values, coords, ("time", "y", "x"), name=f"band{salt}", attrs=attributes)


def arrays_of(name: str, dtype: str = "uint16") -> tuple[Any, ...]:
    """Return as many stacks as a kernel takes."""
    return tuple(stack(dtype, salt) for salt in range(len(registry.get(name).arguments)))


def plainly(name: str, arrays: tuple[Any, ...], **options: Any) -> tuple[np.ndarray, ...]:
    """Return what the plain function says to the same values, time first."""
    axis = {"axis": 0} if name in TEMPORAL else {}
    named = {key: value.values if isinstance(value, xr.DataArray) else value for key, value in options.items()}
    found = getattr(eokernels, name)(*(array.values for array in arrays), **axis, **named)
    return found if isinstance(found, tuple) else (found,)


def results_of(found: Any) -> list[Any]:
    return list(found.data_vars.values()) if isinstance(found, xr.Dataset) else [found]


def assert_same_bits(found: Any, expected: tuple[np.ndarray, ...]) -> None:
    results = results_of(found)
    assert len(results) == len(expected)
    for result, plain in zip(results, expected, strict=True):
        assert result.dtype == plain.dtype
        np.testing.assert_array_equal(result.values, plain, strict=True)
