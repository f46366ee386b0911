"""Which layer moved: a ratio of two times steps when either of them does, or when the machine does.

What moves the ratio of an implementation to expert NumPy is the implementation, NumPy, or the machine. The wall, the
least work that anybody must do, tells the machine from the code, as it was timed in the same processes and is the same
loop at every commit.
"""

from __future__ import annotations

from collections.abc import Mapping

from reports.read.rows import WALL
from reports.stats.cells import BASELINE


def moved(change: float, arm: str, own: Mapping[str, float]) -> str:
    """Return the layer that explains a step of a ratio: `arm`, ``numpy`` or ``wall``, which is the machine.

    Parameters
    ----------
    change
        Step of log(time of `arm` ÷ time of expert NumPy).
    arm
        The implementation.
    own
        Layer → step of the logarithm of its own time at the same commit; those of `arm` and ``numpy``, and of ``wall``
        where it is known.
    """

    def moves(step: float) -> bool:
        return abs(step) >= abs(change) / 2

    pair = (arm, BASELINE)
    alone = [layer for layer in pair if moves(own[layer])]
    wall = own.get(WALL)
    beside = {layer: own[layer] - (wall or 0.0) for layer in pair}
    if len(alone) == 1:
        with_the_wall = wall is not None and moves(wall) and not moves(beside[alone[0]])
        return WALL if with_the_wall else alone[0]
    return max(pair, key=lambda layer: abs(beside[layer]))
