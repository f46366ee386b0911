"""The house stands as docs/decisions/0001 says: what rewinds is in the wheel, and the rooms depend one way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks.environment.checkout import RESULTS
from inputs.families import FAMILIES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "reference_py" / "eokernels"
RUST = ROOT / "kernels_rs" / "src"
DECLARED = sorted(path.stem for path in (ROOT / "benchmarks" / "kernels").glob("[a-z]*.py"))

FORBIDDEN = {
    "inputs": {"benchmarks", "reports", "lab", "eokernels"},
    "benchmarks": {"reports", "lab"},
    "reports": {"lab", "eokernels"},
    "reference_py": {"inputs", "benchmarks", "reports", "lab"},
}
"""Room → what it must not import, not even inside a function or for types."""

ROOMS = (
    "inputs.host",
    "inputs.dimensions",
    "inputs.cases",
    "inputs.battery",
    "inputs.families",
    "inputs.sweep",
    "inputs.synthetic",
    "inputs.real",
    "inputs.build",
    "inputs.golden",
    "benchmarks",
    "benchmarks.spec",
    "benchmarks.environment",
    "benchmarks.peers",
    "benchmarks.kernels",
    "benchmarks.alternatives",
    "benchmarks.foreign",
    "benchmarks.registry",
    "benchmarks.derived",
    "benchmarks.probes",
    "benchmarks.calls",
    "benchmarks.contract",
    "benchmarks.fuzzing",
    "benchmarks.pairing",
    "benchmarks.counting",
    "benchmarks.asv",
    "benchmarks.bench_kernels",
    "benchmarks.runs",
    "benchmarks.gate",
    "reports.read",
    "reports.stats",
    "reports.words",
    "reports.figures",
    "reports.write",
    "lab",
)
"""Of the lab, from the ground up; each imports those before it alone, and itself."""

RUST_ROOMS = ("number", "exec", "view", "drive", "algo", "kernels", "python")
"""Of the crate; each uses those before it alone."""

LONGEST_MODULE = {"impl_numpy": 60, "impl_numba": 120, "kernels": 80}
"""Folder → lines of a module in it without documentation; 300 with it elsewhere."""
LONGEST_RUST = 250
LONGEST_FUNCTION = 40
LONGEST_BINDING = 20


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py") if "templates" not in path.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and top-level name of every import of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        yield from ((node.lineno, name) for name in imported_by(node))


def imported_by(node: ast.AST) -> list[str]:
    """Return the top-level names that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module.split(".")[0]]
    return []


def test_the_source_root_of_the_wheel_is_no_package() -> None:
    assert not (ROOT / "reference_py" / "__init__.py").exists()
    assert [path.name for path in (ROOT / "reference_py").iterdir()] == ["eokernels"]


def test_nothing_at_the_root_can_shadow_the_wheel() -> None:
    shadows = [path.name for path in ROOT.iterdir() if path.name.split(".")[0] == "eokernels"]
    assert not shadows, f"{shadows} would be imported instead of the wheel when the checkout is on sys.path"


def test_the_wheel_is_what_is_imported_from_inside_the_checkout() -> None:
    code = "import sys; sys.path.insert(0, ''); import eokernels; print(eokernels.__file__)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"eokernels is not importable: run `make setup`.\n{run.stderr}"
    where = Path(run.stdout.strip())
    assert not where.is_relative_to(ROOT / "reference_py"), f"{where} is the checkout, not the wheel"


def test_the_wheel_installs_one_top_level_name() -> None:
    files = metadata.files("eokernels")
    assert files, "the wheel's RECORD is empty"
    names = {file.parts[0] for file in files}
    assert {name for name in names if not name.endswith(".dist-info")} == {"eokernels"}


def test_what_asv_finds_imports_only_what_its_environments_have() -> None:
    """It imports every module below `benchmarks`, in an environment without most of what the lab has."""
    there = {*sys.stdlib_module_names, "benchmarks", "inputs", "numpy", "asv_runner"}
    found = [
        f"{name_of(path)}:{node.lineno}: {name}"
        for path in modules("benchmarks")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        for name in imported_by(node)
        if name not in there
    ]
    assert not found, "import it in the function that needs it:\n" + "\n".join(found)


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_depend_one_way(room: str) -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path in modules(room)
        for line, name in imported(path)
        if name in FORBIDDEN[room]
    ]
    assert not wrong, "\n".join(wrong)


def room_of(module: str) -> str:
    """Return the room in which a module of the lab stands: a folder, or a file beside the folders."""
    return max((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), key=len, default="")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


LAB = {module_of(path): path for path in modules("inputs", "benchmarks", "reports", "lab")}


def uses(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of every module of the lab that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in LAB)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in LAB:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in LAB else node.module


def test_every_module_of_the_lab_stands_in_a_room() -> None:
    packages = {"inputs", "reports", "benchmarks"}
    stray = [module for module in LAB if module not in packages and room_of(module) in ("", "benchmarks")]
    assert not stray, f"{stray} stand in no room: move them, or name the new room in ROOMS"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_the_lab_import_those_before_them(room: str) -> None:
    before = ROOMS[: ROOMS.index(room) + 1]
    wrong = [
        f"{name_of(path)}:{line} imports {used}"
        for module, path in LAB.items()
        if room_of(module) == room
        for line, used in uses(path)
        if room_of(used) not in before
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_of_the_lab_import_each_other_in_no_circle() -> None:
    graph = {module: {used for _, used in uses(path)} - {module} for module, path in LAB.items()}
    TopologicalSorter(graph).prepare()  # raises a CycleError that names the modules


def asks_family(node: ast.AST) -> bool:
    """Tell whether a comparison asks whether a family is one of a certain name."""
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    names = {one.value for side in sides for one in ast.walk(side) if isinstance(one, ast.Constant)}
    return any("family" in ast.unparse(side) for side in sides) and bool(names & set(FAMILIES))


def test_only_families_know_a_family_by_its_name() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}"
        for path in modules("inputs", "benchmarks", "reports", "lab", "tests")
        if path.parent.name != "families"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and asks_family(node)
    ]
    assert not wrong, "ask the declared dimensions instead (`inputs.dimensions`):\n" + "\n".join(wrong)


def test_what_is_generated_stands_apart_from_code() -> None:
    kept = [path for folder in RESULTS for path in (ROOT / folder).rglob("*.py")]
    assert not kept, f"{', '.join(RESULTS)} hold what the lab writes, and no code: {kept}"


def test_the_checkout_is_appended_to_the_path_and_never_prepended() -> None:
    wrong = [
        name_of(p) for p in modules("inputs", "benchmarks", "reports", "lab") if "sys.path.insert" in p.read_text()
    ]
    assert not wrong, f"{wrong} prepend to sys.path; the checkout may only be appended"


def test_rayon_is_used_in_one_file() -> None:
    users = {name_of(path) for path in RUST.rglob("*.rs") if "rayon::" in path.read_text(encoding="utf-8")}
    assert users == {"kernels_rs/src/exec/par.rs"}


def test_pyo3_is_used_in_one_room() -> None:
    users = {path for path in RUST.rglob("*.rs") if re.search(r"\b(pyo3|numpy)::", path.read_text(encoding="utf-8"))}
    assert users
    assert {path.relative_to(RUST).parts[0] for path in users} == {"python"}


def test_every_rust_module_stands_in_a_room() -> None:
    assert {path.name for path in RUST.glob("*.rs")} == {"lib.rs", "errors.rs"}
    assert {path.parent.name for path in RUST.glob("*/mod.rs")} == set(RUST_ROOMS)


@pytest.mark.parametrize("room", RUST_ROOMS)
def test_rooms_of_the_crate_use_those_before_them(room: str) -> None:
    later = RUST_ROOMS[RUST_ROOMS.index(room) + 1 :]
    wrong = [
        f"{name_of(path)} uses {used}"
        for path in sorted((RUST / room).rglob("*.rs"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith("//")
        for used in re.findall(r"\bcrate::(\w+)", line)
        if used in later
    ]
    assert not wrong, "\n".join(wrong)


def test_bindings_are_short() -> None:
    """What Python sees of a kernel is its signature and documentation; what a call does stands elsewhere."""
    bodies = {
        f"{name_of(path)} {found[1]}": len(found[2].splitlines())
        for path in sorted((RUST / "python" / "signatures").glob("*.rs"))
        for found in re.finditer(r"^(?:pub.*? )?fn (\w+).*?\{\n(.*?)^\}", path.read_text(), re.MULTILINE | re.DOTALL)
    }
    assert len(bodies) >= len(DECLARED)
    long = {name: length for name, length in bodies.items() if length > LONGEST_BINDING}
    assert not long, f"more than {LONGEST_BINDING} lines: {long}"


def test_there_are_kernels() -> None:
    assert {"normalized_difference", "temporal_median"} <= set(DECLARED)


@pytest.mark.parametrize("kernel", DECLARED)
def test_a_declared_kernel_has_all_its_files_and_lines(kernel: str) -> None:
    places = {
        PACKAGE / "impl_numpy" / f"{kernel}.py": f"def {kernel}_naive(",
        PACKAGE / "impl_numba" / f"{kernel}.py": f"def {kernel}(",
        RUST / "kernels" / f"{kernel}.rs": kernel,
        RUST / "kernels" / "mod.rs": f' {kernel}: "',
        RUST / "python" / "signatures" / f"{kernel}.rs": f"fn {kernel}",
    }
    missing = [
        f"{name_of(path)} lacks {needle!r}" if path.exists() else f"{name_of(path)} does not exist"
        for path, needle in places.items()
        if not path.exists() or needle not in path.read_text(encoding="utf-8")
    ]
    assert not missing, f"{kernel}: " + "; ".join(missing)


def test_no_implementation_is_without_a_declaration() -> None:
    written = {path.stem for side in ("impl_numpy", "impl_numba") for path in (PACKAGE / side).glob("[a-z]*.py")}
    assert written <= set(DECLARED), f"not declared in benchmarks/kernels: {sorted(written - set(DECLARED))}"


def test_no_two_test_files_have_one_name() -> None:
    """Each folder of tests is no package, so pytest knows a file by its name alone and refuses the second."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []


def test_functions_are_short() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name} has {length} lines"
        for path in modules("inputs", "benchmarks", "reports", "lab", "reference_py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (length := lines_of(node)) > LONGEST_FUNCTION
    ]
    assert not long, f"more than {LONGEST_FUNCTION} lines without the docstring:\n" + "\n".join(long)


def lines_of(function: ast.FunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    first = function.body[0]
    docstring = ast.get_docstring(function) is not None
    documented = (first.end_lineno or first.lineno) - first.lineno + 1 if docstring else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - documented


def test_modules_are_short_or_say_why_not() -> None:
    long = []
    for path in modules("inputs", "benchmarks", "reports", "lab", "reference_py"):
        text = path.read_text(encoding="utf-8")
        limit = LONGEST_MODULE.get(path.parent.name) if not path.name.startswith("_") else None
        length = len(text.splitlines()) if limit is None else code_of_python(text)
        if length > (limit or 300) and not explains_length(ast.get_docstring(ast.parse(text)) or ""):
            long.append(f"{name_of(path)} has {length} lines, {limit or 300} at most")
    for path in RUST.rglob("*.rs"):
        text = path.read_text(encoding="utf-8")
        head = "\n".join(line for line in text.splitlines() if line.startswith("//!"))
        length = code_of_rust(text)
        if length > LONGEST_RUST and not explains_length(head):
            long.append(f"{name_of(path)} has {length} lines of code without its tests, {LONGEST_RUST} at most")
    assert not long, "shorten, or say in the head comment why the file is longer:\n" + "\n".join(long)


def code_of_python(text: str) -> int:
    """Return how many lines there are without docstrings and the lines of signatures, which say what all must say."""
    tree, lines = ast.parse(text), set(range(1, len(text.splitlines()) + 1))
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
            continue
        first = node.body[0] if node.body else None
        if first is not None and ast.get_docstring(node) is not None:
            lines -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
        if isinstance(node, ast.FunctionDef):
            lines -= set(range(node.lineno + 1, node.body[0].lineno))
    return len(lines)


def code_of_rust(text: str) -> int:
    """Return how many lines there are without comments, documentation and tests."""
    lines = text.split("#[cfg(test)]\nmod tests", maxsplit=1)[0].splitlines()
    return sum(1 for line in lines if not line.lstrip().startswith(("//", "#[doc")))


def explains_length(head: str) -> bool:
    """Whether a head comment has a sentence with the word long or longer."""
    return re.search(r"\blong(er)?\b", head) is not None
