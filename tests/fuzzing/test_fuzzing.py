"""Random calls: they are what they say, they find nothing in what is right, and they find what is wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks import registry
from benchmarks.fuzzing import campaign
from benchmarks.fuzzing.arena import LAYOUTS, Arena, cut
from benchmarks.fuzzing.calls import Calls, FuzzCall, Meaning, described
from benchmarks.fuzzing.campaign import Campaign, wage
from benchmarks.fuzzing.judge import MOST_DIMENSIONS, rule
from lab import __main__ as door
from lab.fuzz import fuzz
from tests.contract.conforming import conforming

APP = typer.Typer()
APP.command()(fuzz)
VICTIM = "normalized_difference"


@pytest.mark.parametrize("name", registry.KERNELS)
def test_a_few_thousand_calls_find_nothing(name: str) -> None:
    tally, findings = wage(Campaign(name, 3000, seed=20261))
    assert not findings, "\n".join(f"{one.detail}: {one.call}\n  {one.again}" for one in findings)
    assert tally.calls == 3000
    assert 0.3 < tally.accepted / tally.calls < 0.9
    assert tally.compared > (50 if registry.get(name).contract.promises is None else 40)


FOUND = {
    "panics": "raised Panic: index 3 of 2",
    "has_a_defect": "raised RuntimeError: eokernels has a defect",
    "warns": "raised RuntimeWarning: invalid value",
    "keeps_an_argument": "argument 0: +1 references",
    "writes_its_input": "wrote to the memory of an argument",
    "writes_before_it_raises": "wrote to memory although it raised",
    "writes_beside_out": "wrote to memory beside out",
    "accepts_too_much": "accepted what the reference refuses",
    "is_wrong": "ulp off",
    "leaks_memory": "resident memory grew by",
    "leaks_objects": "blocks of Python memory more",
}


@pytest.mark.parametrize("defect", FOUND)
def test_a_defect_is_found(defect: str) -> None:
    _, findings = wage(Campaign(VICTIM, 2000, seed=5, sample=3, function=f"tests.fuzzing.fuzz_victims:{defect}"))
    assert any(FOUND[defect] in one.detail for one in findings), [one.detail for one in findings]


def test_what_is_right_is_not_found() -> None:
    _, findings = wage(Campaign(VICTIM, 1000, seed=5, sample=3, function="tests.fuzzing.fuzz_victims:right"))
    assert findings == []


def test_a_crash_is_named_can_be_had_again_and_does_not_end_the_campaign() -> None:
    tally, findings = wage(Campaign(VICTIM, 300, seed=7, function="tests.fuzzing.fuzz_victims:crashes"))
    assert len(findings) == campaign.MOST_DEATHS
    assert {one.detail for one in findings} == {"died of SIGSEGV"}
    assert len({one.index for one in findings}) == campaign.MOST_DEATHS
    assert tally.calls <= 300
    for one in findings:
        assert f"--seed 7 --first {one.index} --calls 1" in one.again
        alone = Campaign(VICTIM, 1, seed=7, first=one.index, function="tests.fuzzing.fuzz_victims:crashes")
        assert [again.index for again in wage(alone)[1]] == [one.index]


def test_a_call_that_does_not_return_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "HANG_S", 3.0)
    monkeypatch.setattr(campaign, "MOST_DEATHS", 1)
    _, findings = wage(Campaign(VICTIM, 200, seed=7, function="tests.fuzzing.fuzz_victims:hangs"))
    assert [one.detail for one in findings] == ["had not returned after 3 s"]


@pytest.mark.parametrize("name", registry.KERNELS)
def test_a_number_draws_the_same_call_whatever_was_drawn_before(name: str) -> None:
    one, other = Calls(registry.get(name), seed=3), Calls(registry.get(name), seed=3)
    for index in range(20):
        other.draw(index)
    for index in (0, 7, 13):
        assert described(one.draw(index)) == described(other.draw(index))
    assert described(one.draw(1)) != described(Calls(registry.get(name), seed=4).draw(1))


def _is_lone(given: Any) -> bool:
    return isinstance(given, np.ndarray) and given.size == 1 and given.ndim > 0


def traits(call: FuzzCall) -> set[str]:
    """Return what is special about a call."""
    arrays = [array for array in call.arrays if isinstance(array, np.ndarray)]
    found = {f"mask {call.kwargs['mask']}"} if isinstance(call.kwargs.get("mask"), bool | np.bool_) else set()
    found |= {f"{name} in an array" for name, given in call.kwargs.items() if _is_lone(given)}
    found |= {"nodata of floats"} if arrays and arrays[0].dtype.kind == "f" and "nodata" in call.kwargs else set()
    found |= {
        name for name in ("out", "mask", "qa", "weights", "nodata", "num_threads") if call.kwargs.get(name) is not None
    }
    found |= {"large"} if call.large else set()
    found |= {"not an array"} if len(arrays) < len(call.arrays) else set()
    outs = [made.array for made in call.outs]
    for array in arrays:
        found |= {f"{array.ndim} dimensions", array.dtype.str}
        found |= {"empty"} if array.size == 0 else set()
        found |= {"read-only"} if not array.flags.writeable else set()
        found |= {"misaligned"} if not array.flags.aligned else set()
        found |= {"torn"} if any(step % array.itemsize for step in array.strides) else set()
        found |= {"with a meaning"} if isinstance(array, Meaning) else set()
        found |= {"negative"} if min(array.strides, default=0) < 0 else set()
        found |= {"broadcast"} if 0 in array.strides else set()
        found |= {"fortran"} if array.flags.fnc else set()
        found |= {"in place"} if any(array is out for out in outs) else set()
        found |= {"overlap"} if any(array is not out and np.may_share_memory(array, out) for out in outs) else set()
    return found


@pytest.mark.parametrize("name", registry.KERNELS)
def test_what_is_drawn_is_of_every_kind(name: str) -> None:
    kernel = registry.get(name)
    calls = Calls(kernel, seed=11)
    seen: Counter[str] = Counter()
    for index in range(5000):
        seen.update(traits(calls.draw(index)))
    wanted = {"out", "mask", "num_threads", "large", "not an array", "empty", "read-only", "misaligned", "negative"}
    wanted |= {"torn", "with a meaning", "mask True", "mask False", "nodata of floats", "nodata in an array"}
    wanted |= {"broadcast", "fortran", "overlap", ">f4", "|i1", *(f"{n} dimensions" for n in range(5)), "39 dimensions"}
    wanted |= (
        {np.dtype(dtype).str for dtype in kernel.contract.dtypes} | set(kernel.companions) | {"nodata", "in place"}
    )
    assert not wanted - seen.keys(), f"never drawn: {sorted(wanted - seen.keys())}"


def test_quality_bands_are_words_of_every_kind_with_all_that_reads_them() -> None:
    calls = Calls(registry.get("mask_and_scale"), seed=11)
    seen: set[str] = set()
    for index in range(5000):
        kwargs = calls.draw(index).kwargs
        if isinstance(kwargs.get("qa"), np.ndarray):
            reads = [name for name in ("keep", "reject_bits", "reject_fields") if kwargs.get(name) is not None]
            seen.add(f"{kwargs['qa'].dtype} {' '.join(reads)}")
    for dtype in ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        for reads in ("keep", "reject_bits", "reject_fields", "reject_bits reject_fields"):
            assert f"{dtype} {reads}" in seen


@pytest.mark.parametrize("name", registry.KERNELS)
def test_the_judge_knows_the_contract(name: str) -> None:
    kernel, calls = registry.get(name), Calls(registry.get(name), seed=3)
    function, accepted, compared = conforming(kernel), 0, 0
    for call in (calls.draw(index) for index in range(800)):
        if call.large or any(np.ndim(array) > MOST_DIMENSIONS for array in call.arrays):
            continue
        ruling = rule(kernel, function, call, function)
        assert not ruling.findings, f"{ruling.findings} {described(call)}"
        accepted, compared = accepted + ruling.accepted, compared + ruling.compared
    # Numbers of threads that nobody has are not compared, nor values of which a kernel promises nothing.
    assert (250 if kernel.contract.promises is None else 100) < compared <= accepted


def test_a_cut_lies_in_its_arena_and_can_be_put_back() -> None:
    from random import Random  # noqa: PLC0415

    arena, rng = Arena("float32", 4096, seed=1), Random(2)
    for layout in LAYOUTS:
        for shape in ((), (0, 3), (5, 7), (2, 3, 4), (3000,), (1,) * 39):
            made = cut(rng, arena, np.dtype("float32"), shape, layout)
            assert made.array.shape == shape
            assert np.may_share_memory(made.array, arena.memory) or made.array.size == 0
            made.array[...] = 77
            assert arena.is_pristine() is (made.array.size == 0)
            made.put_back()
            assert arena.is_pristine()


def run(*arguments: str) -> Any:
    return CliRunner().invoke(APP, list(arguments))


def test_the_verb_says_how_many_calls_it_made() -> None:
    result = run("--calls", "400", "--kernel", VICTIM, "--kernel", "temporal_median", "--seed", "9")
    assert result.exit_code == 0, result.output
    assert "400 calls: 0 findings" in result.output


def test_the_verb_names_the_call_and_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    right = registry.location

    def spoilt(kernel: Any, implementation: str) -> tuple[str, str]:
        return ("tests.fuzzing.fuzz_victims", "panics") if implementation == "rust" else right(kernel, implementation)

    monkeypatch.setattr(registry, "location", spoilt)
    result = run("--calls", "300", "--kernel", VICTIM)
    assert result.exit_code == 1
    assert f"FINDING {VICTIM} call " in result.output
    assert f"python -m lab fuzz --kernel {VICTIM} --seed 0 --first " in result.output


def test_the_verb_refuses_a_kernel_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["fuzz", "--kernel", "ndvi"]) == 2
    assert "'ndvi'; there are" in capsys.readouterr().err
