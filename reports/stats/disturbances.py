"""What the controls of a gate say: which pairs are void, and by how much what matters is widened.

A pair is *void* where something took the core away while it was timed, or it was not measured as planned: it counts
nowhere. What *matters* is widened where the machine shows itself to be restless, though no single pair is to blame.
Controls decide nothing else: they never make a change larger, nor a verdict surer.

Of a whole pair of processes: stolen time, a quota that was used up, another processor, a load beside it that was not as
planned, and a canary that runs on one core, far below what it reached in this gate. Of one cell in it: waiting for a
core, and pages that were read from the disk. Minor faults, bandwidth and the load average are kept and void nothing:
huge pages, which are drawn, change the first; both sides of a pair share the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from benchmarks.gate.lines import Pair
from benchmarks.gate.plan import Plan

STOLEN_SHARE = 0.05
"""Share of processor time taken by others beyond which a pair is void."""
WAITED_SHARE = 0.05
"""Share of the timed blocks of a cell that a process may have waited for a core."""
CORE_CANARIES = {"flop_per_s": "multiply-adds", "stencil_pixels_per_s": "the stencil"}
SLOW_CORE = 2 / 3
"""Share of its upper quartile over the gate below which a canary on one core says that the core was not free."""
RESTLESS_BANDWIDTH = 2.0
"""Ninth decile of one thread's bandwidth over the gate ÷ the first, beyond which what matters is widened."""
WIDER = 1.5
"""… by so much."""
FEWEST = 4
"""Pairs from which on canaries are compared with each other."""

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Widening:
    """By how much what matters is widened, 1 for not at all, and why, or nothing."""

    factor: float = 1.0
    why: str = ""

    def or_(self, other: Widening) -> Widening:
        """Return the larger one."""
        return max(self, other, key=lambda one: one.factor)


def void(plan: Plan, controls: Sequence[Line]) -> dict[tuple[str, int], str]:
    """Return (stage, number) → why that pair of processes is void."""
    best = {name: _upper_quartile(controls, name) for name in CORE_CANARIES}
    rules: tuple[Callable[[Line], str], ...] = (
        lambda line: _elsewhere(line, plan.processor),
        lambda line: _loaded(line, plan.beside),
        _stolen,
        _throttled,
        lambda line: _core(line, best),
    )
    found = {}
    for line in controls:
        if why := next((said for rule in rules if (said := rule(line))), ""):
            found[line["stage"], line["number"]] = why
    return found


def disturbed(pair: Pair) -> str:
    """Return why what happened to its processes makes a cell's pair void, or nothing."""
    for name, side in (("base", pair.base), ("head", pair.head)):
        if side.waited_share is not None and side.waited_share > WAITED_SHARE:
            return f"{name} waited for a core in {side.waited_share:.0%} of its timed blocks"
        if side.major_faults:
            return f"{name} had pages read from the disk in its timed blocks"
    return ""


def unequal(seeming: Sequence[float]) -> Widening:
    """Return how far equal cells widen what matters, by what each seems to differ, in multiples of what matters."""
    usual = median(seeming) if seeming else 1.0
    if usual <= 1:
        return Widening()
    return Widening(usual, "half of the cells that are compared with themselves seem to differ by more than matters")


def restless(controls: Iterable[Line]) -> Widening:
    """Return how far the bandwidth of the gate's minutes widens what matters."""
    ones = _known(controls, "triad_1_gb_per_s")
    if len(ones) < FEWEST:
        return Widening()
    deciles = quantiles(ones, n=10, method="inclusive")
    spread = deciles[-1] / deciles[0]
    if spread <= RESTLESS_BANDWIDTH:
        return Widening()
    return Widening(WIDER, f"bandwidth varied {spread:.1f}-fold from pair to pair")


def _elsewhere(line: Line, processor: str) -> str:
    found = line.get("processor", processor)
    return f"measured on another processor, {found}" if processor and found != processor else ""


def _loaded(line: Line, planned: str) -> str:
    load = line.get("beside") or {}
    if load.get("kind", "") != planned:
        return f"the load beside it was {load.get('kind') or 'none'}, planned was {planned or 'none'}"
    return "the load beside it had ended before" if load.get("ended") else ""


def _stolen(line: Line) -> str:
    stolen = line.get("steal_share")
    if isinstance(stolen, float) and stolen > STOLEN_SHARE:
        return f"{stolen:.0%} of the processors' time was taken by others"
    return ""


def _throttled(line: Line) -> str:
    throttled = line.get("throttled_periods")
    if isinstance(throttled, int) and throttled > 0:
        return f"the quota was used up in {throttled} periods"
    return ""


def _core(line: Line, best: Mapping[str, float]) -> str:
    for name, words in CORE_CANARIES.items():
        rate, usual = line.get(name), best[name]
        if isinstance(rate, float) and rate < SLOW_CORE * usual:
            return f"{words} ran at {rate / usual:.0%} of their rate in other pairs: the core was not free"
    return ""


def _upper_quartile(controls: Sequence[Line], name: str) -> float:
    rates = _known(controls, name)
    return quantiles(rates, n=4, method="inclusive")[-1] if len(rates) >= FEWEST else 0.0


def _known(controls: Iterable[Line], name: str) -> list[float]:
    return [rate for line in controls if isinstance(rate := line.get(name), float) and rate > 0]
