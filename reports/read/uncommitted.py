"""What a run and its report were made with that no commit has, so that nobody else gets these numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import checkout
from reports.read.jsonio import Json


@dataclass(frozen=True)
class Uncommitted:
    """Files of the lab that differed from its commit.

    Attributes
    ----------
    measuring
        When the run began, went on or ended.
    during
        Those of them that changed between these times.
    reporting
        When the report was made.
    """

    measuring: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    reporting: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return what is to be said of it, or nothing."""
        parts = []
        if self.measuring:
            parts.append(f"measured with {checkout.listed(self.measuring)}")
        if self.during:
            parts.append(f"of which {checkout.listed(self.during)} changed during the run")
        if self.reporting:
            parts.append(f"reported with {checkout.listed(self.reporting)}")
        return f"Uncommitted changes: {', '.join(parts)}; nobody else can repeat these numbers" if parts else ""


def of_run(run_dir: Path, receipt: Json) -> Uncommitted:
    """Return what a run noted; one of old has but the list in its receipt, made at the end."""
    notes = checkout.notes(run_dir)
    if not notes:
        said = receipt.get("lab", {}).get("changed_files", ())
        if isinstance(said, str):  # why it could not be told
            return Uncommitted((said,))
        return Uncommitted(tuple(line[3:] for line in said if checkout.judges(line[3:])))
    states = [dict(note["changed"]) for note in notes if isinstance(note["changed"], Mapping)]
    names = dict.fromkeys(name for state in states for name in state)
    return Uncommitted(tuple(names), tuple(name for name in names if len({state.get(name) for state in states}) > 1))


def now() -> tuple[str, ...]:
    """Return which files of the lab differ from HEAD now, or why that is not known."""
    try:
        return tuple(checkout.changed(checkout.JUDGING))
    except OSError as error:
        return (f"unavailable: {error}",)
