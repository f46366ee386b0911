"""What is counted: exact where two processes agree, excluded with both numbers where not, and told where not at all."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks import registry
from benchmarks.counting import counter, counts, worker
from benchmarks.counting.counts import (
    ARMS,
    COUNTS,
    Count,
    counted_case,
    counted_cases,
    read_counts,
    settled,
    small_case,
    values,
)
from benchmarks.counting.requests import MACHINE_CODE, Asked, Request, Valgrind
from benchmarks.environment.jsonlines import append

CASE, LESSER = "size_128x128", "size_64x64"
EVI = [("evi", arm, CASE) for arm in ARMS]

needs_valgrind = pytest.mark.skipif(
    not shutil.which("valgrind") or platform.machine() != "x86_64", reason="valgrind is not installed, or not x86-64"
)

DUMP = """# callgrind format
version: 1
creator: callgrind-3.19.0
part: 1

desc: Timerange: Basic block 0 - 2
desc: Trigger: Client Request: evi {arm} {case}

positions: line
events: Ir
summary: 0

fn=(1) x
0 15

totals: {count}
"""
AT_END = DUMP.replace("Client Request: evi {arm} {case}", "Program termination").replace("{count}", "99")


def fake(folder: Path, body: str) -> None:
    """Put a program on the path that is found as valgrind, and knows as `tool` and `folder` what it is asked."""
    found = folder / "valgrind"
    script = folder / "valgrind.py"
    script.write_text(FAKE + body, encoding="utf-8")
    call = shlex.join([sys.executable, str(script)])  # no first line for the kernel, which takes no spaces
    found.write_text(f'#!/bin/sh\nexec {call} "$@"\n', encoding="utf-8")
    found.chmod(0o755)


FAKE = """
import json, pathlib, sys
asked = dict(one.lstrip("-").split("=", 1) for one in sys.argv[1:] if one.startswith("--") and "=" in one)
folder = pathlib.Path(sys.argv[-1]).parent
tool = asked["tool"]
def say(case="size_128x128", **answer):
    answer["case"] = case
    with (folder / "answers.jsonl").open("a") as handle:
        handle.write(json.dumps(answer) + "\\n")
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that comes first on the path."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(counter, "RUNS", 2)
    real = counter._process
    monkeypatch.setattr(counter, "_process", lambda job, *rest: real(job, *rest) if job.tool else "")
    return tmp_path


def test_what_callgrind_dumps_is_read_by_the_names_it_was_given(tools: Path) -> None:
    body = f"""
if tool == "callgrind":
    for number, (arm, count) in enumerate([("numpy", 100), ("numba", 200), ("rust", 30)], start=1):
        text = {DUMP!r}.format(arm=arm, case={CASE!r}, count=count)
        pathlib.Path(asked["callgrind-out-file"] + f".{{number}}").write_text(text)
        say(kernel="evi", arm=arm, simd="avx2")
    pathlib.Path(asked["callgrind-out-file"]).write_text({AT_END!r})
else:
    for arm in ("numpy", "numba", "rust"):
        say(kernel="evi", arm=arm, allocated_bytes=7, peak_bytes=5)
"""
    fake(tools, body)
    assert counter.count(EVI, "") == [
        Count("evi", CASE, arm, "", "avx2", count, 7, 5)
        for arm, count in (("numpy", 100), ("numba", 200), ("rust", 30))
    ]


def test_numbers_that_differ_from_process_to_process_are_excluded_with_both(tools: Path) -> None:
    counting = tools / "calls"
    body = f"""
calls = pathlib.Path({str(counting)!r})
number = len(calls.read_text()) if calls.exists() else 0
calls.write_text("x" * (number + 1))
say(kernel="evi", arm="rust", simd="avx2", allocated_bytes=8, peak_bytes=number)
if tool == "callgrind":
    text = {DUMP!r}.format(arm="rust", case={CASE!r}, count=1000 + number)
    pathlib.Path(asked["callgrind-out-file"] + ".1").write_text(text)
"""
    fake(tools, body)
    (found,) = counter.count([("evi", "rust", CASE)], "")
    assert found.instructions == "excluded: separate processes counted 1,000 and 1,001"
    assert found.allocated_bytes == 8
    assert found.peak_bytes == "excluded: separate processes counted 2 and 3"


def test_a_process_that_breaks_is_the_reason_of_what_it_did_not_count(tools: Path) -> None:
    fake(tools, "say(kernel='evi', arm='numpy', reason='ValueError: no')\nprint('error: no memory')\nsys.exit(3)\n")
    numpy, numba, _ = counter.count(EVI, "")
    assert numpy.instructions == "ValueError: no"
    assert str(numba.instructions).startswith("its process ended with 3")
    assert "no memory" in str(numba.instructions)


def test_a_number_that_the_tool_does_not_tell_is_no_zero(tools: Path) -> None:
    fake(tools, "say(kernel='evi', arm='rust', simd='avx2')\n")
    (found,) = counter.count([("evi", "rust", CASE)], "")
    assert found.instructions == "callgrind told no number of it"
    assert found.allocated_bytes == "massif told no number of it"


def test_without_valgrind_the_reason_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert counter.missing() == "valgrind is not installed"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((5, 5), 5),
        ((5, 6), "excluded: separate processes counted 5 and 6"),
        ((5, "it broke"), "it broke"),
        (("n/a", "n/a"), "n/a"),
    ],
)
def test_only_what_processes_agree_on_is_a_number(found: tuple[int | str, ...], expected: int | str) -> None:
    assert settled(found) == expected


def test_heap_of_now_is_the_last_snapshot_and_the_peak_is_of_all(tmp_path: Path) -> None:
    path = tmp_path / "heap"
    rows = [(0, 0), (100, 90), (150, 60), (120, 100)]
    path.write_text("\n".join(f"snapshot={k}\ntime={t}\nmem_heap_B={b}" for k, (t, b) in enumerate(rows)))
    assert worker.read_heap(path) == worker.Heap(moved=150, held=60, most=100)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the requests are instructions of x86-64")
def test_outside_valgrind_a_request_does_nothing_and_that_is_seen() -> None:
    with pytest.raises(OSError, match="does not run under valgrind"):
        Valgrind()
    assert len(MACHINE_CODE) == 28
    asked = Asked(Request.DUMP_AT, "evi rust")
    assert (asked.words[0], asked.text.value) == (Request.DUMP_AT, b"evi rust")


def test_the_counted_case_is_small_and_every_kernel_has_one() -> None:
    for kernel in registry.KERNELS.values():
        assert counted_case(kernel).name.startswith("size_")


def test_the_lesser_case_has_as_many_dates_and_a_quarter_of_the_values() -> None:
    names = {name: [case.name for case in counted_cases(registry.get(name))] for name in ("evi", "temporal_max")}
    assert names == {"evi": [CASE, LESSER], "temporal_max": ["size_73x16x16", "size_73x8x8"]}
    for kernel in registry.KERNELS.values():
        counted, lesser = counted_cases(kernel)
        assert counted == counted_case(kernel)
        assert counted.shape[:-2] == lesser.shape[:-2]
        assert values(counted) == 4 * values(lesser)
        assert small_case(kernel, lesser.name) == lesser


def test_without_a_lesser_case_of_as_many_dates_the_next_smaller_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = registry.get("temporal_max")
    few, middle, many = (small_case(kernel, f"size_{one}") for one in ("12x4x4", "12x8x8", "73x8x8"))
    monkeypatch.setattr(counts, "small_cases", lambda _: (few, middle, many))
    assert counted_cases(kernel) == (many, middle)
    monkeypatch.setattr(counts, "small_cases", lambda _: (many,))
    assert counted_cases(kernel) == (many,)


def test_bytes_are_counted_on_the_larger_case_alone(tools: Path) -> None:
    body = f"""
job = json.loads((folder / "job.json").read_text())
with open({str(tools / "asked")!r}, "a") as handle:
    handle.write(" ".join([tool, *(case for _, _, case in job["subjects"])]) + "\\n")
for number, (_, arm, case) in enumerate(job["subjects"], start=1):
    say(kernel="evi", arm=arm, case=case, simd="avx2", allocated_bytes=7, peak_bytes=5)
    if tool == "callgrind":
        text = {DUMP!r}.format(arm=arm, case=case, count=100 * number)
        pathlib.Path(asked["callgrind-out-file"] + f".{{number}}").write_text(text)
"""
    fake(tools, body)
    found = counter.count([("evi", "rust", CASE), ("evi", "rust", LESSER)], "")
    without = "bytes are counted on the larger case alone"
    assert found == [
        Count("evi", CASE, "rust", "", "avx2", 100, 7, 5),
        Count("evi", LESSER, "rust", "", "avx2", 200, without, without),
    ]
    (alone,) = counter.count([("evi", "rust", LESSER)], "")
    assert (alone.instructions, alone.allocated_bytes) == (100, without)
    told = (tools / "asked").read_text().splitlines()
    assert told == [*[f"callgrind {CASE} {LESSER}"] * 2, *[f"massif {CASE}"] * 2, *[f"callgrind {LESSER}"] * 2]


def test_of_several_lines_the_last_counts_and_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / COUNTS
    one = Count("evi", "size_8x8", "rust", "d", "avx2", 1, 2, 3)
    append(path, one)
    append(path, Count("evi", "size_8x8", "rust", "d", "avx2", 4, 2, 3))
    assert [line.instructions for line in read_counts(path)] == [4]
    append(path, Count("evi", "size_4x4", "rust", "d", "avx2", 1, 2, 3))
    assert [line.instructions for line in read_counts(path)] == [4, 1], "another case is another count"
    append(path, {"kernel": "evi", "cycles": 5})
    with pytest.raises(ValueError, match="does not know"):
        read_counts(path)


@needs_valgrind
def test_callgrind_counts_the_call_alone() -> None:
    subject = ("normalized_difference", "rust", CASE)
    found = counter._run(worker.Job("callgrind", "", "", (subject,)), None)
    assert found.simd[subject] == "avx2"
    count = found.instructions[subject]
    assert isinstance(count, int), count
    assert 128 * 128 / 8 < count < 10**6, "eight pixels an instruction at best, and no import of anything"


@pytest.mark.slow
@needs_valgrind
def test_numpy_and_rust_are_counted_alike_in_two_processes() -> None:
    numpy, rust = counter.count([("normalized_difference", arm, CASE) for arm in ("numpy", "rust")], "")
    size = 128 * 128 * 4
    for found in (numpy, rust):
        assert isinstance(found.instructions, int), found.instructions
        assert 1000 < found.instructions < 10**7
        assert found.simd == "avx2"
    assert isinstance(rust.peak_bytes, int)
    assert size <= rust.peak_bytes < 1.1 * size, "the result and little else"
    assert isinstance(numpy.allocated_bytes, int)
    assert numpy.allocated_bytes >= 2 * size, "the result and a temporary array"
