"""One picture of what the lab is fed with: the real cube above, its gaps in time, the synthetic scene below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from inputs.host.cache import replacing
from inputs.real.cubes import CLEAR_SCL, Cube, Dataset, load
from inputs.synthetic import masks, scenes

SYNTHETIC_SIDE = 300
SYNTHETIC_SEED = 20250101
GREY = "#9a9a9a"

GROUPS = (
    ("data (SCL 4, 5, 7)", CLEAR_SCL, "#3a7d44"),
    ("cloud, cirrus (8, 9, 10)", (8, 9, 10), "#c9ced6"),
    ("shadow, dark (2, 3)", (2, 3), "#4a4e57"),
    ("snow, water (6, 11)", (6, 11), "#7fb2d9"),
    ("no data, defective (0, 1)", (0, 1), "#b5483a"),
)


def draw(folder: Path, dataset: Dataset) -> Path:
    """Write ``data.png`` into a folder, which is made where needed, and return its path.

    Shows a real dataset (true colour of its clearest date with gaps, or near infrared as red where it has no blue;
    NDVI; the mask of a cloudy date; scene classes by date) and a synthetic scene with its own cloud mask.

    Raises
    ------
    inputs.real.cubes.Unavailable
        When the dataset is neither cached nor fetchable.
    """
    cube = load(dataset)
    figure = Figure(figsize=(13, 12), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    rows: Any = figure.subfigures(3, 1, height_ratios=[1.0, 0.75, 1.0])
    _real(rows[0], cube)
    _time_line(rows[1], cube)
    _synthetic(rows[2])
    path = folder / "data.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")
    return path


def stretch(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """Return an RGB picture (Y, X, 3), 0–1: each band from its 1 % to its 99 % quantile, missing pixels grey."""
    picture = np.empty((*red.shape, 3))
    for k, band in enumerate((red, green, blue)):
        low, high = np.quantile(band[~missing], (0.01, 0.99)) if not missing.all() else (0.0, 1.0)
        picture[..., k] = np.clip((band - low) / max(high - low, 1e-6), 0.0, 1.0) ** 0.8
    picture[missing] = 0.6
    return picture


def ndvi(nir: NDArray[Any], red: NDArray[Any]) -> NDArray[np.float64]:
    """Return (nir - red) / (nir + red) in float64."""
    wide_nir, wide_red = nir.astype(np.float64), red.astype(np.float64)
    index: NDArray[np.float64] = (wide_nir - wide_red) / (wide_nir + wide_red)
    return index


def _picture(axes: Axes, image: NDArray[Any], title: str, **settings: Any) -> Any:
    shown = axes.imshow(image, interpolation="nearest", **settings)
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    return shown


def _ndvi_picture(figure: Any, axes: Axes, index: NDArray[Any], title: str) -> None:
    axes.set_facecolor(GREY)
    shown = _picture(axes, index, title, cmap="RdYlGn", vmin=-0.2, vmax=0.95)
    figure.colorbar(shown, ax=axes, shrink=0.8)


def _mask_picture(axes: Axes, missing: NDArray[np.bool_], title: str) -> None:
    colours = ListedColormap([GROUPS[0][2], "white"])
    _picture(axes, missing, f"{title}, {missing.mean():.0%} missing (white)", cmap=colours, vmin=0, vmax=1)


def _real(figure: Any, cube: Cube) -> None:
    figure.suptitle(f"{cube.dataset.title} · {cube.dataset.notice}", fontsize=11, fontweight="bold")
    axes = figure.subplots(1, 3)
    clear, cloudy = cube.clearest(), cube.cloudy()
    missing = cube.missing[clear]
    true = "blue" in cube.bands
    names = ("red", "green", "blue") if true else ("nir", "red", "green")
    red, green, blue = (cube.bands[name][clear] / 10_000 for name in names)
    colour = "True colour" if true else "Near infrared, red, green"
    _picture(axes[0], stretch(red, green, blue, missing), f"{colour}, {cube.dates[clear]}, missing grey")
    index = np.where(missing, np.nan, ndvi(cube.bands["nir"][clear], cube.bands["red"][clear]))
    _ndvi_picture(figure, axes[1], index, f"NDVI, {cube.dates[clear]}")
    _mask_picture(axes[2], cube.missing[cloudy], f"Gaps of {cube.dates[cloudy]}")


def _time_line(figure: Any, cube: Cube) -> None:
    axes = figure.subplots(1, 1)
    left = np.arange(len(cube.dates))
    bottom = np.zeros(len(cube.dates))
    handles = []
    for label, classes, colour in GROUPS:
        share = np.isin(cube.scl, classes).mean(axis=(1, 2))
        if not share.any():
            continue
        axes.bar(left, share, bottom=bottom, width=1.0, color=colour)
        handles.append(Patch(color=colour, label=label))
        bottom += share
    years = cube.dates.astype("datetime64[Y]").astype(int) + 1970
    starts = [k for k in np.flatnonzero(np.diff(years, prepend=0)) if (years == years[k]).sum() > len(left) // 20]
    axes.set_xticks(starts, [str(years[k]) for k in starts])
    axes.set_xlim(-0.5, len(left) - 0.5)
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("share of pixels")
    valid = (~cube.missing).sum(axis=0)
    axes.set_title(
        f"{len(left)} dates in order: {cube.missing.mean():.0%} missing, "
        f"{valid.min()} to {valid.max()} valid dates per pixel",
        fontsize=10,
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9, frameon=False)


def _synthetic(figure: Any) -> None:
    figure.suptitle(f"Synthetic scene, seed {SYNTHETIC_SEED}", fontsize=11, fontweight="bold")
    axes = figure.subplots(1, 3)
    shape = (SYNTHETIC_SIDE, SYNTHETIC_SIDE)
    band = {name: scenes.scene(shape, name, seed=SYNTHETIC_SEED) for name in ("blue", "green", "red", "nir")}
    nothing = np.zeros(shape, dtype=np.bool_)
    _picture(axes[0], stretch(band["red"], band["green"], band["blue"], nothing), "True colour")
    _ndvi_picture(figure, axes[1], ndvi(band["nir"], band["red"]), "NDVI")
    dates = list(masks.planes("cloud", masks.CLOUD_MISSING, (60, *shape), seed=SYNTHETIC_SEED))
    plane = min(dates, key=lambda date: abs(float(date.mean()) - masks.CLOUD_MISSING))
    _mask_picture(axes[2], plane, "Cloud mask of one date")
