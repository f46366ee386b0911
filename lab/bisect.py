"""``python -m lab bisect``: find the commit that made a kernel slower, with the statistics of the gate."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.gate.bisection import Answer
    from benchmarks.gate.builds import Build
    from benchmarks.gate.lines import Cell
    from benchmarks.gate.plan import Plan
    from benchmarks.runs.history import Commit
    from reports.stats.gating import Judged


def bisect(  # noqa: PLR0917 (typer hands them over by name)
    kernel: Annotated[str, typer.Argument(help="Which kernel.")],
    good: Annotated[str, typer.Argument(metavar="GOOD", help="A commit at which it was fast.")],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="A later one at which it is slow.")] = "HEAD",
    case: Annotated[
        list[str] | None, typer.Option("--case", metavar="CASE", help="May be repeated. Default: smoke and centre.")
    ] = None,
    implementation: Annotated[
        list[str] | None,
        typer.Option("--implementation", "-i", metavar="NAME", help="May be repeated. Default: all three."),
    ] = None,
    budget: Annotated[str, typer.Option(metavar="TIME", help="The most that one comparison may take.")] = "5m",
) -> None:
    """Compare commits with GOOD until one is left that made the kernel slower.

    A commit that does not build, or of which too little is known, is passed over. Exits with 0 when the commit was
    found, with 2 when BAD is not slower, or several commits are left.
    """
    from benchmarks.asv import runner
    from benchmarks.gate import bisection, builds, plan
    from benchmarks.runs import budget as durations
    from lab import progress, terminal

    plan.require_arms(implementation or ())
    plan.chosen_cases([kernel], "smoke", case or ())
    runner.heed_interrupts()
    console = terminal.console()
    commits = bisection.between(good, bad)
    with progress.shown(f"building {good}, or finding it in the cache"):
        base = builds.build(good)
    asking = _Asking(console, base, kernel, tuple(case or ()), tuple(implementation or ()), durations.parse(budget))
    console.print(f"{len(commits)} commits from {good} to {bad}", highlight=False)
    if (answer := asking.ask(commits[-1])) != "bad":
        why = f"is not slower than {good}" if answer == "good" else f"cannot be told from {good}, see above"
        terminal.say(f"error: {bad} {why}; there is nothing to find.", "red")
        raise typer.Exit(2)
    found = bisection.search(commits, asking.ask)
    several = len(found.suspects) > 1
    console.print("One of these made it slower; those between tell nothing:" if several else "It became slower with:")
    for one in found.suspects:
        console.print(f"  {one.commit[:12]} {one.subject}", highlight=False, soft_wrap=True)
    raise typer.Exit(2 if several else 0)


class _Asking:
    """Asks of one commit after the other whether the kernel is slower than in base.

    The last commit is asked about all cells, and those after it about the one whose slowdown is the clearest there: a
    commit is good where the interval of that cell ends before half of it. Whether it is as fast as base to the percent,
    which short calls hardly ever show, does not matter for the question.
    """

    def __init__(  # noqa: PLR0917
        self, console: Console, base: Build, kernel: str, cases: tuple[str, ...], arms: tuple[str, ...], limit_s: float
    ) -> None:
        self.console, self.base, self.limit_s = console, base, limit_s
        self.kernel, self.cases, self.arms = kernel, cases, arms
        self.slower: dict[Cell, float] = {}
        """The cell that is followed → half of its slowdown, as a ratio to base; empty before it is known."""

    def ask(self, commit: Commit) -> Answer:
        """Compare a commit with base, and say what that shows."""
        answer, why = self._asked(commit)
        self.console.print(f"{answer}: {commit.commit[:8]} {commit.subject} ({why})", highlight=False, soft_wrap=True)
        return answer

    def _asked(self, commit: Commit) -> tuple[Answer, str]:
        from benchmarks.gate import builds
        from lab import progress
        from lab.gate_run import GateRun
        from reports.stats import gating

        try:
            with progress.shown("building the wheel, or finding it in the cache"):
                head = builds.build(commit.commit)
        except OSError as error:
            return "unknown", str(error).splitlines()[0]
        if head.digest == self.base.digest:
            return "good", "the same wheel"
        planned = self._planned(head)
        if not planned.cells:
            return "good", "what changed cannot affect it"
        run = GateRun(planned, planned.begin(), monotonic() + self.limit_s)
        return self._answer(planned, gating.judge_all(run.run()))

    def _planned(self, head: Build) -> Plan:
        from benchmarks.gate import plan
        from benchmarks.gate.affected import affected

        cases = plan.chosen_cases([self.kernel], "smoke", self.cases)
        planned = plan.make_plan(self.base, head, affected(self.base, head), cases).of(self.arms)
        return planned.only(self.slower) if self.slower else planned

    def _answer(self, planned: Plan, judged: list[Judged]) -> tuple[Answer, str]:
        from reports.stats.verdicts import Word
        from reports.write import gate_page

        regressed = [one for one in gate_page.changed(judged) if one.verdict.word is Word.REGRESSED]
        if regressed:
            self.slower = self.slower or _followed(regressed)
            return "bad", gate_page.sentence(regressed[0])
        all_good = len(judged) == len(planned.cells) and all(self._is_good(one) for one in judged)
        return "good" if all_good else "unknown", gate_page.counts(judged)

    def _is_good(self, judged: Judged) -> bool:
        """Tell whether a cell is shown to be without the slowdown, or, where none is known yet, to be no slower."""
        from reports.stats.verdicts import Word

        word, change = judged.verdict.word, judged.verdict.change
        if word in {Word.EQUIVALENT, Word.IMPROVED, Word.LAYOUT_ARTEFACT}:
            return True
        half = self.slower.get(judged.cell)
        below = half is not None and change is not None and change.high is not None and change.high < half
        return below and word is Word.INCONCLUSIVE


def _followed(regressed: list[Judged]) -> dict[Cell, float]:
    """Return the cell whose slowdown is the clearest, with half of that slowdown."""
    changes = {one.cell: change for one in regressed if (change := one.verdict.change) is not None}
    clearest = max(changes, key=lambda cell: changes[cell].low or 0.0)
    return {clearest: changes[clearest].estimate ** 0.5}
