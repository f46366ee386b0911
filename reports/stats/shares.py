"""Shares of what was counted, with 95 % intervals that know which counts belong together.

Comparisons of one gate share its minutes, so a hundred of them tell less than a hundred from as many gates. The
interval is the exact one (Clopper and Pearson, *Biometrika* 26, 1934) of a smaller sample: smaller by the design
effect, the variance between gates ÷ that of as many independent comparisons, and by what so few gates leave unknown of
that variance. Where none or all count, or there is one gate alone, no variance between gates is seen, and the interval
is that of independent comparisons. The share of gates stands beside it for this.

Source: E. L. Korn and B. I. Graubard, Confidence intervals for proportions with small expected number of positive
counts estimated from survey data, Survey Methodology 24 (1998); K. F. Hirji, A. A. Tsiatis and C. R. Mehta, Median
unbiased estimation for binary data, The American Statistician 43 (1989).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from scipy.stats import beta
from scipy.stats import t as student


@dataclass(frozen=True)
class Share:
    """A count of some, with the 95 % interval of their share; None where there are none to count."""

    hits: int
    of: int
    low: float | None
    high: float | None

    @property
    def share(self) -> float | None:
        """The share itself."""
        return self.hits / self.of if self.of else None

    @property
    def middle(self) -> float | None:
        """The median-unbiased share, which is as often too high as too low: three of three are no 100 %.

        It lies halfway between the share at which as many hits or more are as likely as not, and that at which as many
        or fewer are.
        """
        return sum(_ends(0.5, 0.5, self.hits, self.of - self.hits)) / 2 if self.of else None

    @classmethod
    def counted(cls, found: Iterable[bool]) -> Share:
        """Count what is true, of what is independent."""
        return cls.clustered((str(number), one) for number, one in enumerate(found))

    @classmethod
    def clustered(cls, found: Iterable[tuple[str, bool]]) -> Share:
        """Count what is true, where each comes with the name of what it shares with others."""
        kept = list(found)
        hits, of = sum(true for _, true in kept), len(kept)
        if not of:
            return cls(0, 0, None, None)
        size = _effective(Counter(name for name, _ in kept), Counter(name for name, true in kept if true))
        return cls(hits, of, *_ends(0.025, 0.975, size * hits / of, size * (of - hits) / of))


def _ends(low: float, high: float, hits: float, others: float) -> tuple[float, float]:
    """Return the ends of Clopper and Pearson's interval at two levels."""
    return (
        float(beta.ppf(low, hits, others + 1)) if hits else 0.0,
        float(beta.ppf(high, hits + 1, others)) if others else 1.0,
    )


def _effective(sizes: Counter[str], hits: Counter[str]) -> float:
    """Return how many independent comparisons tell as much as these."""
    of, clusters = sizes.total(), len(sizes)
    share = hits.total() / of
    if share in {0.0, 1.0} or clusters < 2:
        return of
    between = sum((hits[name] - share * size) ** 2 for name, size in sizes.items()) * clusters / (clusters - 1)
    design = max(1.0, between * (of - 1) / (of**2 * share * (1 - share)))
    known = float(student.ppf(0.975, of - 1) / student.ppf(0.975, clusters - 1))
    return float(of / design * known**2)
