"""Every implementation keeps the contract; and the judge can tell right from wrong."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.calls.comparison import compare, compare_result, same_bits
from benchmarks.calls.observe import observe
from benchmarks.contract import evidence, judging, parallel, questions, structure
from benchmarks.contract.verdict import Verdict, absent
from benchmarks.kernels._networks import median_pairs, odd_even_merge_sort
from eokernels import _admit
from eokernels.impl_numba import _threads
from inputs.battery.case import LAYOUTS, ODD_LAYOUTS, lay_out
from inputs.families import CASES
from inputs.host.cache import cache_dir, locked

Assert = Callable[[Iterable[Verdict]], None]
ARMS = [(kernel, name) for kernel in registry.KERNELS.values() for name in kernel.implementations]
BATCHES = [(kernel, name, dtype) for kernel, name in ARMS for dtype in kernel.contract.dtypes]


def present(kernel: Any, name: str) -> dict[str, Callable[..., Any]]:
    function = registry.resolve(kernel, name)
    assert function is not None, absent(kernel, name, "", "").detail
    return {name: function}


@functools.cache
def verified(kernel: str) -> dict[tuple[str, str], list[Verdict]]:
    """Return what the lab's own verification says of a kernel, on all cores: (implementation, dtype) → verdicts.

    Of several test processes one asks, and the others find what it has kept.
    """
    found: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    with locked(cache_dir() / "tests" / kernel):
        batches = list(parallel.verify([kernel]))
    for batch in batches:
        for verdict in batch:
            found[verdict.implementation, verdict.dtype].append(verdict)
    return found


@pytest.mark.parametrize(("kernel", "name", "dtype"), BATCHES, ids=lambda value: getattr(value, "name", value))
def test_keeps_the_contract(kernel: Any, name: str, dtype: str, assert_kept: Assert) -> None:
    verdicts = verified(kernel.name)[name, dtype]
    assert_kept(verdicts)
    asked = {verdict.case for verdict in verdicts}
    assert {case.name for case in questions.cases(kernel, dtype) if not case.needs & {"num_threads"}} <= asked
    assert "large" in asked
    assert dtype == "uint8" or any(case.startswith("real ") for case in asked), "no band of the cube has 8 bits"


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_the_large_inputs_are_shared_between_threads(kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    call_helpers = _threads._call_helpers

    def asking(work: Any, pool: Any, helpers: Any, count: int) -> None:
        asked.append(count)
        call_helpers(work, pool, helpers, count)

    monkeypatch.setattr(_admit, "usable_cores", lambda: 2)
    monkeypatch.setattr(_threads, "_call_helpers", asking)
    call = structure.large_call(kernel, "uint16")
    present(kernel, "numba")["numba"](*call.arrays, **call.kwargs, num_threads=2)
    assert set(asked) == {1}, "one thread beside the caller's; Numba's share of work is the largest of all"


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_oracle_agrees_with_its_authority_and_golden_values(kernel: Any, assert_kept: Assert) -> None:
    for dtype in kernel.contract.dtypes:
        assert_kept(verified(kernel.name)["oracle", dtype])
    asked = {verdict.case.split(" ")[0] for batch in verified(kernel.name).values() for verdict in batch}
    assert {"golden", "authority", "named"} <= asked


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_battery_names_are_unique_and_its_arguments_reproducible(kernel: Any) -> None:
    for dtype in sorted({"float32", "uint16"} & set(kernel.contract.dtypes)):
        cases = questions.cases(kernel, dtype)
        assert len({case.name for case in cases}) == len(cases)
        for case in cases:
            for one, other in zip(case.build().arrays, case.build().arrays, strict=True):
                if isinstance(one, np.ndarray) and one.dtype.kind in "fiu":
                    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("layout", [*LAYOUTS, *ODD_LAYOUTS])
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 5), (0, 3), (1, 1, 1)])
def test_layouts_keep_values(layout: str, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    np.testing.assert_array_equal(lay_out(values, layout), values)


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64", "uint64"])
@pytest.mark.parametrize("layout", ODD_LAYOUTS)
def test_odd_layouts_lie_where_no_aligned_array_can(layout: str, dtype: str) -> None:
    for shape in ((7,), (3, 4), (2, 3, 5)):
        array = lay_out(np.ones(shape, dtype), layout)
        odd_steps = any(step % array.itemsize for step in array.strides)
        if layout.startswith("odd"):
            assert array.__array_interface__["data"][0] % 2 == 1
            assert not odd_steps
        else:
            assert odd_steps or (layout == "packed-rows" and array.ndim == 1)


def test_layout_by_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="layout: 'diagonal' is not one of"):
        lay_out(np.zeros(3), "diagonal")


def float32(*values: float) -> Any:
    return np.array(values, "float32")


def test_compare_counts_in_spacings_of_the_output_dtype() -> None:
    right = np.array([1.0, 3.0])
    near = compare(np.nextafter(right.astype("float32"), np.float32(9)), right, "float32", 1)
    assert near.ok
    assert near.max_ulp == 1
    assert not compare(np.nextafter(float32(1, 3), np.float32(9)), right, "float32", 0.5).ok


@pytest.mark.parametrize(
    ("result", "expected", "said"),
    [
        (float32(1, 2), [1.0, np.nan], "value at [1] was 2.0, expected nan"),
        (float32(1, np.nan), [1.0, 2.0], "value at [1] was nan"),
        (float32(np.inf), [-np.inf], "was inf, expected -inf"),
        (float32(3.4e38), [np.inf], "expected inf"),
        (float32(1), [1.0, 2.0], "shape was (1,), expected (2,)"),
        (np.array([1.0]), [1.0], "dtype was <f8, expected <f4"),
        (1.0, [1.0], "returned float, expected an array"),
        (np.float32(1), [1.0], "returned float32, expected an array"),
        (float32(1e-45), [0.0], ""),
    ],
)
def test_compare_says_what_is_wrong(result: Any, expected: list[float], said: str) -> None:
    found = compare(result, np.array(expected), "float32", 1)
    assert found.ok == (not said)
    assert said in found.detail


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (np.float32(2), ""),
        (np.float64(2), "dtype was <f8, expected <f4"),
        (np.float32(3), "value at [] was 3.0, expected 2.0"),
        (np.array(2, "float32"), "returned ndarray, expected a NumPy scalar"),
        (2.0, "returned float, expected a NumPy scalar"),
    ],
)
def test_compare_wants_a_scalar_where_one_is_due(result: Any, said: str) -> None:
    found = compare(result, np.array(2.0), "float32", 0 if said.startswith("dtype") else 1, scalar=True)
    assert found.ok == (not said)
    assert said in found.detail or "ulp off" in found.detail


def test_a_distance_beside_zero_stays_a_number_that_json_can_hold() -> None:
    found = compare(np.array([1e308]), np.array([0.0]), "float64", 1)
    assert not found.ok
    assert found.max_ulp == np.finfo(np.float64).max


def test_compare_lets_the_sign_of_zero_pass_and_same_bits_does_not() -> None:
    assert compare(float32(-0.0), np.array([0.0]), "float32", 0).ok
    assert not same_bits(float32(-0.0), float32(0.0))
    assert same_bits(float32(np.nan, 1), -float32(np.nan, -1))


def test_compare_wants_integers_to_be_equal() -> None:
    assert compare(np.array([3, 0], "int32"), np.array([3.0, 0.0]), "int32", 9).ok
    found = compare(np.array([3, 1], "int32"), np.array([3.0, 2.0]), "int32", 9)
    assert not found.ok
    assert found.detail == "value at [1] was 1, expected 2.0 (1 of 2 wrong)"
    assert not compare(np.array([3.0]), np.array([3.0]), "int32", 9).ok


STATS = registry.get("temporal_stats")
RIGHT = (np.array([1.0, np.nan]), np.array([0.5, np.nan]), np.array([2.0, 0.0]))


def stats(mean: Any = (1, np.nan), std: Any = (0.5, np.nan), count: Any = (2, 0), kind: str = "int32") -> Any:
    return float32(*mean), float32(*std), np.array(count, kind)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (stats(), ""),
        (stats(std=(0.5, 0)), "std: value at [1] was 0.0, expected nan"),
        (stats(count=(2, 1)), "count: value at [1] was 1, expected 0.0"),
        (stats(kind="int64"), "count: dtype was <i8, expected <i4"),
        (stats(mean=(1, np.nan, 3)), "mean: shape was (3,), expected (2,)"),
        (stats()[:2], "returned a tuple of 2, expected a tuple of 3 arrays"),
        (list(stats()), "returned list, expected a tuple of 3 arrays"),
        (float32(1, 2), "returned ndarray, expected a tuple of 3 arrays"),
    ],
)
def test_compare_names_the_output_that_is_wrong(result: Any, said: str) -> None:
    found = compare_result(STATS, result, RIGHT, "float32")
    assert found.ok == (not said)
    assert said in found.detail


def test_same_bits_looks_at_every_output() -> None:
    assert same_bits(stats(), stats())
    assert not same_bits(stats(), stats(count=(2, 1)))
    assert not same_bits(stats(), stats()[:2])


def _writes_beside(x: Any, out: Any = None) -> Any:
    out.base[0] = 5
    return out


def _changes_out_and_raises(x: Any, out: Any = None) -> Any:
    out[:] = 1
    raise ValueError("x: no")


def _changes_its_input(x: Any, out: Any = None) -> Any:
    x[0] = 3
    return out


def _takes_a_companion(x: Any, qa: Any = None, out: Any = None) -> Any:
    qa[0] = 1
    return out


def _warns(x: Any, out: Any = None) -> Any:
    np.log(np.zeros(1))
    return out


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_writes_beside, "memory beside out was written"),
        (_changes_out_and_raises, "out was changed although the call raised"),
        (_changes_its_input, "input x was modified"),
        (_warns, "warned: RuntimeWarning: divide by zero"),
        (lambda x, out=None: out.copy(), "did not return out itself"),
    ],
)
def test_observe_sees_what_a_call_must_not_do(function: Callable[..., Any], said: str) -> None:
    seen = observe(function, (np.zeros(4),), {"out": np.zeros(6)[1:5]}, ("x",))
    assert any(breach.startswith(said) for breach in seen.breaches)


def test_observe_lets_a_call_write_its_out() -> None:
    def function(x: Any, out: Any) -> Any:
        out[:] = 9
        return out

    seen = observe(function, (np.zeros(4),), {"out": np.zeros(6)[1:5]}, ("x",))
    assert seen.breaches == ()
    assert seen.result.tolist() == [9, 9, 9, 9]


def test_observe_sees_a_change_of_an_array_handed_over_by_name() -> None:
    seen = observe(_takes_a_companion, (np.zeros(4),), {"qa": np.zeros(4), "out": np.zeros(4)}, ("x",))
    assert seen.breaches == ("input qa was modified",)


def test_observe_looks_at_each_of_several_outputs() -> None:
    def function(x: Any, out: Any, fault: str = "") -> Any:
        out[0][:] = 9
        if fault == "raises":
            raise ValueError("out: no")
        if fault == "beside":
            out[1].base[0] = 1
        return list(out) if fault == "list" else out

    def outs() -> tuple[Any, Any]:
        return np.zeros(4), np.zeros(6)[1:5]

    assert observe(function, (np.ones(4),), {"out": outs()}, ("x",)).breaches == ()
    said = {"raises": "out[0] was changed although the call raised", "beside": "memory beside out[1] was written",
            "list": "did not return out itself"}  # fmt: skip
    for fault, text in said.items():
        seen = observe(functools.partial(function, fault=fault), (np.ones(4),), {"out": outs()}, ("x",))
        assert seen.breaches == (text,)


def test_observe_sees_fresh_results_that_share_memory() -> None:
    def function(x: Any) -> Any:
        block = np.zeros(5)
        return block[:3], block[2:]

    seen = observe(function, (np.ones(4),), {}, ("x",))
    assert seen.breaches == ("the fresh results share memory with each other",)


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_the_battery_refuses_every_dtype_that_a_kernel_does_not_take(kernel: Any) -> None:
    dtype = next(iter(kernel.contract.dtypes))
    names = {case.name for case in questions.cases(kernel, dtype) if case.raises is TypeError}
    for other in ("float32", "float64", "uint8", "int16", "uint16", "int32", "complex64"):
        assert (f"error-0-is-dtype-{other}" in names) == (other not in kernel.contract.dtypes)


@pytest.mark.parametrize(
    "message", ["x is wrong; a numpy.ndarray is accepted", "the dtype of a is wrong", "about is it"]
)
def test_an_error_has_to_begin_with_the_name_of_its_argument(message: str) -> None:
    kernel = registry.get("normalized_difference")
    cases = [case for case in questions.cases(kernel, "float32") if case.raises and case.blames == (0,)]
    assert cases

    def refuse(*_: Any, **__: Any) -> None:
        raise cases[0].raises(message)  # type: ignore[misc]

    verdict = judging.check(kernel, "rust", cases[0], refuse)
    assert verdict.status == "failed"
    assert "names none of a" in verdict.detail


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_the_battery_gives_every_call_what_the_kernel_requires(kernel: Any) -> None:
    for case in questions.cases(kernel, "int16"):
        left_out = {name for name in kernel.required if case.name == f"error-without-{name}"}
        assert set(kernel.required) - set(case.build().kwargs) == left_out


def test_a_family_without_a_case_of_real_data_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = registry.get("evi")
    synthetic = tuple(case for case in CASES[kernel.family] if case.source == "synthetic" and case.tier == "smoke")
    monkeypatch.setitem(CASES, kernel.family, synthetic)
    function = registry.resolve(kernel, "numpy")
    assert function is not None
    found = [one for one in evidence.verdicts(kernel, {"numpy": function}, ["float32"]) if one.case.startswith("real ")]
    assert {one.status for one in found} == {"skipped"}
    assert {one.detail for one in found} == {f"the family {kernel.family} has no case of real data"}


OPTIONS = {
    ("constants-", "denominator-crosses-", "error-G-"): "G",
    ("scaling-", "error-scal", "error-off", "error-counts"): "scale",
    ("qa-", "error-qa-", "overlap-qa-"): "qa",
    ("ddof-", "error-ddof-"): "ddof",
}
"""How names of cases begin → the option that they are about."""


def shares(kernel: Any, start: str) -> bool:
    """Tell whether a kernel has what cases are about whose names begin so."""
    for starts, option in OPTIONS.items():
        if start.startswith(starts):
            return option in questions.options(kernel)
    if start == "error-without-":
        return bool(kernel.required)
    return start in {"error-out-tuple-", "overlap-out-0-and-out-1-"} and len(kernel.contract.outputs) > 1


def test_the_battery_asks_each_option_of_those_that_have_it() -> None:
    own = {
        "evi": (
            "constants-",
            "denominator-crosses-zero",
            "error-G-",
            "error-counts-without-scaling",
            "error-scaling-without-offset",
        ),
        "normalized_difference_dn": ("scaling-sentinel-2-", "scaling-landsat-guard", "error-scale-", "error-without-"),
        "mask_and_scale": (
            "qa-keep-",
            "qa-reject-",
            "error-qa-",
            "overlap-qa-",
            "error-offset-",
            "qa-fields-",
            "qa-int64-",
            "error-qa-bool-fields-",
        ),
        "temporal_stats": ("ddof-", "error-ddof-", "error-out-tuple-", "overlap-out-0-and-out-1-"),
    }
    for name, starts in own.items():
        for start in starts:
            asked = {
                kernel.name
                for kernel in registry.KERNELS.values()
                if any(case.name.startswith(start) for case in questions.cases(kernel, "int16"))
            }
            assert name in asked, start
            assert asked <= {kernel.name for kernel in registry.KERNELS.values() if shares(kernel, start)}, start


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 12, 33])
def test_the_network_behind_the_medians_cost_sorts(length: int) -> None:
    rng = np.random.default_rng(length)
    for _ in range(40):
        values = rng.integers(0, 9, length).tolist()
        right = sorted(values)
        for low, high in odd_even_merge_sort(length):
            values[low], values[high] = sorted((values[low], values[high]))
        assert values == right
    assert median_pairs(length) <= len(odd_even_merge_sort(length))
