"""What a family is: the named cases of kernels that take arrays alike, and the battery that they are put through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inputs.battery.collection import Part
from inputs.cases import Case


@dataclass(frozen=True)
class Usual:
    """What a plain kernel of a family takes: what ``lab new`` writes its skeletons from.

    Attributes
    ----------
    signature
        Core dimensions; see `inputs.dimensions`.
    arrays
        Array argument → the band that a case hands over for it.
    more
        What it takes besides, in the order of the signature; all kernels take `mask`, `dtype`, `out`, `num_threads`.
    cost_class
        C1 … C13.
    """

    signature: str
    arrays: Mapping[str, str]
    more: tuple[str, ...]
    cost_class: str


@dataclass(frozen=True)
class Family:
    """One family, declared once.

    Attributes
    ----------
    name
        Also the file name.
    title
        What its arrays are, in a sentence.
    cases
        What is measured, one row per case and no Cartesian product. Exactly one is the centre, from which the others
        each differ in one thing. Names are immutable.
    battery
        The parts of the battery that its kernels are put through, beside those that all are.
    usual
        What a plain kernel of it takes.
    headlines
        Names of the cases that stand for it where time is short, the most telling first.
    small
        Shapes on which the call itself decides, the rows of the search for break-even sizes.
    large
        A shape with more outputs than any implementation does on one thread for lack of work, and no round width.
    long
        Stacks of few pixels and very many dates, larger than what a call may take beside them.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    battery: tuple[Part, ...]
    usual: Usual
    headlines: tuple[str, ...]
    small: tuple[tuple[int, ...], ...]
    large: tuple[int, ...]
    long: tuple[tuple[int, ...], ...] = ()

    @property
    def core(self) -> tuple[str, ...]:
        """Core dimensions of its arrays."""
        return self.centre.core

    @property
    def centre(self) -> Case:
        """The centre case."""
        return next(case for case in self.cases if case.centre)

    def find(self, name: str) -> Case:
        """Return the case of that name, or raise a ValueError that lists the names there are."""
        for case in self.cases:
            if case.name == name:
                return case
        known = ", ".join(case.name for case in self.cases)
        raise ValueError(f"case: no {self.name} case is named {name!r}; there are {known}")
