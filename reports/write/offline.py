"""Finds what a web page would load from elsewhere, so that "opens from disk, without a network" can be checked."""

from __future__ import annotations

import re
from pathlib import Path

ADDRESS = r"""((?:https?:)?//[^"'`)\s>]+)"""
LOADING = tuple(
    re.compile(pattern + ADDRESS, re.IGNORECASE)
    for pattern in (
        r"""<(?:script|img|iframe|source|video|audio|embed|use)\b[^>]*?\b(?:src|href)\s*=\s*["']?""",
        r"""<link\b[^>]*?\bhref\s*=\s*["']?""",
        r"""\burl\(\s*["']?""",
        r"""@import\s+["']""",
        r"""\b(?:fetch|importScripts|import)\(\s*["'`]""",
    )
)
TEXTS = {".html", ".htm", ".css", ".js", ".mjs", ".svg"}


def external_loads(text: str) -> list[str]:
    """Return the addresses outside the page that a browser would load for it; links that a reader clicks don't count.

    Parameters
    ----------
    text
        Source of a page, style sheet or script.
    """
    return sorted({match for pattern in LOADING for match in pattern.findall(text)})


def external_loads_of(folder: Path) -> dict[str, list[str]]:
    """Return file → addresses for every page, style sheet and script under `folder` that loads from elsewhere."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in TEXTS and path.is_file():
            loads = external_loads(path.read_text(errors="replace", encoding="utf-8"))
            if loads:
                found[path.relative_to(folder).as_posix()] = loads
    return found
