"""What a trial comes to, in sentences: are the values right, how does it behave, which keywords does it not take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.calls.breaches import NOT_TAKEN, Breach, Kind
from benchmarks.contract.trial import CHUNKS, LAYOUTS, MEMORY, REFUSALS, VALUES
from benchmarks.contract.verdict import Verdict

Grouped = Sequence[tuple[str, Verdict]]
LONGEST = 160
"""Characters of a breach that are shown."""
PLAIN = frozenset({VALUES, LAYOUTS})
NO_VALUES = frozenset({REFUSALS, CHUNKS, MEMORY})
MANNERS: dict[Kind, str] = {
    "input": "it writes to its inputs",
    "beside": "it writes to memory that is not its result",
    "bits": "its result depends on the number of threads or on chunks",
    "shared": "its fresh result is not memory of its own",
    "warning": "it warns",
    "scalar": "it returns a scalar for an array",
    "object": "it returns another object than is due",
    "dtype": "it returns another dtype than is due",
    "order": "its fresh result has another memory order than is due",
    "out": "it does not return out",
    "copy": "it takes more memory than a call may: a hidden copy",
    "accepts": "it accepts wrong arguments",
    "exception": "it refuses wrong arguments by another exception than is due",
    "message": "it refuses wrong arguments without saying which",
}
"""Kind of breach → what a reader is told of it, in this order."""


@dataclass(frozen=True)
class Finding:
    """A sentence, and whether it says that something is wrong."""

    text: str
    wrong: bool


def findings(verdicts: Grouped, lacking: Sequence[str], others: Sequence[str] = ()) -> list[Finding]:
    """Return all that is to be said, the answer about values first.

    Parameters
    ----------
    verdicts
        Group and verdict of every question.
    lacking
        Keywords that the function says it does not take.
    others
        Defaults of the function that are not the kernel's.
    """
    plain = [one for group, one in verdicts if group in PLAIN]
    more = [one for group, one in verdicts if group not in PLAIN | NO_VALUES]
    every = [one for _, one in verdicts]
    found = [
        _values("values", "plain calls", plain),
        _values("other values", "calls with keywords or real data", more),
    ]
    if others:
        found.append(Finding(f"where a call leaves it out, it takes {'; '.join(others)}", wrong=True))
    found += [_manner(kind, every) for kind in MANNERS if _with(every, kind)]
    stray = _with([one for group, one in verdicts if group in NO_VALUES], "error")
    if stray:
        found.append(_example("it raises where it is asked about memory or chunks", stray, lambda b: b.kind == "error"))
    return [*found, *_keywords(every, lacking)]


def value_calls(verdicts: Grouped) -> tuple[int, int]:
    """Return on how many calls the values are right, and how many calls with values could be made."""
    asked = _asked([one for group, one in verdicts if group not in NO_VALUES])
    return sum(map(_is_right, asked)), len(asked)


def ways(verdicts: Grouped) -> int:
    """Return in how many ways, kinds of breaches, the contract is broken."""
    return len({breach.kind for _, one in verdicts for breach in one.breaches})


def _kinds(verdict: Verdict) -> set[Kind]:
    return {breach.kind for breach in verdict.breaches}


def _with(verdicts: Sequence[Verdict], kind: Kind) -> list[Verdict]:
    return [one for one in verdicts if kind in _kinds(one)]


def _asked(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return what could be asked: not skipped, and no keyword was refused."""
    return [one for one in verdicts if one.status != "skipped" and "keyword" not in _kinds(one)]


def _is_right(verdict: Verdict) -> bool:
    return not _kinds(verdict) & {"value", "error", "keyword", "missing"}


def _values(title: str, calls: str, verdicts: Sequence[Verdict]) -> Finding:
    """Say on how many calls that could be made the values are right."""
    asked = _asked(verdicts)
    if not asked:
        return Finding(f"{title}: none of the {calls} could be made", wrong=True)
    wrong = _with(asked, "value")
    silent = [one for one in asked if not _is_right(one) and one not in wrong]
    said = f"{title}: right on {len(asked) - len(wrong) - len(silent)} of {len(asked)} {calls}"
    if wrong:
        more = f", no answer on {len(silent)}" if silent else ""
        return _example(f"{said}{more}, wrong on {len(wrong)}", wrong, lambda b: b.kind == "value")
    if silent:
        return _example(f"{said}, no answer on {len(silent)}", silent, lambda b: b.kind in ("error", "missing"))
    return Finding(said, wrong=False)


def _manner(kind: Kind, verdicts: Sequence[Verdict]) -> Finding:
    return _example(MANNERS[kind], _with(verdicts, kind), lambda breach: breach.kind == kind)


def _example(said: str, verdicts: Sequence[Verdict], which: Callable[[Breach], bool]) -> Finding:
    """Add the first of some breaches to a sentence, and how many more calls have one."""
    first = verdicts[0]
    text = " ".join(next(breach.text for breach in first.breaches if which(breach)).removeprefix("warned: ").split())
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    more = f" ({len(verdicts) - 1} more)" if len(verdicts) > 1 else ""
    return Finding(f"{said}: {first.dtype} {first.case}: {text}{more}", wrong=True)


def _keywords(verdicts: Sequence[Verdict], lacking: Sequence[str]) -> list[Finding]:
    refused = _with(verdicts, "keyword")
    said = (NOT_TAKEN.search(breach.text) for one in refused for breach in one.breaches if breach.kind == "keyword")
    names = list(dict.fromkeys([*lacking, *(match[1] for match in said if match)]))
    if not names:
        return []
    text = f"it takes no {', no '.join(names)}; calls that hand one over and could not be made: {len(refused)}"
    return [Finding(text, wrong=True)]
