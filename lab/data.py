"""``python -m lab data``: what the lab is fed with, and one picture of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab import progress, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from inputs.cases import Case
    from inputs.real.cubes import Dataset

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
    from inputs.build import footprint
    from inputs.families import CASES
    from inputs.real import cubes, quicklook

    console = terminal.console()
    if fetch:
        with progress.shown("fetching real data"):
            for dataset in cubes.DATASETS:
                cubes.fetch(dataset)
    _datasets(console)
    for family, cases in CASES.items():
        _cases(console, family, cases)
    console.print("Bold: the centre; the others differ from it in one thing. MiB: one band.", style="dim")
    console.print("observed: the 10 m cube, mirrored to size; all others are synthetic, seeded.\n", style="dim")
    arrays, size = footprint()
    console.print(
        f"cache: {cubes.cache_dir()} ({arrays} arrays of cases, {size / 2**20:.0f} MiB)",
        style="dim",
        highlight=False,
        soft_wrap=True,
    )
    if not cubes.is_here(cubes.ROMANIA_10M):
        console.print("The 10 m cube is not here yet; python -m lab data --fetch gets it.", style="yellow")
    shown = cubes.ROMANIA_10M if cubes.is_here(cubes.ROMANIA_10M) else cubes.FIXTURE
    path = quicklook.draw(picture, shown)
    console.print(f"picture: {path}", highlight=False, soft_wrap=True)


def _datasets(console: Console) -> None:
    """Print the real data, one column a dataset."""
    from inputs.real import cubes

    sets = cubes.DATASETS
    rows = [
        ("shows", *(dataset.title for dataset in sets)),
        ("bands", *(" ".join(dataset.bands) for dataset in sets)),
        ("shape", *(f"{_shape(dataset.shape)} uint16" for dataset in sets)),
        *zip(("missing", "valid", "where"), *map(_state, sets), strict=True),
        ("source", *(f"{dataset.requirement} (wheel)" for dataset in sets)),
        ("licence", *(dataset.licence for dataset in sets)),
        ("notice", *(dataset.notice for dataset in sets)),
    ]
    columns = [terminal.Column("", whole=True), *(terminal.Column(dataset.name) for dataset in sets)]
    terminal.show(console, "Real data", columns, [terminal.Row(row) for row in rows])
    console.print()


def _state(dataset: Dataset) -> tuple[str, str, str]:
    """Return missing share, valid dates per pixel and place of a dataset, as far as it is here."""
    from inputs.real import cubes

    if not cubes.is_here(dataset):
        return "–", "–", "not fetched"
    cube = cubes.load(dataset)
    valid = (~cube.missing).sum(axis=0)
    where = "in the repository" if dataset.vendored else "in the cache"
    return f"{cube.missing.mean():.1%}", f"{valid.min()}–{valid.max()} of {len(cube.dates)} dates", where


def _cases(console: Console, family: str, cases: tuple[Case, ...]) -> None:
    """Print the cases of a family, one row a case, the centre in bold."""
    headings = ("case", "tier", "shape", "dtype", "missing", "layout")
    columns = [*(terminal.Column(heading, whole=True) for heading in headings), terminal.Column("MiB", number=True)]
    rows = []
    for case in cases:
        row = (case.name, case.tier, _shape(case.shape), case.dtype, _missing(case), case.layout, _mebibytes(case))
        rows.append(terminal.Row(row, "bold" if case.centre else ""))
    terminal.show(console, f"Cases, {family}", columns, rows)
    console.print()


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
