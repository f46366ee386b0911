"""What more threads give, held against what the machine itself gives to a triad and to fused multiply-adds.

A kernel's gain is the time of its centre case on one thread ÷ the time of the same case on more, paired by process.
The two cases follow each other in a process and do not alternate, so the intervals are wider than those inside a case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.registry import takes_threads
from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import find
from reports.read.rows import Control, Row, Run
from reports.stats.cells import Cell
from reports.stats.limits import LimitKind
from reports.stats.run_ratio import run_ratio
from reports.stats.speedup import Interval, shared


@dataclass(frozen=True)
class ThreadScaling:
    """One implementation on one case with more threads than one.

    Attributes
    ----------
    kernel, case, one_thread_case, implementation, threads
        Names of the case and of the one that it is compared with, and threads that the arm was given.
    gain, gain_low, gain_high
        Time on one thread ÷ time on these.
    triad, fma
        The same of the controls: median over processes of bandwidth, and of the multiply-add rate, ÷ that of one
        thread.
    control
        Which of the two the kernel is held against: FMA (``compute``) where it declares operations that cannot be
        avoided, else the triad (``memory``).
    of_control, of_control_low, of_control_high
        Gain ÷ that control's, paired by process; 1 is all that the machine gives.
    """

    kernel: str
    case: str
    one_thread_case: str
    implementation: str
    threads: int
    gain: float
    gain_low: float | None
    gain_high: float | None
    triad: float | None
    fma: float | None
    control: LimitKind
    of_control: float | None
    of_control_low: float | None
    of_control_high: float | None


def thread_scaling(run: Run, kernels: Mapping[str, Kernel], cells: Sequence[Cell]) -> tuple[ThreadScaling, ...]:
    """Return the gain of every threaded implementation on every case that differs from another in threads alone."""
    rows = {(r.kernel, r.case, r.implementation): r for r in run.rows if r.group == "call" and r.status == "ok"}
    found = []
    for kernel, name in dict.fromkeys((c.kernel, c.case) for c in cells):
        case = find(kernels[kernel].family, name)
        one = _one_thread(case, kernels[kernel], cells) if case.threads != 1 else None
        if one is None:
            continue
        controls = [c for c in run.controls if c.kernel == kernel]
        kind: LimitKind = "memory" if kernels[kernel].cost.operations is None else "compute"
        for arm in (a for a in kernels[kernel].implementations if takes_threads(a)):
            pair = (rows.get((kernel, one, arm)), rows.get((kernel, name, arm)))
            if pair[0] and pair[1] and pair[1].threads > 1:
                found.append(_scaling(pair[0], pair[1], controls, kind))
    return tuple(found)


def _one_thread(case: Case, kernel: Kernel, cells: Sequence[Cell]) -> str | None:
    """Return the measured case that is the same but for the threads."""
    names = dict.fromkeys(c.case for c in cells if c.kernel == kernel.name)
    plain = _but_for_threads(case)
    return next((n for n in names if (c := find(kernel.family, n)).threads == 1 and _but_for_threads(c) == plain), None)


def _but_for_threads(case: Case) -> Case:
    return replace(case, name="", tier="core", centre=False, threads=1)


def _scaling(one: Row, many: Row, controls: Sequence[Control], kind: LimitKind) -> ThreadScaling:
    gain = run_ratio(*shared(one.samples_s, many.samples_s))
    triads = {c.process: g for c in controls if (g := _triad_gain(c, many.threads))}
    fmas = {c.process: g for c in controls if (g := _fma_gain(c, many.threads, many.dtype))}
    chosen = fmas if kind == "compute" else triads
    share = _share(one, many, chosen)
    return ThreadScaling(
        kernel=one.kernel,
        case=many.case,
        one_thread_case=one.case,
        implementation=one.implementation,
        threads=many.threads,
        gain=gain.estimate,
        gain_low=gain.low,
        gain_high=gain.high,
        triad=_centre(triads),
        fma=_centre(fmas),
        control=kind,
        of_control=share.estimate if share else None,
        of_control_low=share.low if share else None,
        of_control_high=share.high if share else None,
    )


def _share(one: Row, many: Row, control: Mapping[int, float]) -> Interval | None:
    """Return gain ÷ the control's gain, paired by process."""
    processes = one.samples_s.keys() & many.samples_s.keys() & control.keys()
    ideal = {p: one.samples_s[p] / control[p] for p in processes}
    return run_ratio(*shared(ideal, many.samples_s)) if processes else None


def _triad_gain(control: Control, threads: int) -> float | None:
    many = _of_threads(control, threads, control.triad_2_gb_per_s, control.triad_all_gb_per_s)
    return many / control.triad_1_gb_per_s if many and control.triad_1_gb_per_s else None


def _fma_gain(control: Control, threads: int, dtype: str) -> float | None:
    """Return the gain at a float dtype; integers are computed in float32."""
    key = dtype if dtype in control.flop_per_s else "float32"
    many = _of_threads(control, threads, control.flop_2_per_s.get(key), control.flop_all_per_s.get(key))
    one = control.flop_per_s.get(key)
    return many / one if many and one else None


def _of_threads(control: Control, threads: int, two: float | None, every: float | None) -> float | None:
    return two if threads == 2 else every if threads == control.threads else None


def _centre(gains: Mapping[int, float]) -> float | None:
    return median(gains.values()) if gains else None
