"""The battery asks what the contract says: a function that keeps it passes, and what ignores a part of it is caught."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.calls.comparison import same_bits
from benchmarks.contract import judging, questions, structure
from benchmarks.kernels._shared import in_counts, lone, meant
from benchmarks.spec import Kernel
from inputs import families
from inputs.battery.collection import BatteryCase, Call
from inputs.battery.numbers import variations
from tests.contract.conforming import conforming

KERNELS = pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
PAIRS = [(kernel, name) for kernel in registry.KERNELS.values() for name in questions.numbers(kernel)]
EACH_NUMBER = pytest.mark.parametrize(("kernel", "number"), PAIRS, ids=lambda value: getattr(value, "name", value))
Function = Callable[..., Any]


@cache
def cases(kernel: str, dtype: str) -> dict[str, BatteryCase]:
    return {case.name: case for case in questions.cases(registry.get(kernel), dtype)}


def breach(kernel: Kernel, function: Function, case: BatteryCase) -> str:
    return judging.check(kernel, "numpy", case, function).detail


@KERNELS
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_what_keeps_the_contract_passes(kernel: Kernel, dtype: str) -> None:
    verdicts = judging.battery_verdicts(kernel, {"numpy": conforming(kernel)}, dtype)
    assert [f"{v.case}: {v.detail}" for v in verdicts if v.status == "failed"] == []


@EACH_NUMBER
def test_every_number_is_varied_by_itself_and_changes_the_answer(kernel: Kernel, number: str) -> None:
    base = questions.numbers(kernel)[number]
    for dtype in kernel.contract.dtypes:
        request, told_apart = questions.request(kernel, dtype), []
        for value in variations(number, base, request):
            call = cases(kernel.name, dtype)[f"alone-{number}-{value:g}"].build()
            changed = {name for name, given in call.kwargs.items() if request.filled.get(name) != given}
            assert changed - dict(request.for_integers).keys() <= {number}, "by itself"
            without = questions.oracle_value(kernel, call.given(**{number: base}))
            told_apart.append(not same_bits(questions.oracle_value(kernel, call), without))
        assert any(told_apart), f"{dtype} {number}"  # a denominator that has 0.5 added is larger than the first guard


def ignores(kernel: Kernel, number: str) -> Function:
    """Return the kernel with one of its numbers left out of account."""
    right, base = conforming(kernel), questions.numbers(kernel)[number]

    def spoilt(*arrays: Any, **kwargs: Any) -> Any:
        if kwargs.get(number) is not None and isinstance(kwargs[number], int | float):
            kwargs[number] = base
        return right(*arrays, **kwargs)

    return spoilt


@EACH_NUMBER
def test_whoever_ignores_a_number_is_caught_by_the_case_that_varies_it_alone(kernel: Kernel, number: str) -> None:
    for dtype in kernel.contract.dtypes:
        alone = [case for name, case in cases(kernel.name, dtype).items() if name.startswith(f"alone-{number}-")]
        assert len(alone) == 2
        assert all(breach(kernel, conforming(kernel), case) == "" for case in alone)
        assert any(breach(kernel, ignores(kernel, number), case) for case in alone), f"{dtype} {number}"


def spoilt(kernel: Kernel, change: Callable[[dict[str, Any]], Any]) -> Function:
    right = conforming(kernel)

    def function(*arrays: Any, **kwargs: Any) -> Any:
        change(kwargs)
        return right(*arrays, **kwargs)

    return function


def takes_float32_at_its_word(kwargs: dict[str, Any]) -> None:
    for name in {"scale", "offset", "G", "C1", "C2", "L"} & kwargs.keys():
        if type(kwargs[name]) is not int and np.float32(lone(kwargs[name])) == lone(kwargs[name]):
            kwargs[name] = float(np.nextafter(float(lone(kwargs[name])), 9.0))


@pytest.mark.parametrize("name", ["normalized_difference_dn", "evi", "mask_and_scale"])
def test_a_float32_taken_at_its_word_is_caught(name: str) -> None:
    kernel, dtype = registry.get(name), "float64"
    function = spoilt(kernel, takes_float32_at_its_word)
    for form in ("float32", "float32-as-float", "float32-0d", "float32-one-element"):
        assert breach(kernel, function, cases(name, dtype)[f"metadata-scale-0.0001-{form}"])


SABOTAGE: list[tuple[str, Callable[[dict[str, Any]], Any], str, str, str]] = [
    ("nodata of floats ignored", lambda k: k.pop("nodata", None), "temporal_mean", "float32",
     "nodata-as-float--9999"),
    ("nodata of floats ignored", lambda k: k.pop("nodata", None), "evi", "float64", "nodata-as-float-inf"),
    ("mask True ignored", lambda k: k.pop("mask", None), "temporal_median", "uint8", "mask-python-true"),
    ("fields ignored", lambda k: k.update(reject_fields={}), "mask_and_scale", "uint16", "qa-fields-of-landsat"),
    ("bits beside fields ignored", lambda k: k.update(reject_bits=None), "mask_and_scale", "uint16",
     "qa-fields-of-landsat-and-bits"),
    ("both scale and offset ignored", lambda k: k.update(scale=1.0, offset=0.0), "evi", "uint16",
     "scaling-sentinel-2-every-count"),
]  # fmt: skip


@pytest.mark.parametrize("row", SABOTAGE, ids=[row[0] for row in SABOTAGE])
def test_a_part_of_the_contract_that_is_ignored_is_caught(row: tuple[Any, ...]) -> None:
    _, change, name, dtype, case = row
    kernel = registry.get(name)
    assert breach(kernel, conforming(kernel), cases(name, dtype)[case]) == ""
    assert breach(kernel, spoilt(kernel, change), cases(name, dtype)[case])


def refuses_odd_addresses(function: Function) -> Function:
    def strict(*arrays: Any, **kwargs: Any) -> Any:
        for array in (*arrays, kwargs.get("qa")):
            if isinstance(array, np.ndarray) and not array.flags.aligned:
                raise ValueError("misaligned")
        return function(*arrays, **kwargs)

    return strict


@KERNELS
def test_whoever_wants_aligned_inputs_is_caught(kernel: Kernel) -> None:
    function = refuses_odd_addresses(conforming(kernel))
    for dtype in (dtype for dtype in kernel.contract.dtypes if dtype != "uint8"):
        for name in ("odd", "odd-f", "odd-negative", "odd-sliced", "packed", "packed-f", "packed-rows"):
            assert "misaligned" in breach(kernel, function, cases(kernel.name, dtype)[f"layout-{name}"])


def takes_any_subclass(function: Function) -> Function:
    def plain(*arrays: Any, **kwargs: Any) -> Any:
        bare = (np.asarray(array) if type(array).__name__.startswith("With") else array for array in arrays)
        return function(*bare, **kwargs)

    return plain


@KERNELS
def test_whoever_takes_a_subclass_for_bare_memory_is_caught(kernel: Kernel) -> None:
    function = takes_any_subclass(conforming(kernel))
    for kind in ("WithUnit", "WithMeaning", "WithoutUfuncs"):
        for which in range(len(kernel.arguments)):
            case = cases(kernel.name, "float32")[f"error-{which}-is-{kind}"]
            assert "accepted, expected TypeError" in breach(kernel, function, case)


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (np.float32(1e-4), 1e-4),
        (9.99999974737875e-05, 1e-4),
        (np.float64(np.float32(-0.1)), -0.1),
        (np.array(np.float32(2.75e-5)), 2.75e-5),
        (np.array([[0.00341802]], "float32"), 0.00341802),
        (np.float32(16_777_216.0), 16_777_216.0),
        (0.5, 0.5),
        (2.5, 2.5),
        (2**-20, 2**-20),
        (1e-4, 1e-4),
        (0.1, 0.1),
        (1 / 3, 1 / 3),
        (10_000, 10_000.0),
        (np.int16(-300), -300.0),
        (2**64, 2.0**64),
        (1e300, 1e300),
        (-0.0, 0.0),
    ],
)  # fmt: skip
def test_a_number_stands_for_the_decimal_that_it_was(given: Any, means: float) -> None:
    assert meant(given) == means


def test_a_float32_stands_for_what_it_prints_whatever_it_is() -> None:
    for bits in np.random.default_rng(5).integers(1, 0x7F7F_FFFF, 2000, dtype=np.uint32):
        single = bits.view(np.float32)
        assert meant(single) == float(str(single))
        assert np.float32(meant(single)) == single


def test_a_constant_of_counts_is_whole_where_the_decimals_say_so() -> None:
    assert in_counts(1.0, 1 + 6 - 7.5, 1e-4, -0.1) == 10_500.0
    assert in_counts(0.0, 2.0, np.float32(1e-4), np.float32(-0.1)) == -2000.0
    assert in_counts(0.999_999_9, -0.5, 1, 0) == 0.999_999_9
    assert in_counts(0.5, 1.0, None, None) == 0.5


@pytest.mark.parametrize("offset", [10**15, 10**16, -(10**16)])
@pytest.mark.parametrize("steps", [10, 1000])
def test_the_oracles_deviation_is_true_far_from_zero(offset: int, steps: int) -> None:
    step = 2 if abs(offset) > 10**15 else 1
    values = [offset + step * int(k) for k in np.random.default_rng(steps).integers(0, 8, steps)]
    mean = Fraction(sum(values), steps)
    exact = float(sum((value - mean) ** 2 for value in values) / steps) ** 0.5
    _, std, _ = questions.oracle_value(registry.get("temporal_stats"), Call((np.array(values, "float64"),)))
    assert float(std) == pytest.approx(exact, rel=1e-9)


def test_the_median_of_equal_subnormals_is_one_of_them() -> None:
    least = np.finfo("float64").smallest_subnormal
    kernel = registry.get("temporal_median")
    assert questions.oracle_value(kernel, Call((np.full(4, least),))) == least


def test_an_endless_iterable_of_classes_ends() -> None:
    call = cases("mask_and_scale", "uint16")["qa-keep-one"].build().given(keep=itertools.repeat(4))
    with pytest.raises(ValueError, match=r"^keep: "):
        conforming(registry.get("mask_and_scale"))(*call.arrays, **call.kwargs)


def copies_all(function: Function) -> Function:
    def hungry(*arrays: Any, **kwargs: Any) -> Any:
        held = [np.array(array, order="C") for array in arrays if array.size > 2**22]
        result = function(*arrays, **kwargs)
        del held
        return result

    return hungry


def takes_three_series(function: Function) -> Function:
    def hungry(x: Any, *rest: Any, **kwargs: Any) -> Any:
        held = np.ones((3, x.shape[0] + 2**24), np.float32) if x.ndim == 1 else None
        result = function(x, *rest, **kwargs)
        del held
        return result

    return hungry


def writes_its_out(kernel: Kernel) -> Function:
    """Return what takes no memory and gives no answer: the bound is of whoever is wrapped around it."""
    del kernel
    return lambda *_arrays, out=None, **_kwargs: out


@KERNELS
def test_memory_beyond_the_declared_bound_is_seen(kernel: Kernel) -> None:
    if reason := structure.unmeasurable():
        pytest.skip(reason)
    frugal = writes_its_out(kernel)
    for dtype in structure.SCRATCH_DTYPES:
        assert {verdict.status for verdict in structure.scratch(kernel, {"numpy": frugal}, dtype)} <= {"ok"}
    verdicts = list(structure.scratch(kernel, {"numpy": copies_all(frugal)}, "float64"))
    assert [verdict.status for verdict in verdicts] == ["failed"] * len(structure.ODD)
    assert all("MiB beside inputs and out" in verdict.detail for verdict in verdicts)
    if kernel.dimensions.over_time:
        verdicts = list(structure.scratch(kernel, {"numpy": takes_three_series(frugal)}, "float32"))
        shapes = families.get(kernel.family).long
        assert [verdict.status for verdict in verdicts] == ["ok" if len(shape) > 1 else "failed" for shape in shapes]


def test_implementations_that_differ_on_long_series_are_seen() -> None:
    kernel = registry.get("temporal_mean")

    def other(*_arrays: Any, out: Any, **_kwargs: Any) -> Any:
        out[...] = 5
        return out

    verdicts = list(structure.scratch(kernel, {"numpy": writes_its_out(kernel), "rust": other}, "float32"))
    assert {v.detail for v in verdicts if v.implementation == "rust"} == {"the answer is not that of numpy"}
