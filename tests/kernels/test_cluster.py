"""Process clusters: every kernel in worker processes gives the bits that it gives here.

What travels to another process arrives inside of a buffer of bytes, at whatever address, and cannot be written to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from labelled import ARGUMENTS, COUNTS, PARTED, TEMPORAL, assert_same_bits, plainly, results_of
from labelled import arrays_of as small

import eokernels
from eokernels import TemporalStats

xr = pytest.importorskip("xarray", reason="xarray is not installed")
dask = pytest.importorskip("dask.array", reason="dask is not installed")
distributed = pytest.importorskip("distributed", reason="distributed is not installed")
ex = pytest.importorskip("eokernels.xarray")

DTYPES = ("uint16", "float64")


@pytest.fixture(scope="module", params=["spawn", "forkserver"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Yield a client of two worker processes of one thread each."""
    with (
        dask.core.config.set({"distributed.worker.multiprocessing-method": request.param}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as found,
    ):
        yield found


def arrays_of(name: str, dtype: str) -> tuple[Any, ...]:
    """Return what a kernel takes, of 9 dates of 44 × 39 pixels."""
    return tuple(xr.concat([xr.concat([a] * 4, "y")] * 3, "x").drop_vars(["y", "x"]) for a in small(name, dtype))


def scattered(client: Any, array: Any) -> Any:
    """Return the array on blocks of space that lie in the workers' memory as futures."""
    blocks = np.array_split(array.values, 3, axis=1)
    futures = client.scatter([np.ascontiguousarray(block) for block in blocks], hash=False)
    lazy = [dask.from_delayed(future, block.shape, block.dtype) for future, block in zip(futures, blocks, strict=True)]
    return array.copy(data=dask.concatenate(lazy, axis=1))


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_chunks_that_the_client_makes(client: Any, name: str, dtype: str) -> None:
    arrays = arrays_of(name, dtype)
    mask = arrays[0].isel(time=0, drop=True) > 100
    expected = plainly(name, arrays, mask=mask, **ARGUMENTS[name])
    assert_same_bits(getattr(ex, name)(*arrays, mask=mask, **ARGUMENTS[name]), expected)
    chunked = tuple(array.chunk(y=17, x=20) for array in arrays)
    found = getattr(ex, name)(*chunked, mask=mask.chunk(y=17), **ARGUMENTS[name])
    assert_same_bits(found.compute(scheduler=client), expected)
    assert_same_bits(found.compute(scheduler="threads"), expected)


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_blocks_that_were_scattered(client: Any, name: str, dtype: str) -> None:
    arrays = arrays_of(name, dtype)
    lazy = getattr(ex, name)(*(scattered(client, array) for array in arrays), **ARGUMENTS[name])
    assert_same_bits(lazy.compute(scheduler=client), plainly(name, arrays, **ARGUMENTS[name]))


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_calls_that_are_submitted(client: Any, name: str, dtype: str) -> None:
    arrays = arrays_of(name, dtype)
    expected = plainly(name, arrays, **ARGUMENTS[name])
    futures = client.scatter(list(arrays), broadcast=True, hash=False)
    here = client.submit(getattr(ex, name), *arrays, pure=False, **ARGUMENTS[name])
    there = client.submit(getattr(ex, name), *futures, pure=False, **ARGUMENTS[name])
    assert_same_bits(here.result(), expected)
    assert_same_bits(there.result(), expected)
    axis = {"axis": 0} if name in TEMPORAL else {}
    plain = client.scatter([array.values for array in arrays], hash=False)
    found = client.submit(getattr(eokernels, name), *plain, pure=False, **axis, **ARGUMENTS[name]).result()
    for one, right in zip(found if isinstance(found, tuple) else (found,), expected, strict=True):
        np.testing.assert_array_equal(one, right, strict=True)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_quality_bands(client: Any, kind: str) -> None:
    (dn,), (qa,) = arrays_of("mask_and_scale", "uint16"), arrays_of("mask_and_scale", kind)
    reads = {"keep": [4, 5, 7]} if kind == "uint8" else {"reject_bits": 0b11010}
    expected = plainly("mask_and_scale", (dn,), **COUNTS, qa=qa, **reads)
    found = ex.mask_and_scale(dn.chunk(time=2, x=20), **COUNTS, qa=qa.chunk(y=15), **reads)
    assert_same_bits(found.compute(scheduler=client), expected)
    future = client.submit(ex.mask_and_scale, *client.scatter([dn], hash=False), **COUNTS, qa=qa, **reads)
    assert_same_bits(future.result(), expected)


@pytest.mark.parametrize("name", PARTED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_time_in_several_chunks(client: Any, name: str, dtype: str) -> None:
    x = arrays_of(name, dtype)[0].chunk(time=2, y=17)
    lazy = getattr(ex, name)(x)
    here = lazy.compute(scheduler="synchronous")
    for one, other in zip(results_of(lazy.compute(scheduler=client)), results_of(here), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def _seen(dates: Any) -> TemporalStats:
    seen = TemporalStats()
    for date in dates:
        seen.update(date, axis=None, nodata=0)
    return seen


def test_parts_that_workers_gather_are_merged(client: Any) -> None:
    (x,) = arrays_of("temporal_stats", "uint16")
    futures = [client.submit(_seen, dates) for dates in np.array_split(x.values, 3)]
    whole = TemporalStats()
    for seen in client.gather(futures):
        whole.merge(seen)
        seen.update(x.values)
    mean, std, count = eokernels.temporal_stats(x.values, nodata=0)
    found = whole.result()
    np.testing.assert_array_equal(found[0], mean, strict=True)
    np.testing.assert_allclose(found[1], std, rtol=2e-7)
    np.testing.assert_array_equal(found[2], count, strict=True)
