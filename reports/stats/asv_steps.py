"""asv's own detector of steps, which stands beside the lab's: L1-penalised, with a penalty that asv chooses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from asv.step_detect import detect_steps

THRESHOLD = 0.05
"""asv's default of ``regressions_thresholds``."""


def cuts(values: Sequence[float]) -> list[int]:
    """Return where asv's detector cuts: between pieces of two points or more that differ by more than its threshold.

    Parameters
    ----------
    values
        Logarithms, one a measured commit, the oldest first; asv itself sees the numbers.
    """
    pieces = [piece for piece in detect_steps(np.exp(values).tolist()) if piece[1] - piece[0] >= 2]
    return [
        int(new[0])
        for old, new in pairwise(pieces)
        if abs(new[2] - old[2]) > max(old[4], new[4], THRESHOLD * min(old[2], new[2]))
    ]
