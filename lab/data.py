"""``python -m lab data``: what the lab is fed with, and one picture of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from inputs.cases import Case
    from inputs.real import Dataset

Here = Path(__file__).resolve().parents[1]


def data(
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch the real data that is not in the cache yet.")] = False,
    picture: Annotated[
        Path, typer.Option("--picture", metavar="DIR", help="Folder for the quick-look picture.", show_default=False)
    ] = Here / ".cache" / "quicklook",
) -> None:
    """See the inputs: shapes, dtypes, missing shares, licences, and a quick-look picture.

    Fetches nothing unless asked. The picture shows the 10 m cube, or the small chip of the repository until the cube
    is there. It goes to .cache/quicklook/data.png unless --picture names another folder.
    """
    from inputs import quicklook, real
    from inputs.build import footprint
    from inputs.cases import CASES

    console = Console()
    if fetch:
        with console.status("fetching real data"):
            for dataset in real.DATASETS:
                real.fetch(dataset)
    console.print(_datasets())
    for family, cases in CASES.items():
        console.print(_cases(family, cases), "")
    console.print("Bold: the centre; the others differ from it in one thing. MiB: one band.", style="dim")
    console.print("observed: the 10 m cube, mirrored to size; all others are synthetic, seeded.\n", style="dim")
    arrays, size = footprint()
    console.print(
        f"cache: {real.cache_dir()} ({arrays} arrays of cases, {size / 2**20:.0f} MiB)",
        style="dim",
        highlight=False,
        soft_wrap=True,
    )
    if not real.is_here(real.ROMANIA_10M):
        console.print("The 10 m cube is not here yet; python -m lab data --fetch gets it.", style="yellow")
    shown = real.ROMANIA_10M if real.is_here(real.ROMANIA_10M) else real.FIXTURE
    path = quicklook.draw(picture, shown)
    console.print(f"picture: {path}", highlight=False, soft_wrap=True)


def _datasets() -> Table:
    """Return the real data, one column a dataset."""
    from inputs import real

    table = Table(title="Real data", title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False)
    table.add_column(style="dim")
    for dataset in real.DATASETS:
        table.add_column(dataset.name, overflow="fold")
    table.add_row("shows", *(dataset.title for dataset in real.DATASETS))
    table.add_row("bands", *(" ".join(dataset.bands) for dataset in real.DATASETS))
    table.add_row("shape", *(f"{_shape(dataset.shape)} uint16" for dataset in real.DATASETS))
    for heading, *cells in zip(("missing", "valid", "where"), *map(_state, real.DATASETS), strict=True):
        table.add_row(heading, *cells)
    table.add_row("source", *(f"{dataset.requirement} (wheel)" for dataset in real.DATASETS))
    table.add_row("licence", *(dataset.licence for dataset in real.DATASETS))
    table.add_row("notice", *(dataset.notice for dataset in real.DATASETS))
    return table


def _state(dataset: Dataset) -> tuple[str, str, str]:
    """Return missing share, valid dates per pixel and place of a dataset, as far as it is here."""
    from inputs import real

    if not real.is_here(dataset):
        return "–", "–", "not fetched"
    cube = real.load(dataset)
    valid = (~cube.missing).sum(axis=0)
    where = "in the repository" if dataset.vendored else "in the cache"
    return f"{cube.missing.mean():.1%}", f"{valid.min()}–{valid.max()} of {len(cube.dates)} dates", where


def _cases(family: str, cases: tuple[Case, ...]) -> Table:
    """Return the cases of a family, one row a case, the centre in bold."""
    table = Table(title=f"Cases, {family}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.pad_edge, table.show_edge, table.padding = False, False, (0, 0, 0, 0)
    for heading in ("case", "tier", "shape", "dtype", "missing", "layout", "MiB"):
        table.add_column(heading, justify="right" if heading == "MiB" else "left", no_wrap=True)
    for case in cases:
        size, style = _mebibytes(case), "bold" if case.centre else None
        row = (case.name, case.tier, _shape(case.shape), case.dtype, _missing(case), case.layout, size)
        table.add_row(*row, style=style)
    return table


def _missing(case: Case) -> str:
    marker = "NaN" if case.nodata is None else f"→{case.nodata}"
    if case.source == "romania":
        return f"observed {marker}"
    return "none" if case.mask == "none" else f"{case.mask} {case.missing:.0%} {marker}"


def _mebibytes(case: Case) -> str:
    """Return the size of one band in MiB, with a decimal where it is small."""
    count = 1
    for length in case.shape:
        count *= length
    size = count * int("".join(filter(str.isdigit, case.dtype))) / 8 / 2**20
    return f"{size:.1f}" if size < 10 else f"{size:.0f}"


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in shape)
