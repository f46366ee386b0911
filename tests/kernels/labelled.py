"""Labelled arrays that several tests of ``eokernels.xarray`` share, and what the plain functions say of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eokernels
from benchmarks import registry
from benchmarks.contract import questions
from benchmarks.kernels._shared import SENTINEL_2
from benchmarks.spec import Kernel
from eokernels import _parts

xr = pytest.importorskip("xarray", reason="xarray is not installed")

T, Y, X = 9, 11, 13


def arguments(kernel: Kernel) -> dict[str, Any]:
    """Return what a call takes beside arrays and dimension: numbers that are not the usual ones."""
    usual = questions.numbers(kernel)
    choices = [name for name in usual if name not in {*kernel.required, "min_denominator", "axis"}]
    chosen = {name: SENTINEL_2.get(name, usual[name] + 1 if isinstance(usual[name], int) else usual[name] / 2)
              for name in choices}  # fmt: skip
    probed = {name: values[0] for name, values in kernel.probes.items()}
    return {**kernel.required, **chosen, **probed, **({"nodata": 0} if "nodata" in kernel.required else {})}


ARGUMENTS = {name: arguments(kernel) for name, kernel in registry.KERNELS.items() if not kernel.roles}
"""Kernel → arguments of the calls that are compared, beside arrays and dimension."""
COUNTS = ARGUMENTS["mask_and_scale"]
TEMPORAL = [name for name, kernel in registry.KERNELS.items() if kernel.dimensions.over_time and not kernel.roles]
"""Reductions. What takes arrays beside the data has tests of its own."""
PARTED = sorted(_parts.PARTED)
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
