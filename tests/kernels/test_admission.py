"""What callers hand over as arrays and as numbers may run Python code, lie anyhow in memory or mean something else.

The file is long because every kernel is put through all of it, with the same few helpers.
"""

from __future__ import annotations

import gc
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pytest

import eokernels
from benchmarks import registry
from benchmarks.calls.answers import arrays_of
from benchmarks.spec import Kernel

KERNELS = [kernel for kernel in registry.KERNELS.values() if not kernel.roles]
"""Those that take data alone; what goes beside data is in the battery, and in tests of those kernels."""
SHAPE = {False: (9, 11), True: (6, 9, 11)}
"""Elementwise and temporal."""
each_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)


def function_of(kernel: Kernel) -> Callable[..., Any]:
    return getattr(eokernels, kernel.name)  # type: ignore[no-any-return]


def is_temporal(kernel: Kernel) -> bool:
    return kernel.dimensions.over_time


def good_arrays(kernel: Kernel, dtype: str, shape: tuple[int, ...] | None = None) -> list[Any]:
    rng = np.random.default_rng(11)
    shape = SHAPE[is_temporal(kernel)] if shape is None else shape
    return [rng.integers(1, 99, shape).astype(dtype) for _ in kernel.arguments]


def call(kernel: Kernel, arrays: list[Any], **kwargs: Any) -> tuple[Any, ...]:
    return arrays_of(function_of(kernel)(*arrays, **{**kernel.required, **extra(kernel, arrays), **kwargs}))


def extra(kernel: Kernel, arrays: list[Any]) -> dict[str, Any]:
    """Return what a kernel asks for integers."""
    return dict(kernel.for_integers) if arrays[0].dtype.kind in "iu" else {}


def output_like(kernel: Kernel, arrays: list[Any]) -> Any:
    outs = tuple(np.empty_like(one) for one in call(kernel, arrays))
    return outs if len(outs) > 1 else outs[0]


def assert_equal(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def odd(array: Any, shift: int = 1, gap: int = 0) -> Any:
    """Return an equal array at an odd address, or as a field of records of odd length."""
    record = np.dtype({"names": ["x"], "formats": [array.dtype], "itemsize": array.itemsize + gap})
    memory = np.zeros(array.size * record.itemsize + shift, np.uint8)
    moved = memory[shift:].view(record)["x"].reshape(array.shape)
    moved[...] = array
    return moved


@each_kernel
@pytest.mark.parametrize("dtype", ["int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize(("shift", "gap"), [(1, 0), (3, 0), (0, 1), (1, 3)])
def test_odd_addresses_and_strides_give_the_same_bits(kernel: Kernel, dtype: str, shift: int, gap: int) -> None:
    arrays = good_arrays(kernel, dtype)
    rng = np.random.default_rng(2)
    mask = rng.random(arrays[0].shape) < 0.3
    expected = call(kernel, arrays, mask=mask)
    moved = [odd(array, shift, gap) for array in arrays]
    assert not all(array.flags.aligned and array.strides[-1] % array.itemsize == 0 for array in moved)
    before = [array.copy() for array in moved]
    assert_equal(call(kernel, moved, mask=odd(mask, shift, gap)), expected)
    assert_equal(call(kernel, [np.asfortranarray(arrays[0]), *arrays[1:]], mask=mask), expected)
    assert_equal(call(kernel, [moved[0][..., ::-1][..., ::-1], *arrays[1:]], mask=mask, num_threads=2), expected)
    assert_equal(tuple(moved), tuple(before))


@each_kernel
def test_large_arrays_at_odd_addresses_are_cut_in_blocks(kernel: Kernel) -> None:
    arrays = good_arrays(kernel, "float32", (40, 120, 130) if is_temporal(kernel) else (700, 611))
    expected = call(kernel, arrays)
    for threads in (1, 2):
        assert_equal(call(kernel, [odd(array) for array in arrays], num_threads=threads), expected)
        assert_equal(call(kernel, [odd(arrays[0], gap=3), *arrays[1:]], num_threads=threads), expected)


@each_kernel
def test_a_misaligned_out_is_refused(kernel: Kernel) -> None:
    arrays = good_arrays(kernel, "float32")
    out = output_like(kernel, arrays)
    moved = tuple(odd(one) for one in out) if isinstance(out, tuple) else odd(out)
    with pytest.raises(ValueError, match=r"^out.* misaligned"):
        call(kernel, arrays, out=moved)


class Plain(np.ndarray):
    """A subclass that only has a name."""


class Unit(np.ndarray):
    """A subclass that answers ufuncs itself."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        raise AssertionError("it was asked")


class Labelled(np.ndarray):
    """A subclass that answers NumPy's functions itself, `shares_memory` among them."""

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return False


class Opaque(np.ndarray):
    """A subclass that refuses all ufuncs."""

    __array_ufunc__ = None  # type: ignore[assignment]


@each_kernel
@pytest.mark.parametrize("subclass", [Unit, Labelled, Opaque], ids=lambda kind: kind.__name__)
def test_a_subclass_with_a_meaning_of_its_own_is_refused(kernel: Kernel, subclass: type[Any]) -> None:
    arrays = good_arrays(kernel, "float32")
    for which, name in enumerate(kernel.arguments):
        given = [array.view(subclass) if i == which else array for i, array in enumerate(arrays)]
        with pytest.raises(TypeError, match=rf"^{name} .*numpy\.asarray\({name}\).*mask="):
            call(kernel, given)
    with pytest.raises(TypeError, match=r"^mask "):
        call(kernel, arrays, mask=np.zeros(arrays[0].shape, bool).view(subclass))
    out = output_like(kernel, arrays)
    viewed = tuple(one.view(subclass) for one in out) if isinstance(out, tuple) else out.view(subclass)
    with pytest.raises(TypeError, match=r"^out"):
        call(kernel, arrays, out=viewed)


@each_kernel
def test_plain_subclasses_are_arrays_and_come_back_as_themselves(kernel: Kernel, tmp_path: Any) -> None:
    arrays = good_arrays(kernel, "float32")
    expected = call(kernel, arrays)
    np.save(tmp_path / "first.npy", arrays[0])
    mapped = np.load(tmp_path / "first.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert_equal(call(kernel, [mapped, *arrays[1:]]), expected)
    assert_equal(call(kernel, [array.view(Plain) for array in arrays]), expected)
    out = output_like(kernel, arrays)
    viewed = tuple(one.view(Plain) for one in out) if isinstance(out, tuple) else out.view(Plain)
    returned = function_of(kernel)(*arrays, **kernel.required, out=viewed)
    assert all(one is other for one, other in zip(arrays_of(returned), arrays_of(viewed), strict=True))


@each_kernel
def test_a_class_property_is_never_asked(kernel: Kernel) -> None:
    asked: list[str] = []

    class Liar(np.ndarray):
        @property
        def __class__(self) -> Any:  # type: ignore[misc]
            asked.append("class")
            self.resize((0,), refcheck=False)
            return np.ma.MaskedArray

    arrays = good_arrays(kernel, "float32")
    lying = np.ndarray.__new__(Liar, arrays[0].shape, np.float32)
    lying[...] = arrays[0]
    assert_equal(call(kernel, [lying, *arrays[1:]]), call(kernel, arrays))
    assert not asked


class Meddler:
    """Whatever is asked of it, it changes an array first."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self.meddle = meddle

    @property
    def dtype(self) -> Any:
        self.meddle()
        return np.dtype("float32")


class Number(Meddler):
    """An int by declaration."""

    def __index__(self) -> int:
        self.meddle()
        return 0

    __int__ = __index__

    def __float__(self) -> float:
        return float(self.__index__())


Integral.register(Number)


def meddlings(array: Any) -> Iterator[Callable[[], object]]:
    """Yield what can be done to an array that is looked at: fewer elements, more, another shape, another dtype."""
    yield lambda: array.resize((1,) * array.ndim, refcheck=False)
    yield lambda: array.resize(tuple(3 * length for length in array.shape), refcheck=False)
    yield lambda: setattr(array, "shape", (-1,))
    yield lambda: setattr(array, "dtype", np.dtype(f"V{array.itemsize}"))
    yield lambda: setattr(array, "strides", (0,) * array.ndim)


HOSTILE = """
import sys, warnings
warnings.simplefilter("ignore")
from tests.kernels import test_admission as t
kernel = t.registry.get(sys.argv[1])
for keyword in sys.argv[2].split(","):
    for which in range(len(kernel.arguments)):
        for number in range(5):
            arrays = t.good_arrays(kernel, "uint16", (30, 40, 50) if t.is_temporal(kernel) else (300, 500))
            meddle = list(t.meddlings(arrays[which]))[number]
            hostile = t.Meddler(meddle) if keyword == "dtype" else t.Number(meddle)
            try:
                found = t.call(kernel, arrays, **{keyword: hostile})
            except (TypeError, ValueError) as error:
                continue
            except BaseException as error:
                sys.exit(f"{keyword} {which} {number}: {type(error).__name__}: {error}")
            expected = t.call(kernel, arrays, **({"nodata": 0} if keyword == "nodata" else {}))
            t.assert_equal(found, expected)
print("survived")
"""


@each_kernel
def test_arguments_that_change_an_array_meet_no_use_of_what_it_was(kernel: Kernel) -> None:
    keywords = ",".join({"dtype", "nodata"} & set(inspect.signature(function_of(kernel)).parameters))
    child = subprocess.run(
        [sys.executable, "-c", HOSTILE, kernel.name, keywords], capture_output=True, text=True, timeout=100, check=False
    )
    assert (child.returncode, child.stdout) == (0, "survived\n"), child.stderr[-2000:]


def test_a_set_of_classes_that_changes_the_counts_meets_no_use_of_what_they_were() -> None:
    counts = np.ones((300, 500), np.uint16)

    def classes() -> Iterator[int]:
        counts.resize((2, 3), refcheck=False)
        yield 4

    found = eokernels.mask_and_scale(
        counts, scale=1, offset=0, nodata=None, qa=np.full((1, 3), 4, np.uint8), keep=classes()
    )
    np.testing.assert_array_equal(found, np.ones((2, 3), np.float32))


@each_kernel
def test_one_answer_is_a_mask(kernel: Kernel) -> None:
    arrays = good_arrays(kernel, "float32")
    everything, nothing = call(kernel, arrays, mask=np.ones(arrays[0].shape, bool)), call(kernel, arrays)
    for yes in (True, np.True_, np.array(True), np.array([True])):
        assert_equal(call(kernel, arrays, mask=yes), everything)
    for no in (False, np.False_, np.array(False), np.ma.array([1.0]).mask):
        assert_equal(call(kernel, arrays, mask=no), nothing)
    for wrong in (1, 0, 0.0, [True], "no", np.int8(1)):
        with pytest.raises(TypeError, match=r"^mask "):
            call(kernel, arrays, mask=wrong)


@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if not is_temporal(kernel)], ids=lambda k: k.name)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint16"])
def test_arrays_without_dimensions_give_a_scalar_or_the_out(kernel: Kernel, dtype: str) -> None:
    function, arrays = function_of(kernel), good_arrays(kernel, dtype, ())
    kwargs = {**kernel.required, **extra(kernel, arrays)}
    expected = function(*(array.reshape(1) for array in arrays), **kwargs)
    scalar = function(*arrays, **kwargs)
    assert isinstance(scalar, np.floating)
    assert scalar.dtype == expected.dtype
    assert scalar == expected[0]
    out = np.zeros((), expected.dtype)
    assert function(*arrays, **kwargs, out=out) is out
    assert out == expected[0]
    assert np.isnan(function(*arrays, **kwargs, mask=True))
    with pytest.raises(TypeError, match=rf"^{kernel.arguments[0]} "):
        function(arrays[0][()], *arrays[1:], **kwargs)


@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if is_temporal(kernel)], ids=lambda k: k.name)
def test_a_stack_without_dimensions_is_refused(kernel: Kernel) -> None:
    with pytest.raises(ValueError, match=r"^x is 0-dimensional"):
        call(kernel, good_arrays(kernel, "float32", ()))


@pytest.mark.parametrize("arm", ["numpy", "numpy_naive", "numba", "rust"])
@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if is_temporal(kernel)], ids=lambda k: k.name)
def test_more_dates_than_int32_counts_are_refused(kernel: Kernel, arm: str) -> None:
    function = registry.resolve(kernel, arm)
    assert function is not None
    dates = np.broadcast_to(np.uint8(3), (2**31, 1))
    for given, axis in ((dates, 0), (dates.T, 1), (dates[:, 0], -1)):
        with pytest.raises(OverflowError, match=r"^x\b.* has 2147483648 dates; .*2147483647"):
            function(given, axis=axis)


@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if kernel.contract.broadcasts], ids=lambda k: k.name)
@pytest.mark.parametrize("side", [2_000_000, 2**31])
def test_a_result_that_cannot_be_had_is_a_memory_error(kernel: Kernel, side: int) -> None:
    one = np.broadcast_to(np.float32(1), (side, 1))
    arrays = [one, *(one.T for _ in kernel.arguments[1:])]
    if len(arrays) < 2:
        pytest.skip("one array broadcasts with nothing")
    with pytest.raises(MemoryError, match=r"^out .*bytes"):
        call(kernel, arrays)
    assert_equal(call(kernel, good_arrays(kernel, "float32")), call(kernel, good_arrays(kernel, "float32")))


@each_kernel
def test_overlap_is_exact(kernel: Kernel) -> None:
    arrays = good_arrays(kernel, "float32")
    expected = call(kernel, arrays)
    lanes = len(expected) + 1
    woven = np.zeros((*arrays[0].shape, lanes), np.float32)
    woven[..., 0] = arrays[0]
    index = 0 if is_temporal(kernel) else slice(None)
    free = [woven[index][..., 1 + i].view(one.dtype) for i, one in enumerate(expected)]
    out = tuple(free) if len(free) > 1 else free[0]
    assert_equal(call(kernel, [woven[..., 0], *arrays[1:]], out=out), expected)
    torn = woven.reshape(-1).view(np.uint8)[2:-2].view(np.float32)
    shifted = np.lib.stride_tricks.as_strided(torn[lanes - 1 :], expected[0].shape, woven[index][..., 0].strides)
    clash = shifted if len(expected) == 1 else (shifted, *(np.empty_like(one) for one in expected[1:]))
    with pytest.raises(ValueError, match=r"^out"):
        call(kernel, [woven[..., 0], *arrays[1:]], out=clash)


def test_an_interrupt_is_not_swallowed_by_the_question_of_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object, **_kwargs: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "shares_memory", interrupted)
    band = np.zeros(10, np.float32)
    with pytest.raises(ValueError, match=r"^out shares memory"):
        eokernels.normalized_difference(band[1:], band[1:], out=band[:-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["mask_and_scale", "normalized_difference_dn"])
def test_counts_may_be_floats_with_gaps(name: str, dtype: str) -> None:
    kernel = registry.get(name)
    arrays = good_arrays(kernel, dtype)
    expected = call(kernel, [array.astype("uint16") for array in arrays], dtype=dtype)[0]
    arrays[0][0, 3] = np.nan
    expected[0, 3] = np.nan
    assert_equal(call(kernel, arrays), (expected,))
    assert call(kernel, arrays, out=arrays[0])[0] is arrays[0]
    assert_equal((arrays[0],), (expected,))


@each_kernel
def test_no_call_keeps_an_array(kernel: Kernel) -> None:
    arrays = good_arrays(kernel, "float32")
    arrays[0] = arrays[0].view(Plain)
    call(kernel, arrays)
    before = [sys.getrefcount(array) for array in arrays]
    for _ in range(5):
        call(kernel, arrays, mask=np.False_)
        with pytest.raises(ValueError, match="mask"):
            call(kernel, arrays, mask=np.zeros(13, bool))
    gc.collect()
    assert [sys.getrefcount(array) for array in arrays] == before
