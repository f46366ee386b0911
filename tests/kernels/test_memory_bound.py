"""Scratch memory of the Rust kernels stays within its bound; where none can be had a call fails, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eokernels
from benchmarks import registry
from benchmarks.probes.resident import rise_bytes

ROOT = Path(__file__).parents[2]
BOUND_BYTES = 64 * 2**20
"""Beside inputs, results and two series."""
SLACK_BYTES = 3 * 2**20
"""Resident memory that is no array: a huge page, counters of pages that lag behind."""
SHAPES = {"one series": (10**7,), "few pixels": (10**6, 10), "some pixels": (3 * 10**5, 64)}
REDUCTIONS = [name for name, kernel in registry.KERNELS.items()
              if kernel.dimensions.over_time and not kernel.dimensions.keeps_time]  # fmt: skip


def long_stack(shape: tuple[int, ...], dtype: str) -> Any:
    """Return a stack whose values come again after a prime number of dates."""
    values = np.arange(np.prod(shape), dtype=np.int64) % 241
    return values.astype(dtype).reshape(shape)


def risen_beyond(name: str, x: Any, axis: int, **options: Any) -> int:
    """Return by how many bytes a call took more than it may."""
    kernel = getattr(eokernels, name)
    kernel(x[:20], **{**options, "mask": None})
    series = 2 * x.shape[axis] * x.itemsize
    try:
        return rise_bytes(lambda: kernel(x, axis, **options)) - BOUND_BYTES - series - SLACK_BYTES
    except OSError as error:
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("name", REDUCTIONS)
def test_long_series_take_bounded_scratch(name: str, shape: tuple[int, ...], dtype: str) -> None:
    x = long_stack(shape, dtype)
    assert risen_beyond(name, x, 0, num_threads=2) <= 0
    if x.ndim > 1:  # time last and backwards, so that nothing lies as it is read
        assert risen_beyond(name, x.T[:, ::-1], 1) <= 0


@pytest.mark.parametrize("name", REDUCTIONS)
def test_masked_and_strided_series_take_bounded_scratch(name: str) -> None:
    x = long_stack((2 * 10**6, 5), "float64")[::2]
    mask = np.zeros((10**6, 10), bool)[:, ::2]
    mask[::3] = True
    assert risen_beyond(name, x, 0, mask=mask) <= 0


@pytest.mark.parametrize("name", REDUCTIONS)
def test_long_series_are_reduced_rightly(name: str) -> None:
    x = long_stack((241 * 4001, 3), "uint16")
    found, right = getattr(eokernels, name)(x), registry.get(name).authority.function(x.astype(np.float64), axis=0)
    for one, other in zip(*[each if isinstance(each, tuple) else (each,) for each in (found, right)], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def took_s(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("name", REDUCTIONS)
def test_long_series_take_no_longer_than_in_numpy(name: str, shape: tuple[int, ...], dtype: str) -> None:
    """At most 1.5 times as long, where Rust takes less than half in quiet; the best of three each."""
    x, kernel, plain = long_stack(shape, dtype), getattr(eokernels, name), registry.get(name).authority.function
    kernel(x[:20])
    own, numpys = zip(*[(took_s(lambda: kernel(x)), took_s(lambda: plain(x, axis=0))) for _ in range(3)], strict=True)
    assert min(own) <= 1.5 * min(numpys)


CHILD = """
import resource, sys
import numpy as np
from importlib import import_module
from benchmarks import registry

name, fresh, home = sys.argv[1], sys.argv[2] == "fresh", sys.argv[3]
kernel = getattr(import_module(home), name)
unlimited = resource.getrlimit(resource.RLIMIT_AS)
rng = np.random.default_rng(5)
declared = registry.get(name)
temporal = declared.dimensions.over_time
options = {**declared.required, **({"nodata": 0} if "nodata" in declared.required else {})}
dtype = "uint16" if temporal or options else "float32"
count = len(declared.arguments)

def inputs(shape):
    x = [rng.integers(1, 9999, shape).astype(dtype) for _ in range(count)]
    # Every second pixel, backwards: nothing can be taken where it lies.
    return [a[..., ::-2] for a in x]

def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

def flat(results):
    return results if isinstance(results, tuple) else (results,)

def call_within(arrays, headroom, out):
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + headroom, unlimited[1]))
    try:
        return kernel(*arrays, **options, **({} if out is None else {"out": out}))
    except MemoryError as error:
        return error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, unlimited)

shapes = [(40, 9000), (400, 9000), (1000, 999), (9000, 300), (200000, 7), (300000,)] if temporal else [(3000, 600)]
small = inputs((30, 8))
small_expected = [a.copy() for a in flat(kernel(*small, **options))]
failed = passed = 0
for shape in shapes:
    arrays = inputs(shape)
    expected = [a.copy() for a in flat(kernel(*[a.copy() for a in arrays], **options))]
    for headroom in [0, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26]:
        outs = tuple(np.empty_like(a) for a in expected)
        out = None if fresh else outs if len(outs) > 1 else outs[0]
        found = call_within(arrays, headroom, out)
        if isinstance(found, MemoryError):
            failed += 1
            assert str(found), "a MemoryError says what was asked for"
        else:
            passed += 1
            for a, b in zip(flat(found), expected, strict=True):
                np.testing.assert_array_equal(a, b)
        for a, b in zip(flat(kernel(*small, **options)), small_expected, strict=True):
            np.testing.assert_array_equal(a, b)
    assert passed, "64 MiB are enough"
print(failed, passed)
"""


HOMES = ["eokernels", "eokernels.impl_numba", pytest.param("eokernels.impl_numpy", marks=pytest.mark.slow)]
"""NumPy's own functions may end a process that has no memory left, rarely, which a test of ours cannot mend."""


@pytest.mark.skipif(sys.platform != "linux", reason="limits and measures address space as Linux does")
@pytest.mark.parametrize("results", ["fresh", "handed over"])
@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("name", sorted(name for name, kernel in registry.KERNELS.items() if not kernel.roles))
def test_memory_that_cannot_be_had_fails_the_call_alone(name: str, home: str, results: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, name, results, home],
        cwd=ROOT,
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"},  # or arrays that are gone would leave room behind
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    failed = int(done.stdout.split()[0])
    needs_scratch = registry.get(name).dimensions.over_time  # in Rust; others may find room in what Python keeps
    if (home == "eokernels" and (results == "fresh" or needs_scratch)) or (results == "fresh" and not needs_scratch):
        assert failed > 0, "no limit was tight enough to be felt"
