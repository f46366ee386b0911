"""``lab new``: writes a kernel's skeletons, all of them or none."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

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
TAKEN = frozenset({"eokernels", "xarray", "build_info", "impl_numpy", "impl_numba"})


@dataclass(frozen=True)
class Skeleton:
    """A file that `new` writes: path relative to the root, and text."""

    path: Path
    text: str


def new(
    kernel: Annotated[str, typer.Argument(help="Name of the kernel: lower case, digits and underscores.")],
    family: Annotated[
        Literal["elementwise", "temporal"], typer.Option(help="Which named cases and case battery it is put through.")
    ] = "elementwise",
    root: Annotated[Path, typer.Option(help="Checkout to write to.", show_default=False)] = ROOT,
) -> None:
    """Write the skeletons of a new kernel, and print the lines to add elsewhere.

    Each skeleton is valid and honest: it says by NotImplementedError that it is not written yet. Existing files are
    never overwritten; if one of them exists, nothing is written.
    """
    if not root.is_dir():
        raise ValueError(f"root: {root} is not a directory")
    check_name(kernel, root)
    written = write(render(kernel, family), root)
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo()
    typer.echo(_render_template("lines_to_add.txt.j2", kernel, family))


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


def render(kernel: str, family: str) -> tuple[Skeleton, ...]:
    """Return the skeletons of a kernel of that family."""
    templates = FILES.values()
    paths = _paths(kernel)
    return tuple(
        Skeleton(path, _render_template(name, kernel, family)) for path, name in zip(paths, templates, strict=True)
    )


def write(skeletons: tuple[Skeleton, ...], root: Path = ROOT) -> list[Path]:
    """Write all skeletons below `root`, or none of them, and return their paths relative to it."""
    written: list[Path] = []
    try:
        for skeleton in skeletons:
            target = root / skeleton.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                written.append(skeleton.path)
                file.write(skeleton.text)
    except BaseException:
        for path in written:
            (root / path).unlink(missing_ok=True)
        raise
    return written


def _paths(kernel: str) -> list[Path]:
    return [Path(pattern.format(kernel=kernel)) for pattern in FILES]


def _render_template(name: str, kernel: str, family: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    title = kernel.replace("_", " ").capitalize()
    return environment.get_template(name).render(kernel=kernel, family=family, title=title)
