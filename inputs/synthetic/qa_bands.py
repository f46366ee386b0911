"""Quality bands that go with counts: scene classes as Sentinel-2's SCL has them, bits as Landsat's QA_PIXEL has them.

They agree with the gaps of their case: where a value is missing stands a class or a bit that tells why, elsewhere none.
Where a swath has no data at all the counts are nodata; under clouds and their shadows they are values, and only the
quality band says that they show no ground.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inputs.cases import Case
from inputs.synthetic.fields import generator, smooth, strips
from inputs.synthetic.masks import planes
from inputs.synthetic.scenes import survey

Classes = NDArray[np.uint8]

DTYPES = {"scl": "uint8", "qa_pixel": "uint16"}
"""Quality band → its dtype, whatever the dtype of the counts."""

NO_DATA, SHADOW, VEGETATION, BARE, UNCLASSIFIED, CLOUD_MEDIUM, CLOUD_HIGH, CIRRUS = 0, 3, 4, 5, 7, 8, 9, 10
REASONS = (NO_DATA, SHADOW, CLOUD_MEDIUM, CLOUD_HIGH, CIRRUS)
BOUNDS = (0.3, 0.42, 0.52, 0.68)
"""What a gap is, by a smooth field of 0–1 with its mean at 0.5: one of `REASONS` between each two bounds."""
GREEN = 0.45
CELLS_PX = (32, 12)

FILL, DILATED, CIRRUS_BIT, CLOUD, SHADOW_BIT, CLEAR, WATER = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 6, 1 << 7
LOW = 1 << 8 | 1 << 10 | 1 << 12 | 1 << 14
"""Low confidence of cloud, shadow, snow and cirrus, two bits each; high confidence sets both bits."""
BITS = {
    NO_DATA: FILL,
    SHADOW: LOW | SHADOW_BIT | 1 << 11,
    VEGETATION: LOW | CLEAR,
    BARE: LOW | CLEAR,
    UNCLASSIFIED: LOW | CLEAR | WATER,
    CLOUD_MEDIUM: LOW | DILATED,
    CLOUD_HIGH: LOW | CLOUD | 1 << 9,
    CIRRUS: LOW | CIRRUS_BIT | 1 << 15,
}
"""Scene class → QA_PIXEL of Landsat Collection 2 (USGS LSDS-1619) for such a pixel. A pixel with any of the
bits 0–4 shows no ground."""

_KINDS = 6


def classes(case: Case) -> Iterator[Classes]:
    """Make the scene classes of a synthetic case, one plane (Y, X) per date: 4, 5 or 7 where its mask has no gap."""
    plane = (case.shape[-2], case.shape[-1])
    ground = np.empty(plane, dtype=np.uint8)
    land = survey(plane, case.seed)
    for part in strips(plane[0]):
        surface = land.rows(part)
        ground[part] = np.where(surface.vegetation > GREEN, VEGETATION, BARE)
        np.copyto(ground[part], UNCLASSIFIED, where=surface.water)
    for t, missing in enumerate(planes(case.mask, case.missing, case.shape, seed=case.seed)):
        field = smooth(plane, CELLS_PX, generator(case.seed, _KINDS, t))
        out = ground.copy()
        for part in strips(plane[0]):
            reasons = np.asarray(REASONS, np.uint8)[np.searchsorted(BOUNDS, field.rows(part))]
            np.copyto(out[part], reasons, where=missing[part])
        yield out


def bits(scene_classes: Classes) -> NDArray[np.uint16]:
    """Return the QA_PIXEL band that says the same as scene classes made here.

    Raises
    ------
    ValueError
        For a class that no synthetic case has: what such a pixel would be to Landsat is not known.
    """
    table = np.zeros(256, dtype=np.uint16)
    table[list(BITS)] = list(BITS.values())
    found: NDArray[np.uint16] = table[scene_classes]
    if not found.all():
        raise ValueError(f"scene_classes: had {scene_classes[found == 0][0]}; there are bits for {sorted(BITS)}")
    return found
