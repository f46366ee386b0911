"""A verification belongs to one wheel, and a run carries only that of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import registry
from benchmarks.contract import parallel, verify
from benchmarks.contract.verdict import Verdict
from reports.read.load import _checks


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))


def test_processes_find_what_one_process_finds_in_the_order_asked() -> None:
    batches = list(parallel.verify(["temporal_mean", "evi"], ["numpy"], ["float32", "uint8"]))
    asked = [(batch[0].kernel, batch[0].dtype) for batch in batches]
    assert asked == [(kernel, dtype) for kernel in ("temporal_mean", "evi") for dtype in ("float32", "uint8")]
    assert batches[3] == list(verify.verify(registry.get("evi"), ["numpy"], ["uint8"]))


def test_a_run_carries_what_was_found_of_its_wheel(tmp_path: Path) -> None:
    verdict = Verdict("temporal_median", "rust", "float32", "ties", "ok", "", 0.5)
    parallel.keep([verdict], "a" * 64)
    assert parallel.carry(tmp_path, "a" * 64)
    (check,), unread = _checks(tmp_path / parallel.KEPT_AS)
    assert unread == ()
    assert (check.kernel, check.implementation, check.status) == ("temporal_median", "rust", "ok")
    assert json.loads((tmp_path / parallel.KEPT_AS).read_text())[0]["max_ulp"] == 0.5


@pytest.mark.parametrize("digest", ["b" * 64, ""])
def test_the_verification_of_another_wheel_is_not_carried(tmp_path: Path, digest: str) -> None:
    parallel.keep([], "a" * 64)
    assert not parallel.carry(tmp_path, digest)
    assert not (tmp_path / parallel.KEPT_AS).exists()
