"""What the analysis knows about a measurement. asv's format stays in ``load.py``; from here on there are only rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reports.read.uncommitted import Uncommitted

Status = Literal["ok", "failed", "skipped"]
Group = Literal["call", "crop"]

WALL = "wall"
NOT_MEASURED = "not measured"


def is_missing(status: Status, reason: str) -> bool:
    """Tell whether a row or a cell says that it was planned and never measured."""
    return status == "failed" and reason.startswith(NOT_MEASURED)


@dataclass(frozen=True)
class Row:
    """One implementation on one case in one group of interleaved arms.

    Attributes
    ----------
    kernel, implementation, case, dtype
        Names; `dtype` is the input's.
    threads
        Threads that the arm was given.
    commit, machine
        Commit of the wheel and asv's name of the machine.
    group
        ``call``: the case as declared. ``crop``: its centre crop, where some arm is too slow for the whole.
    status, reason
        ``ok`` has samples; ``failed`` and ``skipped`` have none and say why.
    samples_s
        Process → robust seconds per call. Rows of one kernel, case and group pair by process.
    shape, measured_shape
        Logical shape of the case, and the shape that was really measured.
    input_bytes, output_bytes
        Size of the arrays of one call; together the compulsory traffic.
    peak_bytes, minor_faults
        Peak memory of one call above what was held before it, and its minor page faults; None where unknown.
    max_ulp
        Largest distance from the oracle in units in the last place; None where unknown.
    """

    kernel: str
    implementation: str
    case: str
    dtype: str
    threads: int
    commit: str
    machine: str
    group: Group
    status: Status
    reason: str
    samples_s: Mapping[int, float]
    shape: tuple[int, ...]
    measured_shape: tuple[int, ...]
    input_bytes: int
    output_bytes: int
    peak_bytes: int | None = None
    minor_faults: int | None = None
    max_ulp: float | None = None


@dataclass(frozen=True)
class Control:
    """What one process of one kernel measured about the machine itself.

    Attributes
    ----------
    triad_1_gb_per_s, triad_2_gb_per_s, triad_all_gb_per_s
        Bandwidth of a triad on one, on two and on all threads; None where unknown.
    minmax_pairs_per_s
        Input dtype → measured peak rate of min/max pairs on one thread.
    flop_per_s, flop_2_per_s, flop_all_per_s
        Float dtype → measured peak rate of floating-point operations on one, on two and on all threads together.
    threads
        What "all" stands for; None where unknown.
    online_cores
        Cores of the machine, whoever may use them; None where unknown.
    quota_cores
        Cores' worth of time that the quota of a control group grants; None without one, or where unknown.
    quota_periods, throttled_periods
        Periods of that quota while the process measured, and those in which it was stopped; None where unknown.
    floor_s
        Implementation → seconds of a call on empty arrays.
    steal_share
        Share of the processor's time that the hypervisor gave to others, 0–1; None where unknown.
    load_1min
        Load average at the end of the process; None where unknown.
    """

    kernel: str
    process: int
    triad_1_gb_per_s: float | None
    triad_2_gb_per_s: float | None
    minmax_pairs_per_s: Mapping[str, float] = field(default_factory=dict)
    flop_per_s: Mapping[str, float] = field(default_factory=dict)
    floor_s: Mapping[str, float] = field(default_factory=dict)
    steal_share: float | None = None
    triad_all_gb_per_s: float | None = None
    flop_2_per_s: Mapping[str, float] = field(default_factory=dict)
    flop_all_per_s: Mapping[str, float] = field(default_factory=dict)
    threads: int | None = None
    load_1min: float | None = None
    quota_cores: float | None = None
    quota_periods: int | None = None
    throttled_periods: int | None = None
    online_cores: int | None = None

    @property
    def throttled_share(self) -> float | None:
        """Share of the quota's periods in which the process was stopped, 0–1; 0 without a quota."""
        if self.quota_periods is None or self.throttled_periods is None:
            return None
        return self.throttled_periods / self.quota_periods if self.quota_periods else 0.0


@dataclass(frozen=True)
class Start:
    """How one implementation begins, in fresh processes on a small case; None where it does not apply or is unknown.

    Attributes
    ----------
    kernel, implementation, status, reason
        As in `Row`.
    import_s
        Importing the implementation, NumPy aside.
    compile_s
        The first call with nothing compiled on disk.
    first_s
        The first call of a process, with what was compiled before read from disk.
    warm_s
        The same call later on.
    floor_s
        A warm call on empty arrays.
    dispatch_s
        Numba's bare dispatch of a function that does nothing.
    """

    kernel: str
    implementation: str
    status: Status
    reason: str
    import_s: float | None
    compile_s: float | None
    first_s: float | None
    warm_s: float | None
    floor_s: float | None
    dispatch_s: float | None


@dataclass(frozen=True)
class SizeTimes:
    """One implementation on one of the small sizes that show where a call itself decides; `samples_s` as in `Row`."""

    kernel: str
    implementation: str
    shape: tuple[int, ...]
    samples_s: Mapping[int, float]


@dataclass(frozen=True)
class LeftOut:
    """A case that the run's budget had no time for, the seconds that it was thought to take, and why."""

    kernel: str
    case: str
    estimate_s: float | None
    reason: str


@dataclass(frozen=True)
class PlannedCell:
    """A cell that the run set out to measure."""

    kernel: str
    case: str
    implementation: str


@dataclass(frozen=True)
class Check:
    """One verdict of the contract, where the run kept them."""

    kernel: str
    implementation: str
    status: Status


@dataclass(frozen=True)
class Run:
    """A run as it is on disk: what was planned, what came of it, and on what machine.

    `receipt` is provenance for the reader, a nested plain dict without agreed keys; no number is computed from it.
    `problems` is what kept the run from being complete when it ended, a sentence each. `input_versions` has for each
    kernel the version of its inputs and arguments, as asv knows it; older runs do not say.
    """

    run_id: str
    created: str
    commit: str
    tier: str
    machine: str
    processes: int
    wheel_digest: str
    plan: tuple[PlannedCell, ...]
    rows: tuple[Row, ...]
    controls: tuple[Control, ...] = ()
    checks: tuple[Check, ...] = ()
    problems: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()
    sizes: tuple[SizeTimes, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    uncommitted: Uncommitted = field(default_factory=Uncommitted)
    receipt: Mapping[str, Any] = field(default_factory=dict)
    input_versions: Mapping[str, str] = field(default_factory=dict)

    def machine_record(self) -> dict[str, Any]:
        """Return asv's name of the machine and what the receipt says about it."""
        said = self.receipt.get("machine", {})
        return {"name": self.machine, **(said if isinstance(said, Mapping) else {"description": said})}
