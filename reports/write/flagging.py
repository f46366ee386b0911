"""What a history shows, for readers and for programs: a table in words, JSON with its schema, and an Atom feed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

import jsonschema
import pandas as pd

from reports import words
from reports.read.rows import WALL
from reports.stats.flags import Flag, Flagged

SCHEMA_VERSION = 1
SCHEMA = Path(__file__).resolve().parent / "flags.schema.json"
ATOM = "http://www.w3.org/2005/Atom"
PROJECT = "eo-kernel-lab"
PAGE = "history.html"
NOTE = (
    "A step is new ÷ old: more than 0 % is slower or larger. The layer is what moved: where a ratio to expert NumPy "
    "stepped, the implementation, NumPy, or the machine, as the wall tells. “Once” is a single commit that stands "
    "apart. How many steps are found, and how many are invented, stands in METHODOLOGY.md."
)


def layer(flag: Flag) -> str:
    """Return in words what moved."""
    return "the machine" if flag.layer == WALL else words.name(flag.layer)


def change(flag: Flag) -> str:
    """Return by how much, in words."""
    return f"{flag.percent:+.0f} %" if flag.percent < 100 else f"× {1 + flag.percent / 100:.1f}"


def place(flag: Flag) -> str:
    """Return since which commit, and how many before it may have been the one."""
    if flag.between is None:
        return f"{flag.since[:8]}, or one after {flag.good[:8]}"
    if not flag.between:
        return flag.since[:8]
    return f"{flag.since[:8]}, or {'the one' if flag.between == 1 else f'one of {flag.between}'} before it"


def word(flag: Flag) -> str:
    """Return the word of a flag, and with which commit it was gone."""
    said = f"{flag.word} ({flag.quantity})" if flag.quantity != "time" else str(flag.word)
    return f"{said}, gone with {flag.until[:8]}" if flag.until else said


def confidence(flag: Flag) -> str:
    """Return how surely, in words."""
    if flag.confidence is None:
        return words.NONE
    return f"> {1 - 1e-6:.4%}" if flag.confidence > 1 - 1e-6 else f"{flag.confidence:.4%}"


def case(flag: Flag) -> str:
    """Return the case, and that it was measured on its crop."""
    return f"{flag.case} (crop)" if flag.group == "crop" else flag.case


def sentence(flag: Flag) -> str:
    """Return a flag in one sentence."""
    return (
        f"{flag.kernel} {case(flag)}, {layer(flag)}: {word(flag)} {change(flag)} since {place(flag)} on {flag.machine}"
    )


def table(flags: Sequence[Flag]) -> pd.DataFrame:
    """Return a row for each flag."""
    return pd.DataFrame(
        [
            {
                "kernel": f"`{flag.kernel}`",
                "case": f"`{case(flag)}`",
                "layer": layer(flag),
                "verdict": word(flag),
                "step": change(flag),
                "since": place(flag),
                "points": f"{flag.before} and {flag.after}",
                "confidence": confidence(flag),
                "asv too": "yes" if flag.asv else "no",
                "measure again": f"`{flag.repro}`",
            }
            for flag in flags
        ]
    )


def plain(flag: Flag) -> dict[str, Any]:
    """Return a flag as plain values."""
    return {
        **asdict(flag),
        "since_date": flag.since_date.isoformat(),
        "own": [asdict(one) for one in flag.own],
        "packages": list(flag.packages),
        "stands": flag.stands,
        "repro": flag.repro,
    }


def values(found: Flagged, unreadable: Sequence[str] = ()) -> dict[str, Any]:
    """Return a history as ``lab flags --json`` prints it, held against its schema."""
    made = {
        "schema_version": SCHEMA_VERSION,
        "newest": found.newest.isoformat() if found.newest else None,
        "commits": found.commits,
        "judged": found.judged,
        "short": found.short,
        "asv_alone": found.asv_alone,
        "unreadable": list(unreadable),
        "flags": [plain(flag) for flag in found.flags],
    }
    jsonschema.Draft202012Validator(schema()).validate(made)
    return made


def schema() -> dict[str, Any]:
    """Return the schema of `values`."""
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return loaded


def atom(found: Flagged) -> bytes:
    """Return an Atom feed (RFC 4287) of the regressions and improvements, the newest first.

    Identifiers and dates follow from the flags alone, so that the same history gives the same feed.
    """
    feed = ET.Element(f"{{{ATOM}}}feed")
    ET.register_namespace("", ATOM)
    _add(feed, "id", f"urn:uuid:{uuid5(NAMESPACE_URL, PROJECT)}")
    _add(feed, "title", f"{PROJECT}: steps in the history")
    _add(feed, "updated", _stamp(found.newest or datetime.fromtimestamp(0, UTC)))
    _add(_add(feed, "author"), "name", PROJECT)
    _add(feed, "link", rel="alternate", type="text/html", href=PAGE)
    shown = [flag for flag in found.flags if flag.word in ("regressed", "improved")]
    for flag in sorted(shown, key=lambda flag: flag.since_date, reverse=True):
        _entry(feed, flag)
    ET.indent(feed)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _entry(feed: ET.Element, flag: Flag) -> None:
    key = (PROJECT, flag.machine, flag.kernel, flag.case, flag.group, flag.quantity, flag.layer, flag.since, flag.word)
    entry = _add(feed, "entry")
    _add(entry, "id", f"urn:uuid:{uuid5(NAMESPACE_URL, '/'.join(key))}")
    _add(entry, "title", sentence(flag))
    _add(entry, "updated", _stamp(flag.since_date))
    _add(entry, "link", rel="alternate", type="text/html", href=f"{PAGE}#{flag.machine}-{flag.kernel}")
    said = [f"{sentence(flag)}.", f"Confidence {confidence(flag)}, {flag.before} and {flag.after} points."]
    said += [f"Also different: {', '.join(flag.packages)}."] if flag.packages else []
    _add(entry, "content", "\n".join([*said, flag.repro]), type="text")


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    made.text = text or None
    return made


def _stamp(date: datetime) -> str:
    return date.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
