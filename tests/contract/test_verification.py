"""A verification belongs to one wheel, and a run carries only that of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import registry
from benchmarks.calls.breaches import Breach
from benchmarks.contract import kept, parallel, verify
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


def test_what_was_asked_of_a_wheel_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    job, asked = ("evi", "uint8"), []
    found = [Verdict(*job[:1], "rust", "uint8", "ties", "failed", "wrong", 0.5, (Breach("value", "wrong"),))]

    def ask(job: tuple[str, str], implementations: object) -> list[Verdict]:
        asked.append(job)
        return found

    monkeypatch.setattr(parallel, "_ours", ask)
    monkeypatch.setattr(parallel, "_peers", lambda *_: [])
    for anew, times in ((False, 1), (False, 1), (True, 2), (False, 2)):
        assert list(parallel.verify(["evi"], dtypes=["uint8"], anew=anew)) == [found]
        assert asked == [job] * times
    list(parallel.verify(["evi"], ["rust"], ["uint8"]))
    assert len(asked) == 3, "what is asked of some implementations alone is not kept"


def test_another_lab_wheel_machine_or_setting_is_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inputs").mkdir()
    source = tmp_path / "inputs" / "cases.py"
    source.write_text("1")
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    seen = {kept.key.__wrapped__()}
    source.write_text("2")
    seen.add(kept.key.__wrapped__())
    monkeypatch.setenv("EOKERNELS_SIMD", "avx2")
    seen.add(kept.key.__wrapped__())
    monkeypatch.setattr(kept.provenance, "cpu_model_numbers", lambda: "another")
    seen.add(kept.key.__wrapped__())
    monkeypatch.setattr(kept.wheel, "installed_digest", lambda: "f" * 64)
    seen.add(kept.key.__wrapped__())
    assert len(seen) == 5
    monkeypatch.setattr(kept.wheel, "installed_digest", lambda: "")
    assert kept.key.__wrapped__() == "", "without a wheel nothing is kept"


def test_verdicts_that_were_cut_are_asked_again(tmp_path: Path) -> None:
    kept.write(("evi", "uint8"), [Verdict("evi", "rust", "uint8", "ties", "ok")])
    (path,) = (tmp_path / "cache" / "verified").glob("*/evi-uint8.json")
    assert kept.read(("evi", "uint8")) is not None
    path.write_text(path.read_text()[:-9])
    assert kept.read(("evi", "uint8")) is None


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
