"""Synthetic reflectance that looks like land: parcels, soft gradients, some water.

Every pixel is a mixture of bare soil and green vegetation, times a brightness, or water. Bands therefore hang together
as they do in an image: where near infrared is high, red is low. The spectra are round figures for surface reflectance
in Sentinel-2's bands, as spectral libraries show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from inputs.synthetic.fields import Float, Float32, Parcels, Smooth, generator, parcels, smooth, strips

BANDS = ("blue", "green", "red", "nir", "swir")
LOWEST, HIGHEST = 0.01, 0.6
NOISE = 0.012
SCALE = {"uint16": 10_000, "int16": 10_000, "uint8": 400}
"""Counts per unit of reflectance in the integer dtypes; Sentinel-2's own scale where it fits."""

_LAND, _NOISE = 1, 2


@dataclass(frozen=True)
class Spectrum:
    """Surface reflectance, 0–1, of the three materials in one band."""

    soil: float
    vegetation: float
    water: float


SPECTRA = {
    "blue": Spectrum(0.08, 0.03, 0.06),
    "green": Spectrum(0.12, 0.07, 0.05),
    "red": Spectrum(0.17, 0.035, 0.035),
    "nir": Spectrum(0.26, 0.43, 0.02),
    "swir": Spectrum(0.34, 0.17, 0.012),
}


@dataclass(frozen=True)
class Surface:
    """What some rows are made of, each ``(rows, X)``: vegetation 0–1, brightness about 1, water or not.

    `early` and `late`, −1…1, are the weights of the two seasonal components, which make parcels green up at
    different times.
    """

    vegetation: Float
    brightness: Float
    water: NDArray[np.bool_]
    early: Float
    late: Float


@dataclass(frozen=True)
class Land:
    """A landscape, drawn once and evaluated strip by strip."""

    shape: tuple[int, int]
    cover: Smooth
    light: Smooth
    wet: Smooth
    fields: Parcels
    per_parcel: Float32
    """``(4, parcels)``, uniform in [0, 1): vegetation, brightness, early and late season."""

    def rows(self, part: slice) -> Surface:
        """Return the surface of some rows."""
        patch = [self.fields.rows(values, part, self.shape[1]) for values in self.per_parcel]
        cover = self.cover.rows(part)
        vegetation = np.clip(patch[0] * 0.6 + cover * 0.6 - 0.1, 0.0, 1.0)
        brightness = self.light.rows(part) * 0.35 + patch[1] * 0.2 + 0.725
        return Surface(
            vegetation,
            brightness,
            self.wet.rows(part) > 0.79,
            patch[2] + cover - 1.0,
            patch[3] - cover,
        )


def survey(shape: tuple[int, int], seed: int) -> Land:
    """Draw the landscape of a seed, shape (Y, X)."""
    rng = generator(seed, _LAND)
    cover = smooth(shape, (160, 40, 10), rng)
    light = smooth(shape, (90, 30), rng)
    wet = smooth(shape, (70, 35), rng)
    fields = parcels(shape, rng)
    return Land(shape, cover, light, wet, fields, rng.random((4, fields.count), dtype=np.float32))


def noise_stream(seed: int, band: str) -> np.random.Generator:
    """Return the generator of a band's sensor noise."""
    return generator(seed, _NOISE, BANDS.index(_known(band)))


def reflectance(
    surface: Surface, vegetation: Float, band: str, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Return the reflectance, 0.01–0.6, of a surface in one band, with noise from `rng`, as float32 or float64."""
    spectrum = SPECTRA[band]
    value = vegetation.astype(dtype)
    value *= spectrum.vegetation - spectrum.soil
    value += spectrum.soil
    value *= surface.brightness
    np.copyto(value, spectrum.water, where=surface.water)
    grain = rng.random(value.shape, dtype=np.float32)
    grain -= 0.5
    grain *= NOISE
    value += grain
    np.clip(value, LOWEST, HIGHEST, out=value)
    return value


def working_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the float dtype in which values of `dtype` are made: float64 for float64, float32 for everything else."""
    return np.dtype(np.float64 if np.dtype(dtype) == np.float64 else np.float32)


def encode(value: NDArray[Any], dtype: DTypeLike, *, ties: bool = False) -> NDArray[Any]:
    """Turn reflectance into `dtype`: counts for integers (never 0), itself for floats.

    With `ties` values are rounded to hundredths of reflectance first, which leaves some tens of levels.
    Raises ValueError for a dtype that no scene can have.
    """
    target = np.dtype(dtype)
    if ties:
        value = np.rint(value * 100.0) / 100.0
    if target.kind == "f" and target.itemsize in (4, 8):
        return value.astype(target, copy=False)
    if target.name not in SCALE:
        raise ValueError(f"dtype: was {target.name}; scenes are made in float32, float64, {', '.join(SCALE)}")
    return np.rint(value * float(SCALE[target.name])).astype(target)


def scene(
    shape: tuple[int, int], band: str, *, seed: int, dtype: DTypeLike = np.float32, ties: bool = False
) -> NDArray[Any]:
    """Make one band of a synthetic scene.

    Parameters
    ----------
    shape
        (Y, X).
    band
        One of `BANDS`. Bands of one seed show the same landscape.
    seed
        Seed of landscape and noise.
    dtype
        float32 or float64 (reflectance 0.01–0.6), or uint16, int16, uint8 (counts, see `SCALE`; 0 does not occur).
    ties
        Round to hundredths of reflectance, so that equal values are common.

    Returns
    -------
    numpy.ndarray
        (Y, X), C order, without missing values.
    """
    rng = noise_stream(seed, band)
    land = survey(shape, seed)
    out = np.empty(shape, dtype=dtype)
    for part in strips(shape[0]):
        surface = land.rows(part)
        value = reflectance(surface, surface.vegetation, band, rng, working_dtype(dtype))
        out[part] = encode(value, dtype, ties=ties)
    return out


def _known(band: str) -> str:
    if band not in BANDS:
        raise ValueError(f"band: was {band!r}; scenes have {', '.join(BANDS)}")
    return band
