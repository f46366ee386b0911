"""Numbers that callers hand over: from metadata, from arrays of one, and those that no dtype can hold.

Every test runs on all implementations, and on every kernel whose oracle has the keyword. The file is long because its
tests share how a kernel is called with what it cannot be without.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.contract import questions

IMPLEMENTATIONS = ("rust", "numpy", "numpy_naive", "numba")
FLOATS = ("float32", "float64")
INTEGERS = ("uint8", "int16", "uint16")
PASSED_THROUGH_FLOAT32 = {
    "float32": np.float32,
    "float": lambda value: float(np.float32(value)),
    "float64": lambda value: np.float64(np.float32(value)),
    "float written with 15 digits": lambda value: float(f"{np.float32(value):.15g}"),
    "array without dimensions": lambda value: np.array(value, np.float32),
    "array of one": lambda value: np.array([[value]], np.float32),
    "wide array of one": lambda value: np.array([np.float32(value)], np.float64),
}
NO_NUMBERS = (True, np.True_, np.array(True), "0", [0], np.zeros(2), np.ma.masked)


KERNELS = {name: kernel for name, kernel in registry.KERNELS.items() if not kernel.roles}
"""Those that take data alone; the battery has the numbers of all."""
OF_FORMULAS = sorted({
    name for kernel in KERNELS.values() for name, usual in questions.numbers(kernel).items()
    if isinstance(usual, float) and name not in {"min_denominator", *kernel.required, *kernel.for_integers}
})  # fmt: skip
CONSTANTS = ("scale", "offset", *OF_FORMULAS)


def keywords(kernel: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(KERNELS[kernel].oracle).parameters)


def having(*names: str) -> list[tuple[str, str]]:
    """Return kernel and name for every kernel that has a keyword of one of these names."""
    return [(kernel, name) for kernel in KERNELS for name in names if name in keywords(kernel)]


@pytest.fixture(params=IMPLEMENTATIONS)
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that calls a kernel on arrays that are all `values`, with its required keywords filled in."""

    def on(kernel: str, dtype: str = "float32", values: Any = (7, 9, 5, 8), /, **given: Any) -> Any:
        found = registry.resolve(KERNELS[kernel], request.param)
        assert found is not None, f"{kernel} has no {request.param}"
        arrays = [np.array(values, dtype) for _ in range(arrays_of(kernel))]
        return found(*arrays, **{**filled(kernel, dtype), **given})

    return on


@pytest.fixture(params=IMPLEMENTATIONS)
def function(request: pytest.FixtureRequest) -> Callable[[str], Callable[..., Any]]:
    """Return how a kernel of the implementation is found by name."""

    def named(kernel: str) -> Callable[..., Any]:
        found = registry.resolve(KERNELS[kernel], request.param)
        assert found is not None
        return found

    return named


def arrays_of(kernel: str) -> int:
    return len(KERNELS[kernel].arguments)


def filled(kernel: str, dtype: str) -> dict[str, Any]:
    names, given = keywords(kernel), {}
    if "scale" in names and (names["scale"].default is inspect.Parameter.empty or dtype in INTEGERS):
        given = {"scale": 1e-4, "offset": -0.1}
    return {**given, **({"nodata": None} if names["nodata"].default is inspect.Parameter.empty else {})}


def paired(kernel: str, name: str, value: Any) -> dict[str, Any]:
    """Return the keyword with what it cannot be without."""
    pair = {"scale": {"offset": -0.1}, "offset": {"scale": 1e-4}}
    return {**pair.get(name, {}), name: value}


def bits(result: Any) -> tuple[bytes, ...]:
    """Return the bits of results, with one NaN for all: its payload is no part of the contract."""
    arrays = [np.array(array) for array in (result if isinstance(result, tuple) else (result,))]
    for array in arrays:
        if array.dtype.kind == "f":
            array[np.isnan(array)] = np.nan
    return tuple(array.tobytes() for array in arrays)


def says(error: pytest.ExceptionInfo[Exception], name: str) -> bool:
    return str(error.value).startswith((f"{name} ", f"{name}: "))


# Constants that were a float32 before.


@pytest.mark.parametrize("form", PASSED_THROUGH_FLOAT32)
@pytest.mark.parametrize(("kernel", "name"), having(*CONSTANTS))
@pytest.mark.parametrize("value", [1e-4, 2.75e-5, -0.2, 1.1])
def test_what_was_a_float32_stands_for_its_decimal(call, kernel, name, value, form):
    given = PASSED_THROUGH_FLOAT32[form](value)
    assert float(np.ravel(given)[0]) != value
    asked = paired(kernel, name, given)
    for dtype in ("float64", "float32"):
        assert bits(call(kernel, dtype, **asked)) == bits(call(kernel, dtype, **{**asked, name: value}))


@pytest.mark.parametrize(("kernel", "name"), having(*CONSTANTS))
@pytest.mark.parametrize("value", [0.5, 2.5, 2.0**-20, 1 + 2.0**-23, 1e10, 3])
def test_what_is_written_out_stays(call, kernel, name, value):
    exact = Fraction(value)
    asked = paired(kernel, name, value)
    same = {**asked, name: exact}  # a fraction is never taken for a float32
    if value != 1 + 2.0**-23:
        assert bits(call(kernel, "float64", **asked)) == bits(call(kernel, "float64", **same))
    else:  # 1.0000001192092896 prints less than it is: it is 1.0000001 as a float32
        assert bits(call(kernel, "float64", **asked)) == bits(call(kernel, "float64", **{**asked, name: 1.0000001}))


@pytest.mark.parametrize("scale", [np.float32(1e-4), 9.99999974737875e-05, 9.999999747378752e-05, np.array(1e-4, "f4")])
@pytest.mark.parametrize("offset", [np.float32(-0.1), -0.10000000149011612, np.array([-0.1], "f4")])
@pytest.mark.parametrize("dtype", FLOATS)
def test_reflectances_that_sum_to_zero_are_found_with_metadata_of_float32(function, scale, offset, dtype):
    a, b = np.array([1200], np.uint16), np.array([800], np.uint16)
    found = function("normalized_difference_dn")(a, b, scale=scale, offset=offset, nodata=None, dtype=dtype)
    assert np.isnan(found).all()


def test_random_float32_stand_for_what_numpy_prints(function):
    pool = np.random.default_rng(5).integers(0x0C800000, 0x6F800000, 200, dtype=np.uint32).view(np.float32)
    scaled = function("mask_and_scale")
    one = np.ones(1)
    for single in pool:
        want = float(str(single))
        for form in (single, float(single)):
            found = scaled(one, scale=form, offset=0, nodata=None)[0]
            exact = float(single) if isinstance(form, float) and Fraction(repr(form)) == Fraction(form) else want
            assert found == exact, repr(form)


# Numbers in arrays.


class Plain(np.ndarray):
    """A subclass that changes nothing."""


class Metres(np.ndarray):
    """A subclass with a unit."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented


@pytest.mark.parametrize(("kernel", "name"), having(*CONSTANTS, "min_denominator", "nodata"))
def test_an_array_of_one_has_a_number_only_if_it_is_plain(call, kernel, name):
    number = np.array([0.75])
    plain = bits(call(kernel, "float64", **paired(kernel, name, 0.75)))
    assert bits(call(kernel, "float64", **paired(kernel, name, number.view(Plain)))) == plain
    with pytest.raises(TypeError) as error:
        call(kernel, "float64", **paired(kernel, name, number.view(Metres)))
    assert says(error, name), str(error.value)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
@pytest.mark.parametrize(("kernel", "name"), having(*CONSTANTS, "min_denominator", "nodata", "axis", "ddof"))
def test_an_array_of_one_is_the_number(call, kernel, name, shape):
    value = {"axis": -1, "ddof": 1, "nodata": 9, "min_denominator": 0.25}.get(name, 0.75)
    for dtype in ("float32", "uint16"):
        held = np.full(shape, value)
        given, plain = paired(kernel, name, held), paired(kernel, name, value)
        if name == "scale" and KERNELS[kernel].for_integers:
            given, plain = {**given, "offset": 0.0}, {**plain, "offset": 0.0}
        assert bits(call(kernel, dtype, **given)) == bits(call(kernel, dtype, **plain))


@pytest.mark.parametrize("implementation", ["rust", "numba"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_number_of_threads_is_an_int_or_an_array_of_one(kernel, implementation):
    found = registry.resolve(KERNELS[kernel], implementation)
    assert found is not None
    arrays = [np.array([7, 9, 5, 8], np.float32)] * arrays_of(kernel)
    given = filled(kernel, "float32")
    want = bits(found(*arrays, **given))
    assert bits(found(*arrays, **given, num_threads=np.array([2]))) == want
    for wrong in (2.0, True, np.array(2.0), [2]):
        with pytest.raises(TypeError, match=r"^num_threads"):
            found(*arrays, **given, num_threads=wrong)


@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize(("kernel", "name"), having(*CONSTANTS, "min_denominator", "nodata", "axis", "ddof"))
def test_what_is_no_number_is_refused(call, kernel, name, wrong):
    for dtype in ("float32", "uint16"):
        with pytest.raises(TypeError) as error:
            call(kernel, dtype, **paired(kernel, name, wrong))
        assert says(error, name), str(error.value)


# Constants that results cannot be computed with.


@pytest.mark.parametrize("value", [1e-300, -1e-46, 1e300, -3.5e38, np.float64(1e39), np.array([1e-50]), 10**39])
@pytest.mark.parametrize(("kernel", "name"), having(*CONSTANTS))
def test_what_float32_makes_zero_or_infinite_is_refused(call, kernel, name, value):
    asked = paired(kernel, name, value)
    with pytest.raises(ValueError, match=r"^\w+:? (is|it)") as error:
        call(kernel, "float32", **asked)
    assert says(error, name), str(error.value)
    untouched = np.full(4, 3.0, np.float32)
    with pytest.raises(ValueError, match="float32") as error:
        call(kernel, "uint16", **asked, out=untouched)
    assert says(error, name), str(error.value)
    assert (untouched == 3).all()


@pytest.mark.parametrize("value", [1e-45, -1e-40, 3.4e38])
@pytest.mark.parametrize(("kernel", "name"), having(*OF_FORMULAS))
def test_what_float32_holds_is_taken(call, kernel, name, value):
    assert call(kernel, "float32", **{name: value}).dtype == np.float32


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("inf"), np.array(-np.inf), 10**400])
@pytest.mark.parametrize(("kernel", "name"), having(*CONSTANTS))
def test_what_is_not_finite_is_refused(call, kernel, name, value):
    with pytest.raises(ValueError, match=r"finite|beyond") as error:
        call(kernel, "float64", **paired(kernel, name, value))
    assert says(error, name), str(error.value)


@pytest.mark.parametrize("zero", [0, -0.0, np.float32(0), np.zeros(1)])
@pytest.mark.parametrize(("kernel", "name"), having("scale"))
def test_a_scale_of_zero_is_refused(call, kernel, name, zero):
    with pytest.raises(ValueError, match=r"^scale"):
        call(kernel, "float64", **paired(kernel, name, zero))


@pytest.mark.parametrize(("kernel", "name"), having("min_denominator"))
@pytest.mark.parametrize("value", [1e-300, 1e300, float("inf"), 10**400])
def test_a_guard_may_be_anything_from_zero_on(call, kernel, name, value):
    everything = value > 1
    found = call(kernel, "float32", (7, 9, 5, 9), **{name: value})
    assert np.isnan(found).all() == everything


@pytest.mark.parametrize(("kernel", "blamed", "given"), [
    ("normalized_difference_dn", "offset", {"scale": 1e-10, "offset": 1e30}),
    ("normalized_difference_dn", "offset", {"scale": 1e-30, "offset": -1e300, "dtype": "float64"}),
    ("evi", "scale", {"scale": 1e-10, "offset": 1e30}),
    ("evi", "scale", {"scale": 1e-39, "offset": 0, "L": 1.5}),
    ("evi", "scale", {"scale": 1e-30, "offset": -1e300, "dtype": "float64"}),
])  # fmt: skip
def test_what_is_added_to_counts_is_finite(call, kernel, blamed, given):
    with pytest.raises(ValueError, match=f"^{blamed}"):
        call(kernel, "uint16", **given)


# EVI on counts.


@pytest.mark.parametrize("dtype", INTEGERS)
def test_counts_without_a_scale_are_refused_with_the_way_out(function, dtype):
    band = np.array([7, 9], dtype)
    with pytest.raises(ValueError, match=r"^scale.*reflectance.*scale=1, offset=0"):
        function("evi")(band, band, band)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize(("given", "missing"), [("scale", "offset"), ("offset", "scale")])
def test_scale_and_offset_come_together(function, given, missing, dtype):
    band = np.array([7, 9], dtype)
    with pytest.raises(ValueError, match=f"^{missing}"):
        function("evi")(band, band, band, **{given: 0.5})


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("scale", "offset", "constants"), [
    (1e-4, -0.1, {}), (1e-4, 0, {"L": 0.5}), (2.75e-5, -0.2, {"C1": 6.5}), (-0.5, 3, {"C2": -7.0}), (1, 0.25, {}),
    (np.float32(1e-4), np.float32(-0.1), {"G": 2}), (1, 0, {"L": 1 + 1e-9}),
])  # fmt: skip
def test_evi_of_counts_is_the_formula_with_its_constant_in_counts(function, dtype, scale, offset, constants):
    kind = np.dtype(dtype).type
    nir, red, blue = np.random.default_rng(3).integers(0, 10_000, (3, 500)).astype(np.uint16)
    gain, c1, c2, soil = ({"G": 2.5, "C1": 6.0, "C2": 7.5, "L": 1.0} | constants).values()
    s, o = float(str(scale)), float(str(offset))
    k = (o * (1 + c1 - c2) + soil) / s
    k = soil if (s, o) == (1, 0) else np.rint(k) if abs(k - np.rint(k)) <= 1e-6 else k
    n, r, b = (band.astype(kind) for band in (nir, red, blue))
    denominator = ((n + kind(c1) * r) - kind(c2) * b) + kind(k)
    with np.errstate(divide="ignore", invalid="ignore"):
        want = np.where(np.abs(denominator) <= kind(0.3 / abs(s)), np.nan, kind(gain) * (n - r) / denominator)
    found = function("evi")(nir, red, blue, scale=scale, offset=offset, min_denominator=0.3, dtype=dtype, **constants)
    assert found.dtype == dtype
    np.testing.assert_array_max_ulp(found, want.astype(dtype), 1)


def test_a_true_zero_of_evi_in_reflectances_is_found_in_counts(function):
    # (nir + 6 red - 7.5 blue) + 10500 is 0: 0.05 + 6 · 0.1 - 7.5 · 0.22 + 1
    nir, red, blue = (np.array([round(1e4 * (value + 0.1))], np.uint16) for value in (0.05, 0.1, 0.22))
    assert np.isnan(function("evi")(nir, red, blue, scale=1e-4, offset=-0.1)).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_may_hold_counts_and_are_computed_in_place(function, dtype):
    a, b = np.array([4000, np.nan, 1200, 0], dtype), np.array([2000, 1500, 800, 1500], dtype)
    fresh = function("normalized_difference_dn")(a, b, scale=1e-4, offset=-0.1, nodata=0)
    want = np.array([0.5, np.nan, np.nan, np.nan], dtype)
    np.testing.assert_array_equal(fresh, want)
    assert function("normalized_difference_dn")(a, b, scale=1e-4, offset=-0.1, nodata=0, out=a) is a
    np.testing.assert_array_equal(a, want)


# nodata.


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("form", [float, np.float32, np.float64, np.int64, np.uint8, np.array, lambda v: np.array([v])])
def test_nodata_of_integers_is_any_whole_number_that_they_hold(call, kernel, dtype, form):
    assert bits(call(kernel, dtype, nodata=form(9))) == bits(call(kernel, dtype, nodata=9))
    assert bits(call(kernel, dtype, nodata=9)) != bits(call(kernel, dtype, nodata=None))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("wrong", [0.5, float("nan"), float("inf"), -32769.0, 65536, 10**30, 10**400, np.array(8.5)])
def test_nodata_that_integers_do_not_hold_is_refused(call, kernel, dtype, wrong):
    with pytest.raises(ValueError, match=r"^nodata") as error:
        call(kernel, dtype, nodata=wrong)
    assert dtype in str(error.value)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("given", [-9999, -9999.0, 0.1, np.float32(0.1), np.array([0.1]), float("inf"), -0.0, 10**30])
def test_nodata_of_floats_is_missing_beside_nan(call, kernel, dtype, given):
    value = np.array(np.ravel(given)[0]).astype(float).astype(dtype)[()]
    marked = (7, value, np.nan, 5)
    gaps = (7, np.nan, np.nan, 5)
    assert bits(call(kernel, dtype, marked, nodata=given)) == bits(call(kernel, dtype, gaps))
    assert bits(call(kernel, dtype, marked, nodata=float("nan"))) == bits(call(kernel, dtype, marked))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("dtype", "wrong"), [("float32", 1e39), ("float32", -(10**40)), ("float64", 10**400)])
def test_nodata_beyond_floats_is_refused(call, kernel, dtype, wrong):
    with pytest.raises(ValueError, match=r"^nodata"):
        call(kernel, dtype, nodata=wrong)
