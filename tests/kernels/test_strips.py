"""Arrays in C order take a short way into the Rust kernels: it gives and refuses what the long way does.

The long way is taken by the same values as every other element of wider rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eokernels
from benchmarks import registry
from benchmarks.spec import Kernel

KERNELS = [kernel for kernel in registry.KERNELS.values() if kernel.cost_class == "C1"]
each_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
SHAPE = (3, 4, 5)


def call(kernel: Kernel, arrays: list[Any], **kwargs: Any) -> Any:
    counts = kernel.for_integers if arrays[0].dtype.kind in "iu" else {}
    return getattr(eokernels, kernel.name)(*arrays, **{**kernel.required, **counts, **kwargs})


def bands(kernel: Kernel, dtype: str, shape: tuple[int, ...] = SHAPE) -> list[Any]:
    rng = np.random.default_rng(5)
    return [rng.integers(1, 99, shape).astype(dtype) for _ in kernel.arguments]


def scattered(array: Any) -> Any:
    """Return an equal array of which no two elements are neighbours in memory."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def beside(kernel: Kernel) -> list[dict[str, Any]]:
    """Return the arrays that may lie beside the bands, as keywords."""
    rng = np.random.default_rng(6)
    mask = rng.random(SHAPE) < 0.3
    found = [{}, {"mask": mask}]
    if "qa" in kernel.companions:
        qa = rng.integers(0, 9, SHAPE).astype("uint8")
        rules: list[dict[str, Any]] = [{"keep": {1, 4}}, {"reject_bits": 5}, {"reject_fields": {6: {1}}}]
        found += [{"qa": qa.astype(dtype), **rule} for dtype in ("uint8", "uint16", "int32") for rule in rules]
        found += [{"qa": qa, "keep": {40, 4}, "mask": mask}]
    return found


@each_kernel
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int16", "uint16"])
def test_both_ways_give_the_same_bits(kernel: Kernel, dtype: str) -> None:
    arrays = bands(kernel, dtype)
    for keywords in beside(kernel):
        apart = {key: scattered(value) if isinstance(value, np.ndarray) else value for key, value in keywords.items()}
        expected = call(kernel, [scattered(array) for array in arrays], nodata=7, **apart)
        assert 0 < np.isfinite(expected).sum() < expected.size
        out = np.full_like(expected, -1)
        assert call(kernel, arrays, nodata=7, out=out, **keywords) is out
        for found in (out, call(kernel, arrays, nodata=7, **keywords)):
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


@each_kernel
@pytest.mark.parametrize("shape", [(), (1,), (7,), (1, 6, 1), (2, 1, 3, 1, 2), (4, 0), (1,) * 32])
def test_any_number_of_dimensions(kernel: Kernel, shape: tuple[int, ...]) -> None:
    arrays = bands(kernel, "float32", shape)
    expected = call(kernel, [scattered(array) for array in arrays])
    out = np.full(shape, -1, np.float32)
    assert call(kernel, arrays, out=out) is out
    for found in (out, call(kernel, arrays)):
        np.testing.assert_array_equal(found, expected)
        assert found.shape == shape


@each_kernel
@pytest.mark.parametrize("first", [0, 1])
def test_any_bands_may_be_the_output(kernel: Kernel, first: int) -> None:
    arrays = bands(kernel, "float32")
    same = arrays[min(first, len(arrays) - 1)]
    for given in (arrays, [same] * len(arrays)):
        expected = call(kernel, [array.copy() for array in given])
        kept = same.copy()
        assert call(kernel, given, out=same) is same
        np.testing.assert_array_equal(same, expected)
        same[...] = kept


@each_kernel
def test_neighbours_in_memory_are_taken_and_a_byte_in_common_is_refused(kernel: Kernel) -> None:
    size = int(np.prod(SHAPE))
    for dtype in ("float32", "uint16"):
        arrays = bands(kernel, dtype)
        expected = call(kernel, arrays)
        bytes_ = arrays[0].nbytes
        for place, clashes in [(0, True), (bytes_ - 4, True), (bytes_, False)]:
            memory = np.zeros(3 * 4 * size, np.uint8)
            for start, at in ((0, place), (place, 0)) if place != bytes_ else ((0, bytes_), (4 * size, 0)):
                band = memory[start : start + bytes_].view(dtype).reshape(SHAPE)
                band[...] = arrays[0]
                out = memory[at : at + 4 * size].view(np.float32).reshape(SHAPE)
                if clashes and not (start == at and dtype == "float32"):
                    with pytest.raises(ValueError, match=r"^out shares memory"):
                        call(kernel, [band, *arrays[1:]], out=out)
                else:
                    np.testing.assert_array_equal(call(kernel, [band, *arrays[1:]], out=out), expected)


@each_kernel
def test_an_output_that_shares_memory_with_what_lies_beside_is_refused(kernel: Kernel) -> None:
    arrays = bands(kernel, "float32")
    out = np.zeros(SHAPE, np.float32)
    within = out.reshape(-1).view(np.uint8)[-arrays[0].size :].reshape(SHAPE)
    with pytest.raises(ValueError, match=r"^out shares memory with mask"):
        call(kernel, arrays, mask=within.view(np.bool_), out=out)
    if "qa" in kernel.companions:
        with pytest.raises(ValueError, match=r"^out shares memory with qa"):
            call(kernel, arrays, qa=within, keep={1}, out=out)


@each_kernel
def test_outputs_that_cannot_be_one_are_refused(kernel: Kernel) -> None:
    arrays = bands(kernel, "float32")
    fixed = np.zeros(SHAPE, np.float32)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match=r"^out is read-only"):
        call(kernel, arrays, out=fixed)
    for shape in [(60,), (5, 4, 3), (1, 3, 4, 5), (3, 4, 4)]:
        with pytest.raises(ValueError, match=r"^out has the shape"):
            call(kernel, arrays, out=np.zeros(shape, np.float32))
    misaligned = np.zeros(4 * fixed.size + 1, np.uint8)[1:].view(np.float32).reshape(SHAPE)
    with pytest.raises(ValueError, match=r"^out is misaligned"):
        call(kernel, arrays, out=misaligned)
