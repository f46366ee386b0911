"""Files are UTF-8 whatever the locale is, and a terminal gets what it can show."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("benchmarks", "inputs", "lab", "reports", "reference_py")
POSITION = {"read_text": 0, "write_text": 1, "open": 2, "fdopen": 2, "NamedTemporaryFile": 2, "TextIOWrapper": 1}
"""Where a call takes the encoding without its name; a path's own ``open`` has no path before it, see `_encoded`."""
STARTERS = {"run", "Popen", "check_output"}


def without_encoding(path: Path) -> Iterator[int]:
    """Yield the lines of a module that read or write text in the encoding of the locale."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and not _encoded(node):
            yield node.lineno


def _encoded(call: ast.Call) -> bool:
    """Tell whether a call handles no text, or says in which encoding."""
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if "encoding" in given:
        return True
    if name in STARTERS and owner == "subprocess":
        return not {"text", "universal_newlines"} & given.keys()
    if name not in POSITION or owner in {"os", "distribution"}:  # descriptors, and what a wheel says of itself
        return True
    path_before = name != "open" or not owner
    if name == "open":
        modes = [given.get("mode"), *call.args[1 if path_before else 0 :][:1]]
        if any(isinstance(mode, ast.Constant) and "b" in str(mode.value) for mode in modes):
            return True
    return len(call.args) > POSITION[name] - (name == "open" and not path_before)


def test_every_text_file_and_every_program_is_read_and_written_as_utf_8() -> None:
    modules = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    assert len(modules) > 100
    wrong = [f"{path.relative_to(ROOT)}:{line}" for path in modules for line in without_encoding(path)]
    assert not wrong, f'these take the encoding of the locale; say encoding="utf-8": {", ".join(wrong)}'


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.write_text(text)", True),
        ("path.open('w')", True),
        ("path.open()", True),
        ("path.open('rb')", False),
        ("open(path, 'w')", True),
        ("open(path, mode='wb')", False),
        ("open(path, 'w', encoding='utf-8')", False),
        ("subprocess.run(command, text=True)", True),
        ("subprocess.run(command, encoding='utf-8')", False),
        ("subprocess.run(command)", False),
    ],
)
def test_the_search_finds_what_it_must(line: str, found: bool, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(line, encoding="utf-8")
    assert list(without_encoding(module)) == ([1] if found else [])
