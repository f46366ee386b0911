"""What is said of one implementation on one case, and of who wins that case; ``summary.schema.json`` has each field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.spec import CostClass
from reports.read.rows import Status
from reports.stats.limits import LimitKind

BASELINE = "numpy"
SUBJECT = "rust"
"""The implementation that is held against every other one, cell by cell."""

Against = Literal["baseline", "faster", "slower", "no difference shown", "no interval", "not known"]
Standing = Literal["best", "tied", "behind"]


@dataclass(frozen=True)
class Cell:
    """One implementation on one case; the attributes are those of ``summary.schema.json``."""

    kernel: str
    case: str
    dtype: str
    implementation: str
    threads: int
    status: Status
    reason: str
    shape: tuple[int, ...]
    measured_shape: tuple[int, ...] | None
    median_s: float | None
    processes: int
    ratio_vs_numpy: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_confidence: float | None
    cropped: bool
    against_numpy: Against
    standing: Standing | None
    gb_per_s: float | None
    fraction_of_limit: float | None
    fraction_low: float | None
    fraction_high: float | None
    limit: LimitKind | None
    peak_bytes: int | None
    minor_faults: int | None
    max_ulp: float | None
    repro: str

    @property
    def time_cropped(self) -> bool:
        """Whether the time itself, and not only the ratio, was measured on the centre crop."""
        return self.measured_shape is not None and self.measured_shape != self.shape


@dataclass(frozen=True)
class Versus:
    """The subject against one other implementation, measured side by side on one case.

    Attributes
    ----------
    other
        The other implementation.
    ratio, low, high
        Time of the other ÷ time of the subject, with its interval: more than 1 says that the subject is faster.
    cropped
        Whether it was measured on the centre crop.
    word
        The ratio in a word.
    """

    other: str
    ratio: float
    low: float | None
    high: float | None
    cropped: bool
    word: Against


@dataclass(frozen=True)
class Contest:
    """Who wins one case of one kernel.

    Attributes
    ----------
    kernel, cost_class, case
        Names.
    best, tied
        The fastest arm by paired ratios, and those whose interval against it includes 1; None and empty without times.
    best_peer
        The fastest of the peers that can take the case, None where none has a time.
    rust_vs_numpy, rust_vs_numba, rust_vs_best_peer
        The subject against expert NumPy, Numba and that peer; None where one of the two has no time.
    rust_vs_others
        The subject against every other arm that has a time.
    """

    kernel: str
    cost_class: CostClass
    case: str
    best: str | None
    tied: tuple[str, ...]
    best_peer: str | None
    rust_vs_numpy: Versus | None
    rust_vs_numba: Versus | None
    rust_vs_best_peer: Versus | None
    rust_vs_others: tuple[Versus, ...]

    @property
    def winners(self) -> frozenset[str]:
        """The best arm and those that tie with it."""
        return frozenset(self.tied) | ({self.best} if self.best else frozenset())

    @property
    def losses(self) -> tuple[Versus, ...]:
        """Those against which the subject's whole interval says slower."""
        against = (self.rust_vs_numpy, self.rust_vs_numba, self.rust_vs_best_peer)
        return tuple(v for v in against if v is not None and v.word == "slower")
