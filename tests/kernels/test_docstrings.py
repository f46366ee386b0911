"""What the docstrings of the kernels promise: every argument is told, the examples run, the stub has the same names."""

from __future__ import annotations

import ast
import doctest
import inspect
import re
from pathlib import Path

import pytest

import eokernels
from benchmarks.registry import KERNELS

STUB = Path(__file__).resolve().parents[2] / "reference_py" / "eokernels" / "_rust.pyi"
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples")
ERRORS = ("TypeError", "ValueError", "OverflowError", "MemoryError", "KeyboardInterrupt")


def section(kernel: str, title: str) -> str:
    """Return the text below a title of numpydoc's."""
    text = inspect.getdoc(getattr(eokernels, kernel)) or ""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^[A-Z][A-Za-z ]+\n-+\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{kernel} has no section {title}"
    return found.group(1)


def described(kernel: str) -> list[str]:
    heads = re.findall(r"^([\w, ]+) : ", section(kernel, "Parameters"), re.MULTILINE)
    return [name for head in heads for name in head.split(", ")]


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_argument_is_described_in_the_order_of_the_signature(kernel: str) -> None:
    assert described(kernel) == list(inspect.signature(getattr(eokernels, kernel)).parameters)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_stub_has_the_same_arguments_and_defaults(kernel: str) -> None:
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    arguments = next(node.args for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == kernel)
    defaults = {
        **dict(zip([one.arg for one in arguments.args][::-1], arguments.defaults[::-1], strict=False)),
        **dict(zip([one.arg for one in arguments.kwonlyargs], arguments.kw_defaults, strict=True)),
    }
    stub = {one.arg: defaults.get(one.arg) for one in [*arguments.args, *arguments.kwonlyargs]}
    told = {name: None if node is None else ast.literal_eval(node) for name, node in stub.items()}
    signature = inspect.signature(getattr(eokernels, kernel)).parameters
    empty = inspect.Parameter.empty
    assert told == {name: None if one.default is empty else one.default for name, one in signature.items()}
    assert [name for name, node in stub.items() if node is None] == [
        name for name, one in signature.items() if one.default is empty
    ]


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_section_and_error_is_there(kernel: str) -> None:
    assert [title for title in SECTIONS if not section(kernel, title).strip()] == []
    counts_dates = KERNELS[kernel].dimensions.over_time and not KERNELS[kernel].dimensions.keeps_time
    expected = [error for error in ERRORS if counts_dates or error != "OverflowError"]
    assert re.findall(r"^(\w+)$", section(kernel, "Raises"), re.MULTILINE) == expected


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_examples_run(kernel: str) -> None:
    examples = doctest.DocTestParser().get_doctest(section(kernel, "Examples"), {}, kernel, None, None)
    assert examples.examples
    said: list[str] = []
    doctest.DocTestRunner().run(examples, out=said.append)
    assert not said, "".join(said)
