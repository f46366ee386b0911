"""The expert NumPy forms are held against every other form that is known, and one that is slower is found."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import ROOT, alternatives, registry
from benchmarks.calls.binding import bind, target
from benchmarks.calls.comparison import compare_result
from benchmarks.contract import questions
from benchmarks.pairing.runlines import Line, Outcome
from inputs import build
from inputs.battery.case import Call
from inputs.cases import Case
from inputs.families import select
from inputs.real.cubes import Unavailable
from reports.stats.experts import standings

FORMS = [(kernel, arm) for kernel in registry.KERNELS for arm in alternatives.arms(kernel)]


def test_every_kernel_has_other_forms() -> None:
    assert {kernel for kernel, _ in FORMS} == set(registry.KERNELS)


@pytest.mark.parametrize(("name", "arm"), FORMS, ids=alternatives.form_of)
def test_a_form_gives_the_kernels_answer_on_small_core_cases(name: str, arm: str) -> None:
    kernel = registry.get(name)
    asked = 0
    for case in select(kernel.family, "core"):
        small = shrunk(case)
        try:
            onto = target(kernel, small)
        except Unavailable:
            continue
        call = Call(onto.arrays, {**onto.named, **kernel.keywords(small)})
        found = bind(kernel, arm, onto).call()
        expected = questions.oracle_value(kernel, call)
        compared = compare_result(kernel, found, expected, kernel.output_dtype(small.dtype))
        assert compared.ok, f"{case.name}: {compared.detail}"
        asked += 1
    assert asked > 10


def shrunk(case: Case) -> Case:
    """Return a case of fewer pixels under a name that no cache holds."""
    return replace(case, name=f"{case.name} in small", shape=(*case.shape[:-2], 22, 37))


def lines(expert: list[float], other: list[float], group: str = "call") -> list[Line]:
    return [
        Line(p, "c", group, (8, 8), 1, 1, {"numpy": Outcome("ok", time_s=own), "form": Outcome("ok", time_s=one)})  # type: ignore[arg-type]
        for p, (own, one) in enumerate(zip(expert, other, strict=True))
    ]


def test_an_expert_that_is_slower_with_its_whole_interval_is_found() -> None:
    spread = np.linspace(0.97, 1.03, 6)
    (slow,) = standings(lines(list(1.5 * spread), list(spread[::-1])), ("form",))
    assert slow.is_faster
    assert slow.ratio.estimate == pytest.approx(1.5, rel=0.05)
    (tied,) = standings(lines(list(spread), list(spread[::-1])), ("form",))
    assert not tied.is_faster
    (few,) = standings(lines([1.5, 1.5], [1.0, 1.0]), ("form",))
    assert not few.is_faster, "two processes have no interval"


def test_a_form_that_was_too_slow_for_the_whole_is_compared_on_the_crop() -> None:
    whole = [
        Line(line.process, "c", "call", line.shape, 1, 1, {**line.arms, "form": Outcome("skipped", "cropped")})
        for line in lines([1.0] * 6, [9.0] * 6)
    ]
    (found,) = standings([*whole, *lines([1.0] * 6, [2.0] * 6, "crop")], ("form",))
    assert found.ratio.estimate == pytest.approx(0.5)
    assert not list(standings(whole, ("form",)))


def test_a_kernel_without_other_forms_has_none() -> None:
    assert alternatives.arms("no_such_kernel") == ()
    assert alternatives.form_of("numpy_naive") == "numpy_naive"
    assert build.__name__ == "inputs.build"


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.KERNELS)
def test_no_other_form_is_faster_on_the_cases_of_the_tier_smoke(name: str) -> None:
    """All core cases take half an hour: ``python -m lab experts``."""
    command = [sys.executable, "-m", "lab", "experts", name, "--tier", "smoke"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no other NumPy form is shown faster" in done.stdout
