"""Chooses the figures of the rule for times, on series that the scoreboard does not use.

``python -m reports.stats.tuning`` tries all combinations on the even seeds and prints the best ones; the scoreboard
counts on the odd ones. A combination is allowed where it makes at most one false flag in 100 series of any kind. Where
the machine has two states one in 20 is allowed, because the first change of state looks like a step until the level
comes back. Of the allowed combinations that which finds most steps is the best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import expm1, log

from reports.stats.changepoints import TIMES, Rule
from reports.stats.labelled import collection
from reports.stats.scoreboard import matched, ours

MOST_FALSE = 0.01
EXCEPTED = frozenset({"two states", "step among states"})
MOST_FALSE_IN_STATES = 0.05
SEEDS = range(0, 400, 2)
REPORTED = range(1, 2001, 2)
"""Seeds of the scoreboard; none of them is tuned on."""


@dataclass(frozen=True)
class Trial:
    """A rule, the share of steps that it finds, and the most false flags a series that it makes of any kind."""

    rule: Rule
    found: float
    worst: float
    worst_in_states: float

    @property
    def allowed(self) -> bool:
        """Whether it makes few enough false flags."""
        return self.worst <= MOST_FALSE and self.worst_in_states <= MOST_FALSE_IN_STATES


def candidates() -> Iterator[Rule]:
    """Yield the rules that are tried."""
    sizes = [log(1.08), log(1.12), log(1.16)]
    for penalty, alpha, states, slope in product((3, 6, 10), (1e-3, 1e-4, 1e-5), sizes, (1.2, 1.4, 1.6)):
        yield replace(TIMES, penalty=penalty, alpha=alpha, states=states, slope=slope)


def trials(seeds: Sequence[int], rules: Sequence[Rule]) -> list[Trial]:
    """Return what rules find and invent, the best one first."""
    series = list(collection(seeds))
    found = []
    for rule in rules:
        detector = ours(rule)
        judged = [(one, matched(one, detector)) for one in series]
        false = dict.fromkeys((one.kind for one in series), 0)
        for one, result in judged:
            false[one.kind] += result.false
        rates = {kind: count / len(seeds) for kind, count in false.items()}
        found.append(
            Trial(
                rule,
                sum(len(result.found) for _, result in judged) / sum(len(one.jumps) for one in series),
                max(rate for kind, rate in rates.items() if kind not in EXCEPTED),
                max(rate for kind, rate in rates.items() if kind in EXCEPTED),
            )
        )
    return sorted(found, key=lambda trial: (not trial.allowed, -trial.found))


if __name__ == "__main__":
    for trial in trials(SEEDS, list(candidates()))[:10]:
        print(
            f"penalty {trial.rule.penalty:g}, alpha {trial.rule.alpha:g}, states {expm1(trial.rule.states):.0%}, slope "
            f"{trial.rule.slope:g}: finds {trial.found:.1%}, false {trial.worst:.3f}, among states "
            f"{trial.worst_in_states:.3f}{'' if trial.allowed else ' (too many)'}"
        )
