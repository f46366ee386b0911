"""Calls of any kernel that are large enough for threads, for tests of what is around them: forks, threads, signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import registry
from benchmarks.calls.answers import arrays_of
from benchmarks.calls.binding import companion_bands
from benchmarks.spec import Array, Kernel
from inputs.families import get
from inputs.synthetic.bands import ZONES
from inputs.synthetic.qa_bands import DTYPES

COMPILED = ("numba", "rust")
LONG_SIDE = 8192
LONG_DATES, LONG_PIXELS = 1000, 4_000_000


def arrays(kernel: Kernel, shape: tuple[int, ...], dtype: str, seed: int = 0) -> list[Array]:
    """Return random inputs of a kernel, one for each band."""
    rng = np.random.default_rng(seed)
    zones = get(kernel.family).centre.zones
    return [
        rng.integers(0, zones, shape, "int32") if band == ZONES else _image(rng, shape, dtype) for band in kernel.bands
    ]


def _image(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    if np.dtype(dtype).kind == "f":
        return rng.random(shape, dtype)
    return rng.integers(1, np.iinfo(dtype).max, shape, dtype)


def keywords(kernel: Kernel, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
    """Return the keywords of a kernel's centre case, with a quality band that hides nothing where there is one."""
    centre = get(kernel.family).centre
    case = replace(centre, shape=shape, dtype=dtype, nodata=None, mask="none", missing=0.0)
    named = {name: np.full(shape, 4, DTYPES[band]) for name, band in companion_bands(kernel, case).items()}
    return {**kernel.keywords(case), **named}


def calls(kernel: Kernel, arm: str, shape: tuple[int, ...], dtype: str) -> Callable[..., bytes]:
    """Return what calls an arm on one input, with further keywords, and returns the bits of its answer."""
    function = registry.resolve(kernel, arm)
    assert function is not None, f"{kernel.name} has no {arm}"
    given, named = arrays(kernel, shape, dtype), keywords(kernel, shape, dtype)
    return lambda **more: b"".join(array.tobytes() for array in arrays_of(function(*given, **named, **more)))


def long_call(kernel: Kernel, arm: str) -> tuple[Callable[..., object], tuple[Array, ...]]:
    """Return a call that takes a good while, and the outputs of zeros that it writes to.

    Images are transposed against their output, so that every element read is a cache line; stacks are one series for
    millions of pixels, which takes no memory. All memory is touched beforehand: the first result of each date would
    have the system clear a huge page, and 73 of them take longer than what is asked here.
    """
    function = registry.resolve(kernel, arm)
    assert function is not None, f"{kernel.name} has no {arm}"
    dtype = next(iter(kernel.contract.dtypes))
    temporal = kernel.dimensions.over_time
    if temporal and kernel.dimensions.keeps_time:
        given = [arrays(kernel, (73, LONG_SIDE // 8, LONG_SIDE // 4), dtype)[0]]
    elif temporal:
        series = arrays(kernel, (LONG_DATES,), dtype)[0]
        given = [np.broadcast_to(series[:, None], (LONG_DATES, LONG_PIXELS))]
    else:
        image, *beside = arrays(kernel, (LONG_SIDE, LONG_SIDE), dtype)
        given = [image.T, *beside] if kernel.roles else [image.T] * len(kernel.bands)
    named = dict(kernel.required) if temporal else keywords(kernel, (LONG_SIDE, LONG_SIDE), dtype)
    shapes = kernel.output_shapes(given[0].shape, named)
    dtypes = kernel.output_dtypes(kernel.output_dtype(dtype))
    outs = tuple(np.full(shape, 0, kind) for shape, kind in zip(shapes, dtypes, strict=True))
    out = outs if len(outs) > 1 else outs[0]
    return lambda **more: function(*given, **named, **more, out=out), outs
