"""``lab new``: writes a kernel's skeletons, all of them or none."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from inputs import dimensions, families
from lab import skeleton

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent / "templates"
LONGEST_NAME = 30
FILES: Mapping[str, str] = {
    "reference_py/eokernels/impl_numpy/{kernel}.py": "impl_numpy.py.j2",
    "reference_py/eokernels/impl_numba/{kernel}.py": "impl_numba.py.j2",
    "kernels_rs/src/kernels/{kernel}.rs": "kernel.rs.j2",
    "kernels_rs/src/python/signatures/{kernel}.rs": "signature.rs.j2",
    "benchmarks/kernels/{kernel}.py": "declaration.py.j2",
}
# fmt: off
RUST_WORDS = frozenset([
    "abstract", "as", "become", "box", "const", "crate", "do", "dyn", "else", "enum", "extern", "final", "fn", "gen",
    "impl", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "static", "struct",
    "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where",
])
# fmt: on
LIST = Path("kernels_rs/src/kernels/mod.rs")
"""Where the kernels are listed."""
ENTRY = re.compile(r'^( +)(\w+): ".*->.*";\n', re.MULTILINE)
THEN = """
Next:
    make quick                          build it
    .venv/bin/python -m lab derive      write the stubs and the README's row
    make quick                          install the stubs, in seconds
    .venv/bin/python -m lab verify {kernel}
        it says what is not written yet: begin with the oracle
CONTRIBUTING.md has the steps."""
TAKEN = frozenset({"eokernels", "xarray", "build_info", "impl_numpy", "impl_numba"})


@dataclass(frozen=True)
class Skeleton:
    """A file that `new` writes: path relative to the root, and text."""

    path: Path
    text: str


def new(
    kernel: Annotated[str, typer.Argument(help="Name of the kernel: lower case, digits and underscores.")],
    family: Annotated[
        str, typer.Option(help=f"What arrays it takes: {', '.join(families.FAMILIES)}.", show_default=True)
    ] = "elementwise",
    root: Annotated[Path, typer.Option(help="Checkout to write to.", show_default=False)] = ROOT,
) -> None:
    """Write the skeletons of a new kernel, and its line in the list of kernels.

    Each skeleton is valid and honest: it says by NotImplementedError that it is not written yet. Existing files are
    never overwritten; if one of them exists, nothing is written.
    """
    if not root.is_dir():
        raise ValueError(f"root: {root} is not a directory")
    check_name(kernel, root)
    found = families.get(family)
    if not (root / LIST).is_file():
        raise ValueError(f"root: {root} is no checkout; {LIST}, the list of kernels, is not in it")
    listed = listing((root / LIST).read_text(encoding="utf-8"), kernel, found.usual.signature)
    for path in write(render(kernel, found), listed, root):
        typer.echo(f"wrote {path}")
    typer.echo(THEN.format(kernel=kernel))


def check_name(kernel: str, root: Path = ROOT) -> None:
    """Raise a ValueError unless `kernel` can name a Python module, a Python function and a new Rust module."""
    accepted = "a kernel's name is lower-case letters, digits and underscores, begins with a letter"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", kernel) or len(kernel) > LONGEST_NAME:
        raise ValueError(f"kernel: {kernel!r} cannot be a name; {accepted} and has at most {LONGEST_NAME} characters")
    if keyword.iskeyword(kernel) or keyword.issoftkeyword(kernel) or kernel in RUST_WORDS:
        raise ValueError(f"kernel: {kernel!r} is a reserved word of Python or Rust; {accepted}")
    if kernel in TAKEN:
        raise ValueError(f"kernel: {kernel!r} is already the name of something else in the package; choose another")
    existing = [path for path in _paths(kernel) if (root / path).exists()]
    if existing:
        raise ValueError(f"kernel: {kernel!r} exists already: {', '.join(map(str, existing))}; nothing was written")


def render(kernel: str, family: families.Family) -> tuple[Skeleton, ...]:
    """Return the skeletons of a kernel of that family.

    Raises
    ------
    ValueError
        If the family names a keyword or a dimension that stands in no table yet.
    """
    paths = _paths(kernel)
    return tuple(
        Skeleton(path, _render_template(name, path, kernel, family))
        for path, name in zip(paths, FILES.values(), strict=True)
    )


def listing(text: str, kernel: str, signature: str) -> str:
    """Return the Rust list of kernels with one more, at its place in the alphabet.

    Raises
    ------
    ValueError
        If the text has no such list, or the kernel is in it.
    """
    entries = list(ENTRY.finditer(text))
    if not entries or kernel in [entry[2] for entry in entries]:
        raise ValueError(f"kernel: {kernel!r} cannot be listed in {LIST}: " + ("it is there" if entries else "no list"))
    line = f'{entries[0][1]}{kernel}: "{signature}";\n'
    at = next((entry.start() for entry in entries if entry[2] > kernel), entries[-1].end())
    return text[:at] + line + text[at:]


def write(skeletons: tuple[Skeleton, ...], listed: str, root: Path = ROOT) -> list[Path]:
    """Write all skeletons below `root` and then the list of kernels, or nothing; return paths relative to `root`."""
    written: list[Path] = []
    try:
        for skeleton in skeletons:
            target = root / skeleton.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                written.append(skeleton.path)
                file.write(skeleton.text)
        partial = (root / LIST).with_suffix(".partial")
        partial.write_text(listed, encoding="utf-8")
        partial.replace(root / LIST)
    except BaseException:
        for path in written:
            (root / path).unlink(missing_ok=True)
        raise
    return [*written, LIST]


def _paths(kernel: str) -> list[Path]:
    return [Path(pattern.format(kernel=kernel)) for pattern in FILES]


def _render_template(name: str, path: Path, kernel: str, family: families.Family) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from benchmarks.derived.stubs import formatted
    from benchmarks.registry import KERNELS

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.globals |= {"python": skeleton.python, "tuple": tuple}
    usual, given = family.usual, skeleton.arguments(family)
    core = dimensions.parse(usual.signature).core
    text = environment.get_template(name).render(
        kernel=kernel,
        title=kernel.replace("_", " ").capitalize(),
        family=family,
        usual=usual,
        given=given,
        names=[one.name for one in given],
        admits=sorted({one.admits for one in given if one.admits}),
        like=max(KERNELS.values(), key=lambda one: (one.family == family.name, one.dimensions.core == core)).name,
    )
    return formatted(text, path) if path.suffix == ".py" else text
