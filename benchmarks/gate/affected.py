"""What a change can affect: the implementations whose own files, or files that they import or include, have changed.

Python is compared in the two wheels, so what never reaches a wheel affects nothing. Rust is one module: where its bytes
differ, the sources of both commits say which kernels reach a changed file; what no kernel names, such as the binding,
the list of crates or the version of the compiler, is taken to reach them all. The linker may still move a kernel that
did not change. That is what a relink is for, and why nothing is inferred from the cells that are not measured.
"""

from __future__ import annotations

import ast
import io
import re
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from benchmarks import registry
from benchmarks.environment import checkout
from benchmarks.gate.builds import Build

ARMS = ("numpy", "numba", "rust")
PACKAGE, CRATE = "eokernels", "kernels_rs"
TOOLCHAIN, PROJECT = "rust-toolchain.toml", "pyproject.toml"
NAMED = re.compile(r"\b(crate|super)((?:::\w+)+)?(?:::\{([^{}]*)\})?")

Sources = Mapping[str, str]
Graph = Mapping[str, Sequence[str]]
Reached = Mapping[tuple[str, str], str]
"""(kernel, implementation) → the changed file that it reaches."""


def affected(base: Build, head: Build) -> Reached:
    """Return what the change from one build to the other can affect, with the file that says so."""
    if base.digest == head.digest:
        return {}
    before, after = (_python(build.folder) for build in (base, head))
    changed, graphs = _differing(before, after), (_graph(before, _imports), _graph(after, _imports))
    found: dict[tuple[str, str], str] = {}
    for kernel in registry.KERNELS.values():
        for arm in ("numpy", "numba"):
            start = f"{PACKAGE}/impl_{arm}/{kernel.name}.py"
            if hits := sorted(changed & _reached((start,), graphs)):
                found[kernel.name, arm] = hits[0]
    if _modules(base.folder) != _modules(head.folder):
        found |= rust(base.commit, head.commit)
    return found


def rust(base: str, head: str) -> Reached:
    """Return what two commits whose compiled modules differ can have changed in it."""
    before, after = _crate(base), _crate(head)
    changed, graphs = _differing(before, after), (_graph(before, _uses), _graph(after, _uses))
    reached = {name: _reached(_starts(name), graphs) for name in registry.KERNELS}
    known = set().union(*reached.values())
    shared = _settings(base, head) + sorted(changed - known) or ([] if changed else ["what no source says"])
    own = {name: sorted(changed & files) for name, files in reached.items()}
    return {(name, "rust"): (own[name] or shared)[0] for name in registry.KERNELS if own[name] or shared}


def _settings(base: str, head: str) -> list[str]:
    """Return the files beside the crate that say how it is built, of those that do so otherwise in head."""
    found = [TOOLCHAIN] if _text(base, TOOLCHAIN) != _text(head, TOOLCHAIN) else []
    before, after = (tomllib.loads(_text(commit, PROJECT)) for commit in (base, head))
    said = [(one.get("build-system"), one.get("tool", {}).get("maturin")) for one in (before, after)]
    return [*found, PROJECT] if said[0] != said[1] else found


def _text(commit: str, path: str) -> str:
    """Return a file of a commit, or nothing where the commit has none."""
    there = checkout.git("ls-tree", "--name-only", commit, path)
    return checkout.git("show", f"{commit}:{path}") if there else ""


def _starts(kernel: str) -> tuple[str, str]:
    return f"src/kernels/{kernel}.rs", f"src/python/signatures/{kernel}.rs"


def _differing(before: Sources, after: Sources) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _python(folder: Path) -> Sources:
    package = folder / PACKAGE
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}


def _modules(folder: Path) -> dict[str, bytes]:
    """Return the compiled modules of an unpacked wheel."""
    return {path.name: path.read_bytes() for path in (folder / PACKAGE).glob("*.so")}


def _crate(commit: str) -> Sources:
    """Return the crate's sources in a commit without what only tests it; empty where the commit has none."""
    if not checkout.git("ls-tree", "--name-only", commit, CRATE):
        return {}
    with tempfile.TemporaryDirectory(prefix="eolab-") as folder:
        archive = Path(folder) / "crate.tar"
        checkout.git("archive", "--format=tar", f"--output={archive}", commit, CRATE)
        with tarfile.TarFile(fileobj=io.BytesIO(archive.read_bytes())) as tar:
            files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
            read = {PurePosixPath(name).relative_to(CRATE): file.read() for name, file in files.items() if file}
    texts = {name: content.decode("utf-8", errors="replace") for name, content in read.items()}
    return {str(name): text for name, text in texts.items() if name.parts[0] not in {"tests", "benches"}}


def _graph(tree: Sources, named: Callable[[str, Sources], Iterator[str]]) -> Graph:
    """Return what each file of a tree names of the others."""
    return {name: [other for other in named(name, tree) if other in tree] for name in tree}


def _reached(starts: Iterable[str], graphs: Iterable[Graph]) -> set[str]:
    """Return the files and all that they reach, in one tree or another; nothing where a tree lacks them."""
    found: set[str] = set()
    for graph in graphs:
        seen: set[str] = set()
        left = [start for start in starts if start in graph]
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                left.extend(graph[name])
        found |= seen
    return found


def _imports(name: str, tree: Sources) -> Iterator[str]:
    """Yield the files of the package that a Python file may import by absolute names."""
    for node in ast.walk(ast.parse(tree[name])):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            continue
        for module in modules:
            if module.split(".", 1)[0] == PACKAGE and module != PACKAGE:
                stem = module.replace(".", "/")
                yield from (f"{stem}.py", f"{stem}/__init__.py")


def _uses(name: str, tree: Sources) -> Iterator[str]:
    """Yield the files of the crate that a Rust file may name: what stands after ``crate::`` or ``super::``."""
    folder = PurePosixPath(name).parent
    above = folder.parent if PurePosixPath(name).name == "mod.rs" else folder
    for root, path, group in NAMED.findall(tree[name]):
        words = [word for word in path.split("::") if word]
        ends = [re.split(r"\W", word.strip(), maxsplit=1)[0] for word in group.split(",")] if group else [""]
        begin = PurePosixPath("src") if root == "crate" else above
        for end in ends:
            whole = [*words, end] if end else words
            for length in range(1, len(whole) + 1):
                stem = begin.joinpath(*whole[:length])
                yield from (f"{stem}.rs", f"{stem}/mod.rs")
