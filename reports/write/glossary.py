"""The lab's words for the report's page, read from `docs/glossary.md`, so that they are explained in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

PAPER = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
ROW = re.compile(r'^\| <a id="word-([a-z]+)"></a>(.+?) \| (.+) \|$', re.MULTILINE)


@dataclass(frozen=True)
class Term:
    """A word of the lab and what it means, as HTML."""

    word: Markup
    meaning: Markup


def terms() -> Mapping[str, Term]:
    """Return anchor → term, in the order of the paper."""
    rows = ROW.findall(PAPER.read_text(encoding="utf-8"))
    return {anchor: Term(_html(word), _html(meaning)) for anchor, word, meaning in rows}


def _html(text: str) -> Markup:
    """Return a text with the two marks of Markdown that the glossary uses: `code` and *emphasis*."""
    code = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"(?<![\w*])\*([A-Za-z ]+)\*", r"<i>\1</i>", code))
