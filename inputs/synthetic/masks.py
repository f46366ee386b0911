"""Where data is missing: one boolean plane per date, True means missing.

All bands of a case share one mask, as a cloud hides all of them, so the share of missing results is the share of
missing input. Planes are made one at a time; no mask of a whole stack is ever in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inputs.cases import MaskMode
from inputs.synthetic.fields import Float, generator, smooth, strips
from inputs.synthetic.tiling import mirror

Plane = NDArray[np.bool_]

CLEAR_QUANTILES = (
    0.0, 0.0, 0.0, 0.0123, 0.1332, 0.1962, 0.2673, 0.3265, 0.4255, 0.6167, 0.789,
    0.9017, 0.9595, 0.9827, 0.9975, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
)  # fmt: skip
"""The clear fraction of a date: its distribution over the 140 dates of the real cube (`inputs.real.cubes.ROMANIA_10M`,
scene classes other than 4, 5 and 7 count as missing), as the quantiles at 0, 5, …, 100 %. A test recomputes them."""

CLOUD_FILE = Path(__file__).parents[1] / "data" / "romania_cloud_mask.npy"
CLOUD_CELLS_PX = (96, 32, 12)
CLOUD_MISSING = 0.4
DEAD_SHARE = 0.05
SLANT = 0.25

_SHARES, _PLANES, _DEAD = 3, 4, 5


def shares(clear_quantiles: tuple[float, ...], dates: int, rng: np.random.Generator) -> list[float]:
    """Draw one share per date from a distribution given by its quantiles.

    The draw is stratified: one date from each of `dates` equal parts of the distribution, in random order. So twelve
    dates have nearly the same overall share as a hundred.
    """
    levels = (rng.permutation(dates) + rng.random(dates)) / max(dates, 1)
    drawn = np.interp(levels, np.linspace(0.0, 1.0, len(clear_quantiles)), clear_quantiles)
    return [round(float(share), 6) for share in drawn]


def real_clouds() -> Plane:
    """Return the mask of one real date, (100, 100): 38.9 % missing, the clouds of 2019-08-30.

    It is the date of `inputs.real.cubes.ROMANIA_10M` that is nearest to 40 % missing, kept in the repository so that
    synthetic scenes wear real clouds without the network. A test recomputes it from the cube.
    """
    mask: Plane = np.load(CLOUD_FILE)
    return mask


def planes(mode: MaskMode, missing: float, shape: tuple[int, ...], *, seed: int) -> Iterator[Plane]:
    """Make the mask of a scene (Y, X), one plane, or of a stack (T, Y, X), T planes of (Y, X).

    Parameters
    ----------
    mode
        ``none``; ``iid`` (each value missing with probability `missing`); ``cloud`` (a scene: `real_clouds`,
        mirrored to size; a stack: each date a thresholded smooth field, with a clear fraction drawn from
        `CLEAR_QUANTILES`); ``heavy`` (as ``iid``, and 5 % of pixels missing
        on all dates); ``swath_edge`` (each date missing beyond a slanted edge, on the left or on the right).
    missing
        Share aimed at, 0–1. ``cloud`` takes it from the real distribution, so only 0.4 is accepted there;
        ``swath_edge`` spreads dates evenly from 0 to twice the share and takes at most 0.5.
    shape
        (Y, X) or (T, Y, X).
    seed
        Seed of the mask; without effect on real clouds.

    Raises
    ------
    ValueError
        For another shape, another mode, or a share the mode cannot have.
    """
    if len(shape) not in (2, 3):
        raise ValueError(f"shape: was {shape}; a mask is (Y, X) or (T, Y, X)")
    dates = 1 if len(shape) == 2 else shape[0]
    plane = (shape[-2], shape[-1])
    _check(mode, missing)
    if mode == "none":
        return (np.zeros(plane, dtype=np.bool_) for _ in range(dates))
    if mode == "cloud":
        if len(shape) == 2:
            return iter((mirror(real_clouds(), plane),))
        return _cloud(CLEAR_QUANTILES, dates, plane, seed)
    if mode == "swath_edge":
        return _swath_edge(missing, dates, plane, seed)
    return _iid(missing, dates, plane, seed, dead_share=DEAD_SHARE if mode == "heavy" else 0.0)


def _check(mode: MaskMode, missing: float) -> None:
    accepted = {
        "none": (0.0, 0.0),
        "iid": (0.0, 1.0),
        "cloud": (CLOUD_MISSING, CLOUD_MISSING),
        "heavy": (0.0, 1.0),
        "swath_edge": (0.0, 0.5),
    }
    if mode not in accepted:
        raise ValueError(f"mode: was {mode!r}; masks are {', '.join(accepted)}")
    low, high = accepted[mode]
    if not low <= missing <= high:
        raise ValueError(f"missing: was {missing}; mask {mode!r} takes {low if low == high else f'{low} to {high}'}")


def _bernoulli(share: float, plane: tuple[int, int], rng: np.random.Generator) -> Plane:
    out = np.empty(plane, dtype=np.bool_)
    for part in strips(plane[0]):
        np.less(rng.random(out[part].shape, dtype=np.float32), share, out=out[part])
    return out


def _iid(missing: float, dates: int, plane: tuple[int, int], seed: int, *, dead_share: float) -> Iterator[Plane]:
    dead = _bernoulli(dead_share, plane, generator(seed, _DEAD)) if dead_share else np.zeros(plane, dtype=np.bool_)
    for t in range(dates):
        yield _bernoulli(missing, plane, generator(seed, _PLANES, t)) | dead


def _cloud(quantiles: tuple[float, ...], dates: int, plane: tuple[int, int], seed: int) -> Iterator[Plane]:
    for t, clear in enumerate(shares(quantiles, dates, generator(seed, _SHARES))):
        field = smooth(plane, CLOUD_CELLS_PX, generator(seed, _PLANES, t))
        yield above(field.rows(slice(0, plane[0])), 1.0 - clear)


def _swath_edge(missing: float, dates: int, plane: tuple[int, int], seed: int) -> Iterator[Plane]:
    across = np.arange(plane[1], dtype=np.float32) / max(plane[1], 1)
    down = np.arange(plane[0], dtype=np.float32) / max(plane[0], 1)
    field = across + SLANT * down[:, None]
    rng = generator(seed, _SHARES)
    for share in shares((0.0, 2.0 * missing), dates, rng):
        yield above(field if rng.random() < 0.5 else -field, share)


def above(field: Float, share: float) -> Plane:
    """Return where a field, (Y, X), is among its highest `share` of values; the share is exact to a few per mille."""
    sample = np.sort(field[:: max(1, field.shape[0] // 256), :: max(1, field.shape[1] // 256)], axis=None)
    rank = sample.size - round(share * sample.size)
    if rank <= 0:
        return np.ones(field.shape, dtype=np.bool_)
    if rank >= sample.size:
        return np.zeros(field.shape, dtype=np.bool_)
    highest: Plane = field >= sample[rank]
    return highest
