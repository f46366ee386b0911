"""The registry finds every declaration, and every declaration is whole."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.contract import questions
from benchmarks.spec import COST_CLASSES
from inputs.families import CASES
from inputs.synthetic import bands
from inputs.synthetic.scenes import BANDS

ROOT = Path(__file__).parents[2]
KERNELS = pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
ARMS = [(kernel, name) for kernel in registry.KERNELS.values() for name in kernel.implementations]


def test_every_declaration_is_collected_by_cost_class() -> None:
    files = {path.stem for path in (ROOT / "benchmarks" / "kernels").glob("[!_]*.py")}
    assert set(registry.KERNELS) == files
    order = [int(kernel.cost_class[1:]) for kernel in registry.KERNELS.values()]
    assert order == sorted(order)


def test_an_unknown_kernel_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'ndvi'; there are .*normalized_difference"):
        registry.get("ndvi")


def test_importing_the_registry_imports_no_implementation() -> None:
    heavy = ["eokernels", "numba", "scipy", "h5py", "matplotlib"]
    code = (
        f"import sys, benchmarks.registry, benchmarks.contract.judging; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@KERNELS
def test_a_declaration_is_whole(kernel: Any) -> None:
    lines = (ROOT / "benchmarks" / "kernels" / f"{kernel.name}.py").read_text().splitlines()
    assert len(lines) <= 80
    assert kernel.cost_class in COST_CLASSES
    assert kernel.golden, "golden: at least one value from outside"
    assert bool(kernel.peers) != bool(kernel.no_peer), "peers, or by no_peer why there is none"
    assert len(kernel.bands) == len(kernel.arguments)
    assert set(kernel.bands) <= {*BANDS, bands.NDVI, bands.ZONES}
    computed = {output.dtype or dtype for output in kernel.contract.outputs for dtype in ("float32", "float64")}
    assert set(kernel.contract.tolerance_ulp) == {dtype for dtype in computed if dtype.startswith("float")}
    assert set(kernel.contract.dtypes.values()) <= set(kernel.contract.tolerance_ulp)
    names = [output.name for output in kernel.contract.outputs]
    assert len(set(names)) == len(names)
    for text in (
        kernel.contract.tolerance_reason,
        kernel.contract.missing,
        *vars(kernel.prose).values(),
        *kernel.source,
    ):
        assert text.strip()


@KERNELS
def test_keywords_of_every_case_are_the_oracles(kernel: Any) -> None:
    for case in CASES[kernel.family]:
        given = kernel.keywords(case)
        assert set(kernel.required) <= set(given) <= questions.options(kernel)
        if np.dtype(case.dtype).kind != "f":
            assert set(kernel.for_integers) <= set(given)
        assert given.get("nodata") == case.nodata
        assert not set(given) & set(kernel.companions)
        assert ("axis" in given) == (case.layout in ("pixel_major", "time_last"))


@KERNELS
def test_arrays_by_name_are_keywords_of_the_oracle_and_some_case_has_them(kernel: Any) -> None:
    assert set(kernel.companions) <= questions.options(kernel)
    for band in kernel.companions.values():
        given = {band(case) for case in CASES[kernel.family]}
        assert given - {None}
        assert given <= {None, "scl", "qa_pixel", "weights"}


@KERNELS
def test_required_keywords_are_those_of_the_oracle_without_default(kernel: Any) -> None:
    parameters = inspect.signature(kernel.oracle).parameters.values()
    bare = {p.name for p in parameters if p.default is p.empty} - set(kernel.arguments)
    assert set(kernel.required) == bare


def test_evi_of_counts_is_told_how_they_are_scaled() -> None:
    kernel = registry.get("evi")
    told = {case.dtype: (kernel.keywords(case).get("scale"), kernel.keywords(case).get("offset"))
            for case in CASES["elementwise"]}  # fmt: skip
    assert told == {"float32": (None, None), "float64": (None, None), "uint16": (1e-4, -0.1)}


@KERNELS
def test_numbers_follow_from_the_declaration(kernel: Any) -> None:
    found = questions.numbers(kernel)
    assert found.keys() <= questions.options(kernel)
    assert set(kernel.for_integers) <= found.keys(), "for_integers: numbers that leave counts as they are"
    parameters = inspect.signature(kernel.oracle).parameters
    assert all(parameters[name].default is None for name in kernel.for_integers), "they may be left out of floats"
    assert {"scale", "offset", "axis", "ddof"} & questions.options(kernel) <= found.keys()


@KERNELS
def test_an_index_that_adds_a_constant_needs_scaling_of_integers(kernel: Any) -> None:
    request = questions.request(kernel, "uint16")
    names = {case.name for case in questions.cases(kernel, "uint16")}
    assert ("error-counts-without-scaling" in names) == bool(kernel.for_integers)
    if kernel.for_integers:
        assert dict(request.for_integers) == {"scale": 1.0, "offset": 0.0}
        assert kernel.shift is not None
        usual = kernel.shift.value(scale=1.0, offset=0.0)
        assert kernel.shift.value(scale=2.0, offset=0.0) == usual / 2
        constants = [name for name, value in questions.numbers(kernel).items() if value == usual]
        near = {kernel.shift.value(**{"scale": 1, "offset": 0, name: 0.999_999_9}) for name in constants}
        assert 0.999_999_9 in near, "no number is rounded to a whole one"


@KERNELS
def test_cost_counts_something_or_leaves_it_to_memory(kernel: Any) -> None:
    for case in CASES[kernel.family]:
        if kernel.cost.operations is not None:
            assert kernel.cost.operations(case.shape) > 0


@pytest.mark.parametrize(("kernel", "name"), ARMS, ids=lambda value: getattr(value, "name", value))
def test_every_implementation_is_in_the_wheel_under_one_signature(kernel: Any, name: str) -> None:
    module, attribute = registry.location(kernel, name)
    function = registry.resolve(kernel, name)
    assert function is not None, f"{module}.{attribute} is missing: write it, or leave {name} out of the declaration"
    parameters = inspect.signature(function).parameters
    wanted = [*inspect.signature(kernel.oracle).parameters, "out"]
    wanted += ["num_threads"] if registry.takes_threads(name) else []
    assert list(parameters) == wanted
    bare = {p.name for p in parameters.values() if p.default is p.empty} - set(kernel.arguments)
    assert bare == set(kernel.required)


@KERNELS
def test_arms_are_implementations_then_peers(kernel: Any) -> None:
    arms = registry.arms(kernel)
    assert arms[: len(kernel.implementations)] == kernel.implementations
    assert len(set(arms)) == len(arms)
    for name in arms[len(kernel.implementations) :]:
        assert registry.peer(kernel, name) is not None


@KERNELS
def test_what_the_wheel_lacks_is_none_and_what_is_broken_raises(kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def broken(name: str) -> Any:
        raise ImportError(f"undefined symbol in {name}")

    monkeypatch.setattr(importlib, "import_module", absent)
    assert registry.resolve(kernel, "rust") is None
    monkeypatch.setattr(importlib, "import_module", lambda _: absent("llvmlite"))
    with pytest.raises(ModuleNotFoundError, match="llvmlite"):
        registry.resolve(kernel, "numba")
    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ImportError, match="undefined symbol"):
        registry.resolve(kernel, "rust")


@KERNELS
def test_an_undeclared_implementation_is_refused(kernel: Any) -> None:
    with pytest.raises(ValueError, match="implementation: was 'fortran'"):
        registry.resolve(kernel, "fortran")


@KERNELS
def test_the_oracles_answer_is_float64_even_for_integers(kernel: Any) -> None:
    case = next(case for case in questions.cases(kernel, "uint16") if case.raises is None)
    try:
        answer = questions.oracle_value(kernel, case.build())
    except NotImplementedError as skeleton:
        pytest.skip(str(skeleton))
    for one in answer if len(kernel.contract.outputs) > 1 else (answer,):
        assert one.dtype == np.float64
