"""``python -m lab <verb>``: reads the arguments, calls one room of the lab and shows what came of it.

Only the verb that is asked for is imported, and a verb imports its room when it runs, so that ``--help`` answers at
once and a broken room breaks no other verb.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Any

import typer

VERBS: dict[str, str] = {
    "data": "See the inputs: shapes, missing shares, licences, a quick look.",
    "verify": "Check every implementation against the contract.",
    "fuzz": "Make random calls by the million: no crash, panic or leak.",
    "try": "Check a function of your own, and time it beside ours.",
    "run": "Measure named cases through asv, paired and checked.",
    "runs": "List the runs there are: state, cells, age.",
    "report": "Turn a run into a page, a table, CSV and JSON.",
    "compare": "See what differs between two runs, commits or arms.",
    "time": "Measure one cell again: what the report's repro line runs.",
    "gate": "Compare two commits in lock-step: what regressed?",
    "ratios": "Hold a run against kept ratios to NumPy: what fell?",
    "bisect": "Find the commit that made a kernel slower.",
    "inject": "Slow an implementation down: does the gate find it?",
    "calibrate": "Learn how often the gate errs: A/A, injections.",
    "ledger": "See how often the gate errs, by its calibration.",
    "experts": "Time the expert NumPy forms beside all others known.",
    "history": "Measure several commits on this machine.",
    "record": "Keep a machine's history under reports/record.",
    "flags": "See what became slower over the history, since when.",
    "dashboard": "Publish asv's history as an offline page on loopback.",
    "new": "Write the skeletons of a new kernel.",
    "derive": "Write anew what follows from the kernels: stubs, tables.",
    "info": "See what is installed: build, SIMD path, versions, pins.",
}

ROOMS = frozenset({"lab", "inputs", "benchmarks", "reports"})
REPORTED = (
    ("inputs.real.cubes", "Unavailable"),
    ("benchmarks.environment.process", "MeasurementError"),
    ("benchmarks.asv.runner", "AsvError"),
)
"""Errors of the rooms that say all there is to say; none of their modules is imported for it."""
LINES_OF_A_SENTENCE = 3

PURPOSE = """Earth Observation kernels in NumPy, Numba and Rust, under one contract.

\b
Checks each against a slow, readable oracle, times them side by side, and says
which is faster, by how much and how surely. Verbs in the order of use:
"""

EXAMPLE = """\b
Example:
  python -m lab verify temporal_median
  python -m lab run --tier smoke --centre && python -m lab report
"""


def build_app(wanted: str | None) -> typer.Typer:
    """Return the application, with the verb `wanted` imported and the others as names with a line of help."""
    app = typer.Typer(
        name="lab",
        help=PURPOSE,
        epilog=EXAMPLE,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def lab(debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.")) -> None:
        pass

    for verb, line in VERBS.items():
        app.command(verb, short_help=line)(_function(verb) if verb == wanted else _unused)
    return app


def _function(verb: str) -> Callable[..., Any]:
    """Import a verb's file and return its function of the same name; where Python keeps the name, ``_`` follows it."""
    name = f"{verb}_" if iskeyword(verb) else verb
    function: Callable[..., Any] = getattr(import_module(f"lab.{name}"), name)
    return function


def _unused() -> None:
    """Stand in for a verb that this call does not ask for."""


def sentence(error: BaseException) -> str | None:
    """Return what an error says, on one line, or None where it is a defect of the lab, which needs its traceback.

    A sentence is enough for what the caller can change: arguments, data that is not there, a package or a file that is
    missing, a skeleton that is not written yet. What ends with the log of a program, such as a compiler's, keeps its
    lines.
    """
    usage = getattr(error, "format_message", None)  # typer's own errors; their base class is private
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").split(".")[0]
        return None if missing in ROOMS else f"{missing} is not installed in {sys.executable}; `make setup` installs it"
    if usage is None and not isinstance(error, (ValueError, OSError, NotImplementedError)) and not _is_reported(error):
        return None
    text = str(usage() if usage else error).strip()
    if len(text.splitlines()) <= LINES_OF_A_SENTENCE:
        text = " ".join(text.split()) or type(error).__name__
    return text.removeprefix("Invalid value: ")


def _is_reported(error: BaseException) -> bool:
    kinds = [getattr(sys.modules[module], name) for module, name in REPORTED if module in sys.modules]
    return isinstance(error, tuple(kinds))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: what the verb says, and 2 for an error that stopped it."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    wanted = next((argument for argument in given if argument in VERBS), None)
    try:
        code = build_app(wanted)(args=given or ["--help"], prog_name="python -m lab", standalone_mode=False)
    except typer.Abort:
        return 130
    except Exception as error:
        text = None if debug else sentence(error)
        if text is None:
            raise
        from lab import terminal

        terminal.say(f"error: {text}", "red")
        return 2
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    from inputs.host import surroundings
    from lab import terminal

    terminal.degrade()
    surroundings.enter()
    try:
        ended = main()
    except Exception:  # Python itself would end with 1, which says of a gate that something regressed
        traceback.print_exc()
        ended = 2
    raise SystemExit(ended)
