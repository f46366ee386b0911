"""What can be wrong with a call, by kind: wrong values are one thing, a warning beside right values is another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "value",
    "error",
    "keyword",
    "bits",
    "input",
    "beside",
    "shared",
    "warning",
    "scalar",
    "object",
    "dtype",
    "order",
    "out",
    "copy",
    "accepts",
    "exception",
    "message",
    "missing",
]
"""Kinds of breaches.

``value``: a value or a shape is wrong. ``error``: there is no value where one is due. ``keyword``: a keyword of the
kernel is not taken. ``bits``: the result depends on threads or on chunks. ``input``, ``beside``: an input, or memory
that is no result, is written. ``shared``: a fresh result is not memory of its own. ``warning``: the call warns.
``scalar``, ``object``, ``dtype``, ``order``: the values come as a scalar, in another object, dtype or memory order than
is due. ``out``: `out` itself is not returned. ``copy``: the call takes more memory than it may. ``accepts``,
``exception``, ``message``: wrong arguments are accepted, refused by another exception, or without naming the argument.
``missing``: there is no implementation.
"""

NOT_TAKEN = re.compile(r"unexpected keyword argument '(\w+)'")


@dataclass(frozen=True)
class Breach:
    """One thing that is wrong, in a sentence."""

    kind: Kind
    text: str


def raised(error: BaseException) -> Breach:
    """Return the breach of a call that raised where it must give values."""
    text = f"raised {type(error).__name__}: {error}"
    return Breach("keyword" if not_taken(error) else "error", text)


def not_taken(error: BaseException) -> bool:
    """Tell whether an error says that a function does not take a keyword."""
    return isinstance(error, TypeError) and NOT_TAKEN.search(str(error)) is not None
