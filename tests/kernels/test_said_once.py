"""A kernel's signature is written in Rust; what repeats it is held against that: stubs, NumPy, Numba, README."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Set
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import eokernels
from benchmarks import derived
from benchmarks.derived import stubs, table
from benchmarks.registry import KERNELS
from eokernels import _rust

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "reference_py" / "eokernels"
COMPILED = [name for name, value in vars(_rust).items() if callable(value) and not name.startswith("_")]
RUN = "run `make quick` and `python -m lab derive`"
NUMPY = {"num_threads"}
"""What NumPy has not."""

KEEP_ATTRS = ("keep_attrs", True, None)

Told = list[tuple[str, bool, Any]]
"""Name, whether by keyword alone, and default of every argument."""


def told(function: Any, without: Set[str] = frozenset()) -> Told:
    return [
        (one.name, one.kind is one.KEYWORD_ONLY, one.default)
        for one in inspect.signature(function).parameters.values()
        if one.name not in without
    ]


def stub_of(module: str) -> dict[str, Told]:
    """Return what a stub says of each of its functions."""
    tree = ast.parse((PACKAGE / f"{module}.pyi").read_text(encoding="utf-8"))
    return {node.name: arguments(node.args) for node in tree.body if isinstance(node, ast.FunctionDef)}


def arguments(given: ast.arguments) -> Told:
    empty = inspect.Parameter.empty
    missing = len(given.args) - len(given.defaults)
    defaults = [*[None] * missing, *given.defaults, *given.kw_defaults]
    names = [*[(one.arg, False) for one in given.args], *[(one.arg, True) for one in given.kwonlyargs]]
    values = [empty if node is None else ast.literal_eval(node) for node in defaults]
    return [(name, alone, value) for (name, alone), value in zip(names, values, strict=True)]


@pytest.mark.parametrize("name", COMPILED)
def test_the_stub_of_the_compiled_module_says_what_it_has(name: str) -> None:
    assert stub_of("_rust")[name] == told(getattr(_rust, name))


def test_the_stub_of_the_compiled_module_has_no_more() -> None:
    assert set(stub_of("_rust")) == set(COMPILED)


@pytest.mark.parametrize("name", KERNELS)
def test_the_labelled_function_is_the_plain_one_but_for_what_labels_change(name: str) -> None:
    labelled = pytest.importorskip("eokernels.xarray")
    plain = told(getattr(eokernels, name), {"out"})
    expected = [("dim", False, "time") if one[0] == "axis" else one for one in plain]
    found = told(getattr(labelled, name))
    assert found[: len(expected)] == expected
    assert found[len(expected) :] in ([KEEP_ATTRS], [("keepdims", True, False), KEEP_ATTRS])
    assert stub_of("xarray")[name] == told(getattr(labelled, name))


@pytest.mark.parametrize("name", KERNELS)
def test_the_labelled_function_documents_its_arguments(name: str) -> None:
    labelled = getattr(pytest.importorskip("eokernels.xarray"), name)
    heads = re.findall(r"^([\w, ]+) : ", inspect.getdoc(labelled) or "", re.MULTILINE)
    assert [one for head in heads for one in head.split(", ")] == [name for name, _, _ in told(labelled)]
    assert (labelled.__module__, labelled.__qualname__) == ("eokernels.xarray", name)


@pytest.mark.parametrize("name", KERNELS)
def test_a_labelled_call_that_does_not_fit_says_which_function_it_was(name: str) -> None:
    labelled = getattr(pytest.importorskip("eokernels.xarray"), name)
    with pytest.raises(TypeError, match=rf"^{name}\(\): missing a required argument"):
        labelled()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("side", ["numpy", "numba"])
def test_other_implementations_take_the_same(name: str, side: str) -> None:
    module = import_module(f"eokernels.impl_{side}.{name}")
    without = NUMPY if side == "numpy" else set()
    expected = told(getattr(eokernels, name), without)
    for each in (name, f"{name}_naive"):
        if hasattr(module, each):
            assert told(getattr(module, each)) == expected, each


def test_the_readme_has_a_row_for_every_kernel() -> None:
    rows = [row.split("|") for row in table.rows().splitlines()]
    assert sorted(re.findall(r"`(\w+)`", " ".join(row[1] for row in rows))) == sorted(KERNELS)
    assert {len(row) for row in rows} == {5}, "a cell has no | in it"


@pytest.mark.parametrize("path", derived.STUBS, ids=lambda path: path.name)
def test_stubs_are_what_would_be_derived(path: Path) -> None:
    pytest.importorskip("xarray")
    assert stubs.spliced(path, derived.STUBS[path]()) == path.read_text(encoding="utf-8"), RUN


def test_the_table_of_kernels_is_what_would_be_derived() -> None:
    text = derived.README.read_text(encoding="utf-8")
    assert table.spliced(text) == text, RUN


def test_with_other_kernels_compiled_than_declared_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rust, "CORE", {**_rust.CORE, "tasseled_cap": "()->()"})
    with pytest.raises(ValueError, match=r"\['tasseled_cap'\] beyond .* `make quick`"):
        derived.write()


def test_an_argument_of_which_no_type_is_known_is_named() -> None:
    with pytest.raises(ValueError, match=r"savi: L : 'furlong' has no type"):
        stubs.type_of("savi: L", "furlong", stubs.PLAIN)


@pytest.mark.parametrize("name", KERNELS)
def test_core_dimensions_are_those_that_are_declared(name: str) -> None:
    assert _rust.CORE[name] == KERNELS[name].signature


def test_what_is_compiled_is_declared_and_public() -> None:
    assert set(_rust.CORE) == set(KERNELS)
    assert set(eokernels.__all__) == {*KERNELS, "TemporalStats", "build_info", "__version__"}
