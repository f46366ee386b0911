"""Peers are optional and lazy, are right where they compete, and say where they mean something else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.contract import evidence, judging, questions
from benchmarks.peers import build, numbagg_, numexpr_
from benchmarks.spec import Kernel, Peer
from inputs.cases import Case
from inputs.families import CASES
from inputs.real import cubes

ROOT = Path(__file__).parents[2]
PACKAGES = ("bottleneck", "eo_processor", "numbagg", "numexpr", "whittaker_eilers", "flox")
"""What is there for the peers alone; NumPy and SciPy are there for others."""
RIVALS = [(kernel, peer) for kernel in registry.KERNELS.values() for peer in kernel.peers]
EACH = pytest.mark.parametrize(("kernel", "peer"), RIVALS, ids=lambda value: value.name)

ADMISSION = ("0d-", "metadata-", "nodata-as-", "dtype-that-", "keep-that-", "axis-ndarray", "ddof-ndarray")
"""How cases begin that ask what we read beside plain numbers and arrays of some dimension: no peer is handed these."""
REFUSED = {
    "broadcast-": "shapes",
    "shape-": "axes",
    "layout-": "order",
    "qa-keep": "classes",
    "qa-bits": "bits",
    "qa-": "bits",
}
"""How the names of battery cases begin → the word that the semantics of a peer which refuses them must hold."""
WRONG = {
    **dict.fromkeys(("inf-", "specials"), ("infinit",)),
    **dict.fromkeys(
        ("largest-1", "largest-3", "largest-7", "smallest-1", "smallest-3", "smallest-7", "extremes"), ("overflow",)
    ),
    **dict.fromkeys(("largest-", "smallest", "zeros", "opposed", "nearly-opposed", "denormals"), ("zero",)),
    **dict.fromkeys(("scaling-", "float64-output", "alone-", "range-"), ("scaled first",)),
    **dict.fromkeys(("layout-packed", "layout-odd-and-packed", "pixel-major-packed"), ("packed",)),
    **dict.fromkeys(("offset-", "constant-", "zero-stride-dates"), ("corrected",)),
    "fill-": ("overflow", "corrected"),
    "values-inf": ("infinit",),
    "out-float64": ("scaled first", "turned to others"),
    "layout-": ("order",),
    "qa-bits": ("bits",),
    "qa-": ("classes",),
    "": ("few values",),  # any case may have a series of few values
}
"""How they begin → words of which those of a peer that answers them wrong must hold one; the first that fits counts."""


def adapter(kernel: Kernel, peer: Peer) -> Callable[..., Any]:
    function = registry.resolve(kernel, peer.name)
    if function is None:
        pytest.skip(f"{peer.name} is not installed")
    return function


def taken(kernel: Kernel, peer: Peer) -> list[Case]:
    return [case for case in CASES[kernel.family] if peer.refuses(case) is None]


def one_of_each_kind(dtypes: Iterable[str]) -> list[str]:
    """Return the widest floats, integers and integers without a sign: a peer answers the narrower ones alike."""
    widest = {np.dtype(dtype).kind: dtype for dtype in sorted(dtypes, key=lambda dtype: np.dtype(dtype).itemsize)}
    return sorted(widest.values())


def test_every_kernel_has_peers_and_importing_them_imports_no_package() -> None:
    assert all(kernel.peers for kernel in registry.KERNELS.values())
    adapters = sorted(path.stem for path in (ROOT / "benchmarks" / "peers").glob("[a-z]*_.py"))
    modules = ", ".join(f"benchmarks.peers.{adapter}" for adapter in adapters)
    code = f"import sys, benchmarks.registry, {modules}; print([m for m in {PACKAGES} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@EACH
def test_what_is_not_installed_is_none(kernel: Kernel, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    if peer.name == "bincount":
        pytest.skip("NumPy is always there")
    for package in (*PACKAGES, "scipy", "scipy.linalg", "scipy.ndimage"):
        monkeypatch.setitem(sys.modules, package, None)
    assert registry.resolve(kernel, peer.name) is None


@EACH
def test_refuses_with_a_reason_and_every_case_of_several_threads(kernel: Kernel, peer: Peer) -> None:
    reasons = {case.name: peer.refuses(case) for case in CASES[kernel.family]}
    assert taken(kernel, peer)
    assert all(reason is None or reason.strip() for reason in reasons.values())
    assert all(reasons[case.name] for case in CASES[kernel.family] if case.threads == 2)


@EACH
def test_gives_the_right_answer_where_it_competes(kernel: Kernel, peer: Peer) -> None:
    functions = {peer.name: adapter(kernel, peer)}
    verdicts = list(evidence.verdicts(kernel, functions, tuple(kernel.contract.dtypes)))
    assert [verdict for verdict in verdicts if verdict.status == "failed"] == []
    answered = {verdict.case.removeprefix("named ") for verdict in verdicts if verdict.status == "ok"}
    here = cubes.is_here(cubes.ROMANIA_10M)
    assert answered == {case.name for case in taken(kernel, peer) if here or case.source != "romania"}


@EACH
def test_what_it_answers_wrong_stands_in_its_semantics(kernel: Kernel, peer: Peer) -> None:
    functions = {peer.name: adapter(kernel, peer)}
    for dtype in one_of_each_kind({case.dtype for case in taken(kernel, peer)}):
        cases = (case for case in questions.cases(kernel, dtype) if not case.name.startswith(ADMISSION))
        values = {case.name for case in cases if case.raises is None}
        verdicts = [v for v in judging.battery_verdicts(kernel, functions, dtype) if v.case in values]
        assert any(verdict.status == "ok" for verdict in verdicts)
        failed = {v.case: v.detail for v in verdicts if v.status == "failed" and not _is_form(v.detail)}
        assert peer.semantics or not failed, failed
        for name, detail in failed.items():
            assert any(word in peer.semantics for word in _words(name, detail)), f"{dtype} {name}: {detail}"


def _words(name: str, detail: str) -> tuple[str, ...]:
    """Return words of which a peer's semantics hold one if it fails that case; a refusal tells its user by itself."""
    if detail.startswith("raised"):
        return (next((word for group, word in REFUSED.items() if name.startswith(group)), ""), "few values")
    if detail.startswith("value at ") and "was 0.0, expected nan" in detail:
        return ("zero",)
    return next((words for group, words in WRONG.items() if name.startswith(group)), ())


def _is_form(detail: str) -> bool:
    """Tell whether a breach is of the order of a fresh result or a warning, and the values are right."""
    return detail.startswith(("the fresh result is not in", "warned:"))


def test_numbagg_runs_on_one_thread_and_leaves_numba_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    numba, numbagg = pytest.importorskip("numba"), pytest.importorskip("numbagg")
    before, seen = numba.get_num_threads(), []

    def spy(x: Any, axis: int) -> Any:
        seen.append(numba.get_num_threads())
        raise ValueError("stop")

    monkeypatch.setattr(numbagg, "nanmean", spy)
    with pytest.raises(ValueError, match="stop"):
        numbagg_.temporal_mean(np.zeros((2, 3)))
    assert seen == [1]
    assert numba.get_num_threads() == before


def test_numbaggs_cache_is_switched_on_for_its_import_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBAGG_CACHE", raising=False)
    code = (
        "import os, warnings; warnings.simplefilter('error'); from benchmarks.peers import numbagg_; "
        "numbagg_.TEMPORAL_MEDIAN.load(); import numbagg; print(numbagg.nanmean.cache, os.environ.get('NUMBAGG_CACHE'))"
    )
    pytest.importorskip("numbagg")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "None"]


def test_numexpr_runs_on_one_thread() -> None:
    numexpr = pytest.importorskip("numexpr")
    numexpr.set_num_threads(min(2, os.cpu_count() or 1))
    numexpr_.evi(*(np.full((2, 3), value, "float32") for value in (0.4, 0.1, 0.05)))
    assert numexpr.get_num_threads() == 1


def test_a_build_that_fails_is_a_note_and_no_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
        asked.append(arguments[0])
        return subprocess.CompletedProcess(arguments, 1, stdout="no matching distribution")

    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "is_installed", lambda pin: False)
    monkeypatch.setattr(build, "_pip", pip)
    assert build.main(["--cached"]) == 1
    assert asked == ["install"]
    assert "its arms are left out" in capsys.readouterr().err
    assert build.main([]) == 1
    assert asked == ["install", "install", "wheel"]
    assert "no matching distribution" in capsys.readouterr().err
    assert build.main(["--quickly"]) == 2


def test_a_wheel_is_built_once_and_then_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
        asked.append(arguments[0])
        if arguments[0] == "wheel":
            (Path(arguments[arguments.index("--wheel-dir") + 1]) / "rival-1-py3-none-any.whl").write_text("built")
        found = (tmp_path / "rival-1-py3-none-any.whl").is_file()
        return subprocess.CompletedProcess(arguments, 0 if found or arguments[0] == "wheel" else 1, stdout="")

    monkeypatch.setattr(build, "_pip", pip)
    for _ in range(2):
        assert build.provide("rival==1 --hash=sha256:0", tmp_path, cached=False)
    assert asked == ["install", "wheel", "install", "install"]
    assert not list(tmp_path.glob("*.part"))


def test_what_is_installed_in_another_version_is_not_there() -> None:
    assert build.is_installed(f"numpy=={np.__version__}")
    assert not build.is_installed("numpy==0.1")
    assert not build.is_installed("no-such-distribution-here==1")
