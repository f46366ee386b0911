"""What asv has kept of a commit: how many samples each cell has, read from its own result files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def samples(results: Path, commit: str, kernel: str) -> dict[tuple[str, str, str], int]:
    """Return (group, case, arm) → number of samples in asv's newest result file of the commit."""
    files = sorted(results.glob(f"*/{commit[:8]}-*.json"), key=lambda path: path.stat().st_mtime)
    found: dict[tuple[str, str, str], int] = {}
    if not files:
        return found
    data: Mapping[str, Any] = json.loads(files[-1].read_text())
    for group in ("call", "crop"):
        row = dict(
            zip(data["result_columns"], data["results"].get(f"bench_kernels.{kernel}.ktime_{group}", ()), strict=False)
        )
        cases, arms = row.get("params") or ((), ())
        values, kept = row.get("result") or (), row.get("samples") or ()
        keys = [(group, _plain(case), _plain(arm)) for case in cases for arm in arms]
        for key, value, some in zip(keys, values, kept, strict=False):
            if value is not None and not math.isnan(value) and some:
                found[key] = len(some)
    return found


def _plain(parameter: str) -> str:
    """Return a parameter without the quotes that asv keeps it in."""
    return parameter.strip("'\"")
