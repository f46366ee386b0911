"""What the NumPy and Numba kernels take, and how they refuse the rest; what they answer is the contract's business."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from importlib import import_module
from math import nextafter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from benchmarks import registry
from benchmarks.kernels._shared import SENTINEL_2
from eokernels import _admit, _checks, _constants, _cores, _numbers, _quality
from eokernels._pieces import aligned
from eokernels.impl_numpy import temporal_median

NOT_GIVEN = {"nodata": None, "mask": None, "dtype": None, "out": None}
SCALED = {"scale": 1e-4, "offset": -0.1, "nodata": None}
INPUTS = {name: kernel.arguments for name, kernel in registry.KERNELS.items() if not kernel.roles}
"""Kernel → its arrays, of those that take data alone."""
FORMS = ("numpy", "numpy_naive", "numba")
DTYPES = ("float32", "float64", "uint8", "int16", "uint16")
ELEMENTWISE = [name for name in INPUTS if registry.get(name).dimensions.is_elementwise]


def kernel(name: str, form: str) -> Callable[..., Any]:
    package, _, suffix = form.partition("_")
    return getattr(import_module(f"eokernels.impl_{package}.{name}"), f"{name}_{suffix}" if suffix else name)


def keywords(name: str) -> dict[str, Any]:
    declared = registry.get(name)
    return {**declared.required, **(SENTINEL_2 if declared.for_integers else {})}


def values(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    made = (np.random.default_rng(seed).random(shape) * 250 + 1).astype(dtype)
    if made.dtype.kind == "f":
        made[made < 20] = np.nan
    return made


def results(answer: Any) -> list[bytes]:
    """Return the bits of every output, all NaN as one."""
    arrays = answer if isinstance(answer, tuple) else (answer,)
    missing = [np.isnan(array) for array in arrays]
    return [np.where(gap, 0, array).tobytes() + gap.tobytes() for gap, array in zip(missing, arrays, strict=True)]


def odd(array: np.ndarray) -> np.ndarray:
    """Return a copy at an odd address."""
    memory = np.empty(array.nbytes + 1, np.uint8)
    moved = memory[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def packed(array: np.ndarray) -> np.ndarray:
    """Return a copy in records of odd size, so that no step is a multiple of the itemsize."""
    records = np.zeros(array.shape, [("flag", "u1"), ("value", array.dtype)])
    records["value"] = array
    return records["value"]


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "odd": odd,
    "packed": packed,
    "reversed": lambda array: packed(array[::-1, ::-1])[::-1, ::-1],
    "transposed": lambda array: packed(array.T).T,
}

# Misaligned inputs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", INPUTS)
def test_no_bit_depends_on_the_address_or_the_step(name: str, dtype: str, layout: str) -> None:
    shape = (5, 300) if name.startswith("temporal") else (301, 307)
    arrays = [values(shape, dtype, seed) for seed, _ in enumerate(INPUTS[name])]
    moved = [LAYOUTS[layout](array) for array in arrays]
    assert not any(array.flags.aligned for array in moved) or arrays[0].itemsize == 1
    mask = values(shape, "uint8") > 200
    for form in FORMS:
        call = kernel(name, form)
        for given in ({}, {"mask": mask}, {"nodata": 77}):
            kwargs = {**keywords(name), **given}
            assert results(call(*moved, **kwargs)) == results(call(*arrays, **kwargs)), form


@pytest.mark.parametrize("dtype", ["uint16", "int32", "uint64"])
def test_a_quality_band_may_lie_anywhere(dtype: str) -> None:
    band = (np.arange(301 * 307) % 11).reshape(301, 307).astype(dtype)
    counts = values(band.shape, "uint16")
    for form in FORMS:
        scale = kernel("mask_and_scale", form)
        for rule in ({"keep": [4, 5]}, {"reject_bits": 2}, {"reject_fields": {6: {1}}}):
            expected = scale(counts, **SCALED, qa=band, **rule)
            assert results(scale(counts, **SCALED, qa=packed(band), **rule)) == results(expected)


def test_a_misaligned_output_is_refused() -> None:
    x = np.ones((4, 4), np.float32)
    for form in FORMS:
        with pytest.raises(ValueError, match=r"^out: .*aligned"):
            kernel("normalized_difference", form)(x, x, out=odd(x))


def test_misaligned_arrays_are_handed_to_loops_in_aligned_parts() -> None:
    stack = packed(values((3, 700, 900), "float64"))
    result = np.empty((700, 900))
    call = _admit.temporal(stack, 0, **NOT_GIVEN)
    parts = list(aligned(call, result))
    assert len(parts) > 1
    for part, (target,), _ in parts:
        assert part.arrays[0].flags.aligned
        assert part.arrays[0].shape[1:] == target.shape == part.shape
        assert part.arrays[0].nbytes <= 2**23
        target[...] = part.arrays[0].sum(axis=0)
    assert np.array_equal(result, stack.sum(axis=0), equal_nan=True)
    whole = _admit.temporal(stack.copy(), 0, **NOT_GIVEN)
    assert next(iter(aligned(whole, result)))[0] is whole


# Subclasses -----------------------------------------------------------------------------------------------------------


class Plain(np.ndarray):
    """Means nothing of its own."""


class Unit(np.ndarray):
    """Redefines arithmetic."""

    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("asked")


class Lazy(np.ndarray):
    """Redefines NumPy's functions."""

    def __array_function__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("asked")


class Silent(np.ndarray):
    """Takes no part in arithmetic."""

    __array_ufunc__ = None


@pytest.mark.parametrize("kind", [Unit, Lazy, Silent, np.ma.MaskedArray])
@pytest.mark.parametrize("name", INPUTS)
def test_values_with_a_meaning_of_their_own_are_refused(name: str, kind: type) -> None:
    x = np.ones((3, 4), np.float32)
    arrays = [x] * len(INPUTS[name])
    for form in FORMS:
        call = kernel(name, form)
        for k, argument in enumerate(INPUTS[name]):
            given = [*arrays[:k], x.view(kind), *arrays[k + 1 :]]
            with pytest.raises(TypeError, match=f"^{argument}: .*mask="):
                call(*given, **keywords(name))
        with pytest.raises(TypeError, match=r"^mask: .*mask="):
            call(*arrays, **keywords(name), mask=np.zeros((3, 4), bool).view(kind))
        own = (4,) if name.startswith("temporal") else (3, 4)
        out: Any = np.ones(own, np.float32).view(kind)
        with pytest.raises(TypeError, match=r"^out(\[0\])?: "):
            call(*arrays, **keywords(name), out=(out, out, out) if name == "temporal_stats" else out)


def test_a_refusal_says_how_to_pass_plain_values() -> None:
    with pytest.raises(TypeError, match=r"^a: .*Unit.*numpy\.asarray\(a\)"):
        kernel("normalized_difference", "numpy")(np.ones(3).view(Unit), np.ones(3))
    with pytest.raises(TypeError, match=r"^qa: .*numpy\.asarray\(qa\)"):
        kernel("mask_and_scale", "numpy")(np.ones(3), **SCALED, qa=np.ones(3, np.uint8).view(Unit), keep=[1])


@pytest.mark.parametrize("name", INPUTS)
def test_maps_of_files_and_plain_subclasses_are_arrays(name: str, tmp_path: Path) -> None:
    x = values((3, 40), "float32")
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=x.shape)
    mapped[...] = x
    count = len(INPUTS[name])
    for form in FORMS:
        call = kernel(name, form)
        expected = results(call(*[x] * count, **keywords(name)))
        for given in (mapped, x.view(Plain)):
            answer = call(*[given] * count, **keywords(name))
            assert results(answer) == expected
            assert all(type(one) is np.ndarray for one in (answer if isinstance(answer, tuple) else [answer]))


def test_the_caller_gets_the_very_output_that_was_given() -> None:
    out = np.ones(3, np.float32).view(Plain)
    assert kernel("normalized_difference", "numpy")(np.ones(3, np.float32), np.ones(3, np.float32), out=out) is out


# Masks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INPUTS)
def test_a_bool_masks_everything_or_nothing(name: str) -> None:
    x = values((3, 40), "float32")
    arrays = [x] * len(INPUTS[name])
    for form in FORMS:
        call = kernel(name, form)
        expected = results(call(*arrays, **keywords(name)))
        for none in (False, np.False_, np.zeros((), bool), np.ma.nomask):
            assert results(call(*arrays, **keywords(name), mask=none)) == expected
        for every in (True, np.True_, np.ones((), bool)):
            answer = call(*arrays, **keywords(name), mask=every)
            assert np.isnan(answer[0] if isinstance(answer, tuple) else answer).all()


def test_the_recipe_for_masked_arrays_works_without_a_mask() -> None:
    x = np.ma.array(values((3, 40), "float32"))
    for form in FORMS:
        median = kernel("temporal_median", form)
        assert results(median(x.data, mask=x.mask)) == results(median(x.data))


@pytest.mark.parametrize("mask", [0, 1, [False] * 40, "no", np.zeros((), np.uint8)])
def test_other_things_are_no_mask(mask: Any) -> None:
    with pytest.raises(TypeError, match=r"^mask: "):
        kernel("temporal_median", "numpy")(np.ones((3, 40)), mask=mask)


# Memory ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [2_000_000, 2**40])
def test_an_output_that_cannot_be_had_is_a_memory_error(length: int) -> None:
    column = as_strided(np.ones(1, np.float32), (length, 1), (0, 0))
    row = as_strided(np.ones(1, np.float32), (1, length), (0, 0))
    for form in ("numpy", "numba"):
        with pytest.raises(MemoryError, match=r"\d"):
            kernel("normalized_difference", form)(column, row)


def test_the_size_of_an_output_of_a_reduction_may_overflow() -> None:
    stack = as_strided(np.ones(1, np.uint8), (1, 2**31, 2**30), (0, 0, 0))
    for name in ("temporal_mean", "temporal_stats", "temporal_median"):
        with pytest.raises(MemoryError, match=rf"^out: {2**63} bytes"):
            kernel(name, "numpy")(stack, dtype=np.float32)


# Numbers from metadata ------------------------------------------------------------------------------------------------

SINGLE = float(np.float32(1e-4))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (np.float32(1e-4), 1e-4),
        (np.array(1e-4, np.float32), 1e-4),
        (np.array([1e-4], np.float32), 1e-4),
        (SINGLE, 1e-4),
        (-SINGLE, -1e-4),
        (np.float64(SINGLE), 1e-4),
        (np.array([[SINGLE]]), 1e-4),
        (np.float32(2.75e-5), 2.75e-5),
        (1e-4, 1e-4),
        (nextafter(SINGLE, 1.0), nextafter(SINGLE, 1.0)),
        (0.5, 0.5),
        (2.5, 2.5),
        (2.0**-20, 2.0**-20),
        (16777217, 16777217.0),
        (np.int16(3), 3.0),
        (1, 1.0),
    ],
)
def test_a_number_is_what_its_writer_meant(given: Any, meant: float) -> None:
    read = _numbers.real("scale", given)
    assert type(read) is float
    assert read == meant
    assert _constants.reals(scale=given) == (meant,)


def test_float32_metadata_gives_what_its_decimals_give() -> None:
    a, b = np.array([1200], np.uint16), np.array([800], np.uint16)
    for form in FORMS:
        index = kernel("normalized_difference_dn", form)
        for scale, offset in (
            (np.float32(1e-4), np.float32(-0.1)),
            (SINGLE, float(np.float32(-0.1))),
            (np.array([1e-4], "f4"), np.array(-0.1, "f4")),
        ):
            assert np.isnan(index(a, b, scale=scale, offset=offset, nodata=None)).all()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (True, TypeError), (np.True_, TypeError), ("1", TypeError), (None, TypeError), (1j, TypeError),
        ([1.0], TypeError), (np.ones(2), TypeError), (np.array(True), TypeError), (np.nan, ValueError),
        (-np.inf, ValueError), (10**400, ValueError), (np.ma.masked, TypeError),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_constant_is_a_finite_real_number(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^C1: "):
        _constants.reals(C1=value)
    for form in FORMS:
        with pytest.raises(error, match=r"^C1: "):
            kernel("evi", form)(*np.ones((3, 4), np.float32), C1=value)


@pytest.mark.parametrize("value", [1e-300, 1e300, -1e39, 1e-46])
def test_a_constant_that_is_lost_in_the_output_dtype_is_refused(value: float) -> None:
    bands = np.ones((3, 4), np.float32)
    for form in FORMS:
        for constant in ("G", "C1", "C2", "L"):
            with pytest.raises(ValueError, match=f"^{constant}: .*float32"):
                kernel("evi", form)(*bands, **{constant: value})
        for name, constant in itertools.product(("mask_and_scale", "normalized_difference_dn"), ("scale", "offset")):
            with pytest.raises(ValueError, match=f"^{constant}: .*float32"):
                kernel(name, form)(*bands[: len(INPUTS[name])], **{**SCALED, constant: value})
        kernel("evi", form)(*bands.astype(np.float64), G=value)


def test_subnormal_constants_and_zeros_stay() -> None:
    assert _constants.fitted(_checks.FLOAT32, G=1e-44, L=0.0) == (np.float32(1e-44), 0.0)
    assert np.signbit(_constants.fitted(_checks.FLOAT32, G=-0.0))
    call = _admit.elementwise({"dn": np.ones(3, np.uint8)}, **NOT_GIVEN)
    assert np.signbit(_constants.scaling(call, 1.0, 0.0)[1]) != np.signbit(_constants.scaling(call, 1.0, -0.0)[1])


@pytest.mark.parametrize("scale", [0, 0.0, -0.0, np.float32(0)])
def test_a_scale_is_not_zero(scale: Any) -> None:
    for form in FORMS:
        for name in ("mask_and_scale", "normalized_difference_dn", "evi"):
            arrays = np.ones((len(INPUTS[name]), 4), np.uint16)
            with pytest.raises(ValueError, match=r"^scale: .*other than 0"):
                kernel(name, form)(*arrays, **{**keywords(name), "scale": scale})


def test_a_shift_that_is_infinite_is_refused_by_the_name_that_is_to_blame() -> None:
    counts = np.ones((3, 4), np.uint16)
    for form in FORMS:
        with pytest.raises(ValueError, match=r"^offset: .*float32"):
            kernel("normalized_difference_dn", form)(*counts[:2], scale=1e-30, offset=1e30, nodata=None)
        with pytest.raises(ValueError, match=r"^scale: .*float32"):
            kernel("evi", form)(*counts, scale=1e-30, offset=1e30)


@pytest.mark.parametrize("one", [np.array(2), np.array([2]), np.int64(2), np.array([[2]], np.uint8)])
def test_an_array_of_one_number_is_that_number(one: Any) -> None:
    stack, counts = values((3, 4, 5), "float32"), values((4, 5), "uint8")
    for form in FORMS:
        median = kernel("temporal_median", form)
        assert results(median(stack, one)) == results(median(stack, 2))
        stats = kernel("temporal_stats", form)
        assert results(stats(stack, ddof=one)) == results(stats(stack, ddof=2))
        scale = kernel("mask_and_scale", form)
        given = {**SCALED, "qa": counts, "reject_bits": 2, "nodata": 2}
        expected = results(scale(counts, **given))
        assert results(scale(counts, **{**given, "reject_bits": one, "nodata": one})) == expected
        difference = kernel("normalized_difference", form)
        kwargs = {} if form != "numba" else {"num_threads": one}
        assert results(difference(counts, counts, min_denominator=one, **kwargs)) == results(
            difference(counts, counts, min_denominator=2)
        )


def test_threads_are_as_many_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_admit, "usable_cores", lambda: 3)
    for asked, got in ((1, 1), (2, 2), (3, 3), (10**9, 3), (np.array([7]), 3)):
        assert _admit.temporal(np.ones((2, 2)), 0, **NOT_GIVEN, num_threads=asked).threads == got
    with pytest.raises(ValueError, match=r"^num_threads: "):
        _admit.temporal(np.ones((2, 2)), 0, **NOT_GIVEN, num_threads=0)


def test_cores_are_those_of_the_affinity_and_of_the_quota(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("250000 100000\n", encoding="ascii")
    assert _cores._granted(tmp_path, unified=True) == 2
    (tmp_path / "cpu.max").write_text("max 100000\n", encoding="ascii")
    assert _cores._granted(tmp_path, unified=True) > 1000
    (tmp_path / "cpu.cfs_quota_us").write_text("50000\n", encoding="ascii")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n", encoding="ascii")
    assert _cores._granted(tmp_path, unified=False) == 1
    monkeypatch.setattr(_cores.os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(_cores, "_quota", lambda: 5)
    assert _cores.usable_cores() == 5


# Nodata ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nodata", [0.0, -0.0, np.float64(0), np.float32(0), np.array([0.0]), np.array(0), np.uint8(0)])
def test_nodata_of_integers_is_any_whole_number(nodata: Any) -> None:
    counts = np.array([[0, 3, 0], [5, 0, 0]], np.uint8)
    for form in FORMS:
        median = kernel("temporal_median", form)
        assert results(median(counts, nodata=nodata)) == results(median(counts, nodata=0))
        assert np.array_equal(median(counts, nodata=nodata), [5, 3, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("nodata", "error"),
    [
        (0.5, ValueError), (np.nan, ValueError), (np.inf, ValueError), (256.0, ValueError), (-1, ValueError),
        (10**400, ValueError), (True, TypeError), ("0", TypeError), ([0], TypeError), (np.array(True), TypeError),
    ],
    ids=range(10),
)  # fmt: skip
def test_nodata_that_integers_cannot_hold_is_refused(nodata: Any, error: type[Exception]) -> None:
    counts = np.ones((3, 4), np.uint8)
    for form, name in itertools.product(FORMS, INPUTS):
        with pytest.raises(error, match=r"^nodata: "):
            kernel(name, form)(*[counts] * len(INPUTS[name]), **{**keywords(name), "nodata": nodata})


@pytest.mark.parametrize("nodata", [-9999, -9999.0, 0.1, np.inf, -np.inf, np.float32(0.1), 0, -0.0])
@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_equal_to_nodata_are_missing(name: str, dtype: str, nodata: Any) -> None:
    arrays = [values((6, 50), dtype, seed) for seed, _ in enumerate(INPUTS[name])]
    marked = [array.copy() for array in arrays]
    for array, hole in zip(arrays, marked, strict=True):
        hole[::2, ::3] = nodata
        array[::2, ::3] = np.nan
    for form in FORMS:
        call = kernel(name, form)
        given = {**keywords(name), "nodata": nodata}
        assert results(call(*marked, **given)) == results(call(*arrays, **{**given, "nodata": None})), form
        assert results(call(*arrays, **{**given, "nodata": np.nan})) == results(
            call(*arrays, **{**given, "nodata": None})
        )


@pytest.mark.parametrize(
    ("nodata", "error"),
    [(1e39, ValueError), (10**400, ValueError), (True, TypeError), ("nan", TypeError)],
    ids=range(4),
)
def test_nodata_that_floats_cannot_hold_is_refused(nodata: Any, error: type[Exception]) -> None:
    for form in FORMS:
        with pytest.raises(error, match=r"^nodata: "):
            kernel("temporal_mean", form)(np.ones((3, 4), np.float32), nodata=nodata)


# An index with a constant, on counts ----------------------------------------------------------------------------------


def expected_evi(bands: list[np.ndarray], scale: float, offset: float, guard: float, **constants: float) -> np.ndarray:
    """Return the index of counts with its steps as they are laid down."""
    g, c1, c2, soil = (constants.get(name, usual) for name, usual in (("G", 2.5), ("C1", 6), ("C2", 7.5), ("L", 1)))
    k = (offset * (1 + c1 - c2) + soil) / scale
    k = round(k) if abs(k - round(k)) <= 1e-6 else k
    f = np.float32
    n, r, b = (band.astype(f) for band in bands)
    with np.errstate(all="ignore"):
        denominator = ((n + f(c1) * r) - f(c2) * b) + f(k)
        index = f(g) * (n - r) / denominator
    return np.where(np.abs(denominator) <= f(guard / abs(scale)), f("nan"), index)


@pytest.mark.parametrize("dtype", ["float32", "uint16", "int16"])
@pytest.mark.parametrize(
    ("scale", "offset", "given"),
    [
        (1e-4, 0, {}), (1e-4, -0.1, {}), (2.75e-5, -0.2, {"L": 0.5}), (-1e-4, 0.3, {"C2": 5.0, "C1": 4.0}),
        (np.float32(1e-4), np.float32(-0.1), {"G": 2.4}), (1, 0, {"L": 10000}), (1, 0, {}), (1.0, 0.5, {}),
    ],
)  # fmt: skip
def test_counts_with_scale_and_offset_give_the_index_of_reflectances(
    dtype: str, scale: Any, offset: Any, given: dict[str, float]
) -> None:
    bands = [(array * 30).astype(dtype) for array in (values((40, 50), "uint16", seed) for seed in range(3))]
    for guard in (0.0, 0.05):
        expected = expected_evi(bands, float(str(scale)), float(str(offset)), guard, **given)
        for form in FORMS:
            index = kernel("evi", form)(*bands, scale=scale, offset=offset, min_denominator=guard, **given)
            assert np.array_equal(index, expected, equal_nan=True), form


def test_the_index_of_counts_is_near_that_of_their_reflectances() -> None:
    counts = [values((40, 50), "uint16", seed) * np.uint16(30) for seed in range(3)]
    reflectances = [array * 1e-4 - 0.01 for array in counts]
    for form in FORMS:
        evi = kernel("evi", form)
        index = evi(*counts, scale=1e-4, offset=-0.01, dtype="float64", min_denominator=0.01)
        expected = evi(*reflectances, min_denominator=0.01)
        assert np.allclose(index, expected, rtol=1e-9, atol=1e-12, equal_nan=True)


def test_counts_alone_are_no_reflectances() -> None:
    counts = np.ones((3, 4), np.uint16)
    for form in FORMS:
        evi = kernel("evi", form)
        with pytest.raises(ValueError, match=r"^scale: .*L .*reflectance.*scale=1, offset=0"):
            evi(*counts)
        with pytest.raises(ValueError, match=r"^offset: "):
            evi(*counts, scale=1e-4)
        with pytest.raises(ValueError, match=r"^scale: "):
            evi(*counts.astype(np.float32), offset=0.0)
        assert results(evi(*counts, scale=1, offset=0)) == results(evi(*counts.astype(np.float32)))


# Counts as floats -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["mask_and_scale", "normalized_difference_dn"])
def test_counts_may_be_floats_and_lie_where_the_result_goes(name: str, dtype: str) -> None:
    counts = [values((301, 307), "uint8", seed) for seed, _ in enumerate(INPUTS[name])]
    floats = [array.astype(dtype) for array in counts]
    floats[0][::7] = np.nan
    for form in FORMS:
        call = kernel(name, form)
        expected = call(*counts, **SCALED, dtype=dtype)
        expected[::7] = np.nan
        assert results(call(*floats, **SCALED)) == results(expected)
        for k in range(len(floats)):
            copies = [array.copy() for array in floats]
            assert call(*copies, **SCALED, out=copies[k]) is copies[k]
            assert results(copies[k]) == results(expected)


# Quality bands --------------------------------------------------------------------------------------------------------

BANDS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def scaled(form: str, band: np.ndarray, **rule: Any) -> np.ndarray:
    """Return where a quality band hides counts."""
    answer = kernel("mask_and_scale", form)(np.ones(band.shape, np.uint16), **SCALED, qa=band, **rule)
    return np.isnan(answer)


def every(dtype: str) -> np.ndarray:
    """Return a band with all values of up to 16 bits, and the ends and odd ones of wider dtypes."""
    if dtype == "bool":
        return np.array([False, True] * 7)
    limits = np.iinfo(dtype)
    if limits.bits <= 16:
        return np.arange(limits.min, limits.max + 1).astype(dtype)
    some = np.random.default_rng(0).integers(limits.min, limits.max, 5000, dtype, endpoint=True)
    return np.concatenate([some, np.arange(300).astype(dtype), np.array([limits.min, limits.max], dtype)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", BANDS)
def test_classes_of_any_integer_dtype_stay(dtype: str, form: str) -> None:
    band = every(dtype)
    least = 0 if dtype == "bool" else int(np.iinfo(dtype).min)
    most = 1 if dtype == "bool" else int(np.iinfo(dtype).max)
    for keep in ((), {1}, {0, least, most}, set(range(0, min(most, 100) + 1, 3))):
        assert np.array_equal(scaled(form, band, keep=keep), ~np.isin(band, np.array([*keep], dtype))), keep
    for keep in ([most + 1], [least - 1]):
        with pytest.raises(ValueError, match=r"^keep: "):
            scaled(form, band, keep=keep)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", BANDS)
def test_bits_and_fields_of_any_integer_dtype_reject(dtype: str, form: str) -> None:
    band = every(dtype)
    width = 1 if dtype == "bool" else np.iinfo(dtype).bits
    flags = [int(value) % 2**width for value in band.tolist()]
    top = 1 << (width - 1)
    for bits in {0, 1, top, 2**width - 1}:
        assert scaled(form, band, reject_bits=bits).tolist() == [bool(flag & bits) for flag in flags]
    pair = 3 << max(0, width - 2)
    for fields in ({1: {1}}, {1: {0}}, {top: {1}}, {pair: {2, 3}}, {pair: {1}}, {5: {1, 5}}):
        if max(fields) >= 2**width:
            continue
        hidden = [any((flag & m) // (m & -m) in rejected for m, rejected in fields.items()) for flag in flags]
        assert scaled(form, band, reject_fields=fields).tolist() == hidden, fields
        either = [bool(flag & 1) or hide for flag, hide in zip(flags, hidden, strict=True)]
        assert scaled(form, band, reject_fields=fields, reject_bits=1).tolist() == either, fields


@pytest.mark.parametrize("keep", [(), {4, 5}, {0, 31}, {32}, {63}, {64}, {0, 255}, set(range(256)), range(0, 256, 3)])
def test_every_way_to_read_classes_says_the_same(keep: Any) -> None:
    classes = np.arange(256, dtype=np.uint8)
    for form in FORMS:
        assert np.array_equal(scaled(form, classes, keep=keep), ~np.isin(classes, list(keep))), form


def test_rejected_values_that_one_bit_tells_become_bits() -> None:
    call = _admit.elementwise({"dn": np.ones((4, 4), np.uint16)}, **NOT_GIVEN)
    for fields, bits in (({0b11 << 8: {2, 3}}, 1 << 9), ({0b11 << 8: {1, 2, 3}}, 0b11 << 8), ({1: {1}, 2: [1]}, 3)):
        checked = _quality.quality(call, _quality.rules(np.zeros((4, 4), np.uint16), None, None, fields))
        assert checked is not None
        assert checked.simple
        assert checked.bits == bits
    checked = _quality.quality(call, _quality.rules(np.zeros((4, 4), np.uint16), None, None, {0b11 << 8: {2}}))
    assert checked is not None
    assert not checked.simple


@pytest.mark.parametrize(
    ("given", "error", "named"),
    [
        ({"keep": [4]}, ValueError, "keep: .*qa"),
        ({"reject_bits": 8}, ValueError, "reject_bits: .*qa"),
        ({"reject_fields": {1: {1}}}, ValueError, "reject_fields: .*qa"),
        ({"qa": "uint8"}, ValueError, "qa: .*keep, reject_bits, reject_fields"),
        ({"qa": "uint8", "keep": [4], "reject_bits": 8}, ValueError, "qa: .*exactly one"),
        ({"qa": "uint8", "keep": [4], "reject_fields": {1: {1}}}, ValueError, "qa: .*exactly one"),
        ({"qa": "float32", "keep": [4]}, TypeError, "qa: .*integers"),
        ({"qa": ">u2", "reject_bits": 8}, TypeError, "qa: .*native"),
        ({"qa": "uint8", "keep": [256]}, ValueError, "keep: .*255"),
        ({"qa": "uint8", "keep": [-1]}, ValueError, "keep: .*255"),
        ({"qa": "int8", "keep": [128]}, ValueError, "keep: .*127"),
        ({"qa": "bool", "keep": [2]}, ValueError, "keep: .*0 to 1"),
        ({"qa": "uint8", "keep": "45"}, TypeError, "keep: .*int"),
        ({"qa": "uint8", "keep": np.ones(3, bool)}, TypeError, "keep: .*int"),
        ({"qa": "uint8", "keep": 4}, TypeError, "keep: .*set"),
        ({"qa": "uint8", "keep": itertools.repeat(4)}, ValueError, "keep: .*65536"),
        ({"qa": "uint8", "reject_bits": 256}, ValueError, "reject_bits: .*255"),
        ({"qa": "int8", "reject_bits": -1}, ValueError, "reject_bits: .*0"),
        ({"qa": "bool", "reject_bits": 2}, ValueError, "reject_bits: .*0 to 1"),
        ({"qa": "uint16", "reject_bits": 65536}, ValueError, "reject_bits: .*65535"),
        ({"qa": "uint16", "reject_bits": 1.0}, TypeError, "reject_bits: .*int"),
        ({"qa": "uint16", "reject_fields": [(1, {1})]}, TypeError, "reject_fields: .*mapping"),
        ({"qa": "uint16", "reject_fields": {"1": {1}}}, TypeError, "reject_fields: .*int"),
        ({"qa": "uint16", "reject_fields": {True: {1}}}, TypeError, "reject_fields: .*int"),
        ({"qa": "uint16", "reject_fields": {3: 1}}, TypeError, "reject_fields: .*values"),
        ({"qa": "uint16", "reject_fields": {3: {1.0}}}, TypeError, "reject_fields: .*int"),
        ({"qa": "uint16", "reject_fields": {0: {1}}}, ValueError, "reject_fields: .*0"),
        ({"qa": "uint16", "reject_fields": {-1: {1}}}, ValueError, "reject_fields: .*-1"),
        ({"qa": "uint16", "reject_fields": {65536: {1}}}, ValueError, "reject_fields: .*65536"),
        ({"qa": "uint16", "reject_fields": {0b1100: {4}}}, ValueError, "reject_fields: .*0 to 3"),
        ({"qa": "uint16", "reject_fields": {0b1100: {-1}}}, ValueError, "reject_fields: .*-1"),
    ],
)
def test_a_quality_band_that_cannot_be_read_is_refused_by_name(given: Any, error: Any, named: str) -> None:
    band = np.zeros((4, 4), given["qa"]) if "qa" in given else None
    for form in FORMS:
        with pytest.raises(error, match=f"^{named}"):
            kernel("mask_and_scale", form)(np.ones((4, 4), np.uint16), **{**SCALED, **given, "qa": band})
        if isinstance(given.get("keep"), itertools.repeat):
            given = {**given, "keep": itertools.repeat(4)}


# No dimension ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_arrays_of_no_dimension_give_a_scalar_as_in_numpy(name: str) -> None:
    for dtype, form in itertools.product(("float32", "float64", "uint16"), FORMS):
        arrays = [values((1,), dtype, seed) for seed, _ in enumerate(INPUTS[name])]
        call, given = kernel(name, form), keywords(name)
        scalars = [array.reshape(()) for array in arrays]
        expected = call(*arrays, **given)
        answer = call(*scalars, **given)
        assert type(answer) is expected.dtype.type
        assert answer.tobytes() == expected.tobytes()
        out = np.empty((), expected.dtype)
        assert call(*scalars, **given, out=out) is out
        assert out.tobytes() == expected.tobytes()
        assert np.isnan(call(*scalars, **given, mask=np.ones((), bool)))
        wide = call(arrays[0].repeat(3), *scalars[1:], **given)
        assert wide.shape == (3,)
        with pytest.raises(ValueError, match=r"^mask: .*shape"):
            call(*scalars, **given, mask=np.ones(1, bool))
        with pytest.raises(TypeError, match=f"^{INPUTS[name][0]}: "):
            call(arrays[0][0], *scalars[1:], **given)


def test_a_quality_band_beside_no_dimension_has_none() -> None:
    counts, band = np.array(5, np.uint16), np.array(1, np.uint8)
    for form in FORMS:
        scale = kernel("mask_and_scale", form)
        assert np.isnan(scale(counts, **SCALED, qa=band, keep=[2]))
        assert scale(counts, **SCALED, qa=band, keep=[1]) == np.float32(5) * np.float32(1e-4) + np.float32(-0.1)
        with pytest.raises(ValueError, match=r"^qa: .*shape"):
            scale(counts, **SCALED, qa=band.reshape(1), keep=[1])


def test_a_reduction_needs_a_dimension() -> None:
    for name, form in itertools.product(("temporal_mean", "temporal_stats", "temporal_median"), FORMS):
        with pytest.raises(ValueError, match=r"^x: .*no dimension"):
            kernel(name, form)(np.ones(()))


# Outputs --------------------------------------------------------------------------------------------------------------


def test_an_output_whose_axes_are_woven_without_overlap_is_taken() -> None:
    a = values((3, 2), "float32")
    for strides in ((8, 12), (12, 8), (-8, 12)):
        memory = np.zeros(32, np.float32)
        out = as_strided(memory[8:], (3, 2), strides)
        for form in FORMS:
            assert kernel("normalized_difference", form)(a, a * 2, out=out) is out
            assert results(out) == results(kernel("normalized_difference", form)(a, a * 2))


def test_self_overlap_is_found_exactly_as_far_as_it_is_looked_for() -> None:
    memory = np.zeros(2**23, np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(300):
        shape = tuple(int(n) for n in rng.integers(1, 5, 3))
        strides = tuple(int(s) for s in rng.integers(-20, 20, 3))
        array = as_strided(memory[4096:].view(np.uint16), shape, strides)
        places = [sum(i * s for i, s in zip(index, strides, strict=True)) for index in np.ndindex(shape)]
        shared = any(abs(p - q) < 2 for p, q in itertools.combinations(places, 2))
        assert _checks.overlaps_itself(array) == shared, (shape, strides)
    large = as_strided(memory, (1025, 1025), (2, 3))
    assert _checks.overlaps_itself(large)


# Order of admission ---------------------------------------------------------------------------------------------------


def test_code_that_arguments_run_has_run_before_arrays_are_looked_at() -> None:
    for name, form in itertools.product(INPUTS, FORMS):
        arrays = [np.ones((4, 6), np.float32) for _ in INPUTS[name]]

        class Reshapes:
            """Asked for its dtype, gives every input another shape."""

            def __init__(self, arrays: list[np.ndarray]) -> None:
                self.arrays = arrays

            @property
            def dtype(self) -> np.dtype[Any]:
                for array in self.arrays:
                    array.shape = (3, 8)
                return np.dtype(np.float32)

        answer = kernel(name, form)(*arrays, **keywords(name), dtype=Reshapes(arrays))
        shape = (answer[0] if isinstance(answer, tuple) else answer).shape
        assert shape == ((8,) if name.startswith("temporal") else (3, 8))


def test_an_iterator_of_classes_has_ended_before_arrays_are_looked_at() -> None:
    for form in FORMS:
        counts, band = np.ones((4, 6), np.uint16), np.ones((4, 6), np.uint8)

        def classes(*arrays: np.ndarray) -> Any:
            for array in arrays:
                array.shape = (3, 8)
            yield 1

        answer = kernel("mask_and_scale", form)(counts, **SCALED, qa=band, keep=classes(counts, band))
        assert answer.shape == (3, 8)
        assert not np.isnan(answer).any()


# Packages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["impl_numpy", "impl_numba"])
@pytest.mark.parametrize("name", INPUTS)
def test_a_package_gives_the_function_by_name(package: str, name: str) -> None:
    module = import_module(f"eokernels.{package}.{name}")
    assert module.__name__ == f"eokernels.{package}.{name}"
    parent = import_module(f"eokernels.{package}")
    assert getattr(parent, name) is getattr(module, name)
    assert name in dir(parent)
    with pytest.raises(AttributeError, match="no attribute 'temporal_mode'"):
        _ = parent.temporal_mode


def test_the_readme_names_implementations_that_can_be_called() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    packages = set(re.findall(r"`eokernels\.(impl_\w+)`", text))
    assert packages == {"impl_numpy", "impl_numba"}
    assert not isinstance(temporal_median, ModuleType)
    for package, name in itertools.product(packages, INPUTS):
        assert callable(getattr(import_module(f"eokernels.{package}"), name))
