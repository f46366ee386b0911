"""Files of one JSON object: written whole, and read with a sentence where one is empty, cut or not ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from inputs.host.cache import replacing

KINDS: Mapping[str, type[Any]] = {"str": str, "int": int}


def write_object(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object, so that a reader finds the old file or the new one, and never half of it."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a file.

    Raises
    ------
    ValueError
        If the file is not there, is empty, was cut, or holds something else; the sentence names it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return parse_object(content, str(path))


def parse_object(content: bytes, where: str) -> dict[str, Any]:
    """Return the object in a text, or raise a ValueError that says what is at `where` instead."""
    if not content.strip(b"\0 \t\r\n"):
        raise ValueError(f"{where} is empty")
    try:
        loaded = json.loads(content)
    except ValueError:  # not JSON, or not even UTF-8
        raise ValueError(f"{where} is cut or not JSON") from None
    if not isinstance(loaded, dict):
        raise ValueError(f"{where} holds no JSON object")
    return loaded


def require_kinds(record: type[Any], content: Mapping[str, Any]) -> None:
    """Raise a TypeError where a text or a whole number of a dataclass is something else in an object."""
    for field in fields(record):
        kind = KINDS.get(str(field.type))
        if kind is not None and not isinstance(content.get(field.name, kind()), kind):
            raise TypeError(f"{field.name} was {content[field.name]!r}")


def flaw(path: Path) -> str:
    """Return what is wrong with a file of one object, or nothing."""
    try:
        read_object(path)
    except ValueError as error:
        return str(error)
    return ""
