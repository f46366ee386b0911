"""Of a log the cause is quoted: not the tables, summaries and callers' tracebacks that stand at its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.asv import runner
from benchmarks.asv.machine import Machine
from benchmarks.environment import cargo, process
from benchmarks.environment.cause import cause

RUSTC = """\
  Running command Preparing metadata (pyproject.toml)
     Compiling eokernels v0.1.0 (/tmp/x/kernels_rs)
  error[E0425]: cannot find value `stepp` in this scope
    --> src/evi.rs:41:17
     |
  41 |     let a = stepp + 1;
     |             ^^^^^ help: a local variable with a similar name exists: `step`

  error: unused variable: `b`
     --> src/evi.rs:52:9
      |
  52  |     let b = 1;
      |         ^

  For more information about this error, try `rustc --explain E0425`.
  error: could not compile `eokernels` (lib) due to 2 previous errors
  💥 maturin failed
    Caused by: Failed to build a native library through cargo
    Caused by: Cargo build finished with "exit status: 101": `cargo rustc`
  Error: command ['maturin', 'pep517', 'build-wheel'] returned non-zero exit status 1
  error: subprocess-exited-with-error

  × Building wheel for eokernels (pyproject.toml) did not run successfully.
  │ exit code: 1
  ╰─> See above for output.
  ERROR: Failed building wheel for eokernels
Failed to build eokernels
ERROR: Failed to build one or more wheels
"""
CARGO = """\
    Updating the index
error: failed to get `rayon` as a dependency of package `eokernels v0.1.0`

Caused by:
  failed to load source for dependency `rayon`

Caused by:
  Could not resolve host: index.example

Error: command returned non-zero exit status 1
ERROR: Failed building wheel for eokernels
"""
ASV = """\
· Creating environments
· Discovering benchmarks
·· Error running /x/bin/python /x/asv/benchmark.py discover (exit status 1)
   STDERR -------->
   Traceback (most recent call last):
     File "/x/asv_runner/discovery.py", line 12, in _discover
       import bench_kernels
     File "/x/benchmarks/registry.py", line 3, in <module>
       raise ValueError("kernels: evi is declared twice")
   ValueError: kernels: evi is declared twice

·· Failed to run discovery
               =================== ================ ============
                       case         implementation
               ------------------- ---------------- ------------
                      f32_64            numpy          failed
               =================== ================ ============
"""
CHAINED = """\
Traceback (most recent call last):
  File "a.py", line 1, in a
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "a.py", line 3, in b
    raise MemoryError("array: 3 GiB are not there")
    ^^^^^^^^^^^^^^^^^^^^
MemoryError: array: 3 GiB are not there
and no more
"""
PIP = """\
Looking in indexes: https://index.example/simple
ERROR: Could not find a version that satisfies the requirement numpy==9.9 (from versions: 1.0)
ERROR: No matching distribution found for numpy==9.9

[notice] A new release of pip is available
[notice] To update, run: pip install --upgrade pip
"""
PANIC = """\
thread '<unnamed>' (7) panicked at src/par.rs:10:5:
attempt to add with overflow
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
Traceback (most recent call last):
  File "x.py", line 1, in <module>
pyo3_runtime.PanicException: attempt to add with overflow
"""


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        (RUSTC, ["error[E0425]: cannot find value `stepp` in this scope", "  --> src/evi.rs:41:17"]),
        (CARGO, ["error: failed to get `rayon`", "Caused by:", "Could not resolve host"]),
        (ASV, ["ValueError: kernels: evi is declared twice"]),
        (CHAINED, ["MemoryError: array: 3 GiB are not there", "and no more"]),
        (PIP, ["ERROR: No matching distribution found for numpy==9.9"]),
        (PANIC, ["panicked at src/par.rs:10:5", "attempt to add with overflow"]),
        ("note: x\nerror: wheel: eokernels is a debug build\n", ["error: wheel: eokernels is a debug build"]),
        ("a\n\nb\n", ["a\nb"]),
        ("", ["it said nothing"]),
    ],
    ids=["rustc", "cargo", "asv", "chained", "pip", "panic", "own", "nothing known", "nothing"],
)
def test_the_cause_is_found(log: str, wanted: list[str]) -> None:
    found = cause(log)
    for words in wanted:
        assert words in found
    for noise in ("====", "notice", 'File "', "KeyError", "Failed building", "could not compile", "Compiling"):
        assert noise not in found
    assert len(found.splitlines()) <= 12


def test_both_errors_of_a_compiler_and_the_cause_of_an_old_log_are_not_mixed() -> None:
    assert cause(RUSTC).splitlines() == [
        "error[E0425]: cannot find value `stepp` in this scope",
        "  --> src/evi.rs:41:17",
        "error: unused variable: `b`",
        "   --> src/evi.rs:52:9",
    ]


def program(folder: Path, log: str) -> Path:
    """Write a program that says a log and fails."""
    said = folder / "said"
    said.write_text(log, encoding="utf-8")
    path = folder / "program"
    path.write_text(f"#!/bin/sh\ncat '{said}'\nexit 1\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_asv_that_fails_is_quoted_with_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(program(tmp_path, ASV)))
    monkeypatch.setattr(runner, "PART", tmp_path / "part")
    machine = Machine("m", "Linux", "x86_64", "a", "1", "1 GiB")
    with pytest.raises(runner.AsvError, match="evi is declared twice") as caught:
        runner.run_kernel(tmp_path, "evi", ("f32_64",), machine, commit="HEAD", results=tmp_path / "results")
    assert "====" not in str(caught.value)


def test_a_build_that_fails_is_quoted_with_the_compilers_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(program(tmp_path, RUSTC)))
    with pytest.raises(OSError, match="E0425") as caught:
        cargo.build(tmp_path, tmp_path, tmp_path, tmp_path / "log")
    assert "Failed building" not in str(caught.value)
    assert "Failed building" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_measured_process_that_fails_is_quoted_with_its_exception(tmp_path: Path) -> None:
    with pytest.raises(process.MeasurementError) as caught:
        process.spawn("benchmarks.pairing.worker", tmp_path / "no-such-job.json", "", tmp_path / "log")
    first, second = str(caught.value).splitlines()
    assert first == "benchmarks.pairing.worker ended with exit code 1 (no-such-job.json); it said:"
    assert second.startswith("FileNotFoundError: ")


def test_a_dead_process_is_named_by_its_signal(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "import faulthandler; faulthandler.enable(); faulthandler._sigsegv()"],
                          capture_output=True, encoding="utf-8", check=False)  # fmt: skip
    assert cause(done.stderr) == "Fatal Python error: Segmentation fault"
