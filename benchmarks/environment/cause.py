"""Why a program failed: the lines of its log that say so, instead of those that happen to be the last.

A log ends with tables, summaries and tracebacks of whoever called whom. What a reader needs are the compiler's errors
with their places, or the exception, or what pip, Cargo or git call an error; in this order, since a compiler's error
also makes an exception of the program that called it, and that an error of pip's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

NOTHING = "it said nothing"
MOST_LINES = 12
LAST_LINES = 8
"""Of a log in which nothing is called an error."""

FRAME = re.compile(r"^\s*(File \".*\", line \d+|Traceback \(most recent call last\))")
EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning|Unavailable|Refused)?(?::\s.*|)$")
COMPILER = re.compile(r"^\s*error(?:\[E\d+\])?: ")
C_COMPILER = re.compile(r"^\s*[^\s:]+:\d+(?::\d+)?: (?:fatal )?error: ")
SUMMARY = re.compile(r"could not compile|aborting due to|subprocess-exited-with-error|build failed")
PLACE = re.compile(r"^\s*--> ")
CAUSED = re.compile(r"^\s*Caused by:")
CRASH = re.compile(
    r"^(Fatal Python error: |thread '.*' .*panicked at |fatal: |ld: |collect2: |/usr/bin/ld: )|No space left"
)
CALLED = re.compile(r"^\s*(ERROR|error|Error)\b:? ")


def cause(log: str) -> str:
    """Return the lines of a log that say why a program failed; its end where none does."""
    return "\n".join(_why(log) or _said(log)[-LAST_LINES:]) or NOTHING


def sentence(log: str) -> str:
    """Return the same in one line, as far as a list of many has room for it."""
    return " ".join(line.strip() for line in _why(log)[:2] or _said(log)[-1:]) or NOTHING


def _said(log: str) -> list[str]:
    return [line.rstrip() for line in log.splitlines() if line.strip()]


def _why(log: str) -> list[str]:
    """Return the lines that say why, none where no line does."""
    lines = [line.rstrip() for line in log.splitlines()]
    for find in (_compiler, _crash, _exception, _called):
        if found := find(lines):
            return _shifted(found)[:MOST_LINES]
    return []


def _compiler(lines: Sequence[str]) -> list[str]:
    """Return the errors of a compiler or of Cargo, each with its place or with what caused it."""
    found: list[str] = []
    is_rust = any(PLACE.match(line) or CAUSED.match(line) or "error[E" in line for line in lines)
    for number, line in enumerate(lines):
        if C_COMPILER.match(line):
            found.append(line)
        if not is_rust or not COMPILER.match(line) or SUMMARY.search(line):
            continue
        found.append(line)
        found += [after for after in lines[number + 1 : number + 4] if PLACE.match(after)]
        found += _caused(lines[number + 1 :])
    return list(dict.fromkeys(found))


def _caused(lines: Sequence[str]) -> list[str]:
    """Return Cargo's causes, which stand below an error with empty lines between."""
    found: list[str] = []
    for before, line in pairwise(["", *lines]):
        if CAUSED.match(before):
            found += [before, line]
        elif line.strip() and not CAUSED.match(line):
            break
    return found


def _crash(lines: Sequence[str]) -> list[str]:
    found: list[str] = []
    for number, line in enumerate(lines):
        if CRASH.search(line.strip()):
            found += [line, lines[number + 1]] if "panicked at" in line and number + 1 < len(lines) else [line]
    return list(dict.fromkeys(found))


def _exception(lines: Sequence[str]) -> list[str]:
    """Return what the last traceback ends with: the exception, and its message to the next empty line."""
    frames = [number for number, line in enumerate(lines) if FRAME.match(line)]
    if not frames:
        return []
    indent = len(lines[frames[-1]]) - len(lines[frames[-1]].lstrip())
    for number in range(frames[-1] + 1, len(lines)):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip()) < max(indent, 1) and EXCEPTION.match(line.strip()):
            return [line, *_to_empty(lines[number + 1 :])]
    return []


def _to_empty(lines: Sequence[str]) -> list[str]:
    end = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    return list(lines[:end])


def _called(lines: Sequence[str]) -> list[str]:
    """Return what pip, asv and our own programs call an error."""
    return list(dict.fromkeys(line for line in lines if CALLED.match(line) and not SUMMARY.search(line)))


def _shifted(lines: Sequence[str]) -> list[str]:
    """Return lines without the indent that all of them have."""
    least = min(len(line) - len(line.lstrip()) for line in lines)
    return [line[least:] for line in lines]
