"""Series whose steps are known: by them it is measured what a rule that looks for steps finds, and what it invents.

A series is the logarithm of a time or of a ratio, one point a commit. Its noise is like that of this lab's histories:
heavy tails, and a standard deviation of 1 to 5 %. On top of it stands what is known to mislead: points that stand
apart, slow drifts, noise that grows, commits that were not measured, and the two states of a virtual machine's memory,
7 to 10 % apart, each of which lasts over several points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SIZES = (0.05, 0.10, 0.20, 0.50)
"""By how much a step changes the time, as a share of it; up or down."""
EDGE = 4
"""Points that stand before the first step and after the last one, at least."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Jump:
    """A step that is there: `at` is the first commit of the new level, `size` is log(new ÷ old)."""

    at: int
    size: float


@dataclass(frozen=True)
class Labelled:
    """A series with its truth; a commit that was not measured is NaN."""

    kind: str
    seed: int
    values: tuple[float, ...]
    jumps: tuple[Jump, ...]


@dataclass(frozen=True)
class _Draft:
    values: Array
    jumps: tuple[Jump, ...] = ()


def make(kind: str, seed: int) -> Labelled:
    """Return the series of a kind and a seed; the same two give the same numbers.

    Raises
    ------
    ValueError
        For a kind that there is not.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: was {kind!r}; {', '.join(KINDS)} are accepted")
    random = np.random.default_rng([seed, *kind.encode()])
    length = round(math.exp(random.uniform(math.log(10), math.log(80))))
    draft = KINDS[kind](random, _noise(random, length))
    return Labelled(kind, seed, tuple(draft.values.tolist()), draft.jumps)


def collection(seeds: Sequence[int]) -> Iterator[Labelled]:
    """Yield a series of every kind for each seed."""
    return (make(kind, seed) for seed in seeds for kind in KINDS)


def _noise(random: Generator, length: int) -> Array:
    sd = math.exp(random.uniform(math.log(0.01), math.log(0.05)))
    heavy = random.standard_t(5, length) / math.sqrt(5 / 3)  # of variance 1
    return sd * heavy


def _size(random: Generator, sizes: Sequence[float] = SIZES) -> float:
    size = math.log1p(float(random.choice(sizes)))
    return size if random.random() < 0.5 else -size


def _stepped(values: Array, jumps: Sequence[Jump]) -> _Draft:
    added = values.copy()
    for jump in jumps:
        added[jump.at :] += jump.size
    return _Draft(added, tuple(jumps))


def _none(_: Generator, noise: Array) -> _Draft:
    return _Draft(noise)


def _step(random: Generator, noise: Array) -> _Draft:
    return _stepped(noise, [Jump(int(random.integers(EDGE, noise.size - EDGE + 1)), _size(random))])


def _two_steps(random: Generator, noise: Array) -> _Draft:
    """Make two steps with 3 to 6 commits between them, each up or down."""
    apart = int(random.integers(3, 7))
    noise = noise if noise.size >= 2 * EDGE + apart else np.concatenate([noise, noise[::-1]])
    first = int(random.integers(EDGE, noise.size - EDGE - apart + 1))
    sizes = (_size(random, SIZES[1:]), _size(random, SIZES[1:]))
    return _stepped(noise, [Jump(first, sizes[0]), Jump(first + apart, sizes[1])])


def _repaired(random: Generator, noise: Array) -> _Draft:
    """Make a step up that is taken back after 10 to 25 commits: a fault and its repair."""
    apart = int(random.integers(10, 26))
    noise = noise if noise.size >= 2 * EDGE + apart else np.resize(noise, 2 * EDGE + apart)
    first = int(random.integers(EDGE, noise.size - EDGE - apart + 1))
    size = abs(_size(random, SIZES[1:]))
    return _stepped(noise, [Jump(first, size), Jump(first + apart, -size)])


def _drift(random: Generator, noise: Array) -> _Draft:
    """Let the level move by 5 to 20 % over the series, evenly: nothing happened at any one commit."""
    return _Draft(noise + np.linspace(0, random.choice([-1, 1]) * random.uniform(0.05, 0.20), noise.size))


def _spike(random: Generator, noise: Array) -> _Draft:
    """Let one to three points that do not touch stand apart by 20 to 100 %."""
    places = np.arange(int(random.integers(0, 3)), noise.size, 3)
    values = noise.copy()
    for place in random.choice(places, size=int(random.integers(1, 4)), replace=False):
        values[place] += math.log1p(random.uniform(0.2, 1.0))
    return _Draft(values)


def _variance(random: Generator, noise: Array) -> _Draft:
    """Let the noise grow two to four times at one commit, and the level stay."""
    values = noise.copy()
    values[int(random.integers(EDGE, noise.size - EDGE + 1)) :] *= random.uniform(2, 4)
    return _Draft(values)


def _states(random: Generator, noise: Array) -> _Draft:
    """Let the machine change between two states, 7 to 10 % apart, each of which lasts four points on average."""
    changes = np.cumsum(random.random(noise.size) < 0.25)
    return _Draft(noise + (changes % 2) * math.log1p(random.uniform(0.07, 0.10)))


def _step_among_states(random: Generator, noise: Array) -> _Draft:
    return _step(random, _states(random, noise).values)


def _gaps(random: Generator, noise: Array) -> _Draft:
    """Leave a quarter to a half of the commits unmeasured; in half of the series there is a step."""
    draft = _step(random, noise) if random.random() < 0.5 else _Draft(noise)
    values = draft.values.copy()
    inner = np.arange(1, values.size - 1)
    values[random.choice(inner, size=round(values.size * random.uniform(0.25, 0.5)), replace=False)] = math.nan
    return _Draft(values, draft.jumps)


KINDS: Mapping[str, Callable[[Generator, Array], _Draft]] = {
    "none": _none,
    "step": _step,
    "two close steps": _two_steps,
    "repaired": _repaired,
    "gaps": _gaps,
    "spike": _spike,
    "change of variance": _variance,
    "drift": _drift,
    "two states": _states,
    "step among states": _step_among_states,
}
"""Name of a kind → how it is made of plain noise."""
