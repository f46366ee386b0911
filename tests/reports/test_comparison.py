"""A comparison as it is read: what differs in the environments, tables, Markdown, JSON and its schema, the notes."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from synthetic_run import RECEIPT, TWO, Outcome, Spot, Writer

from reports.read.rows import Run
from reports.stats.between import CellChange, CellName, Control, Side, StatusChange
from reports.stats.comparison import Comparison, Counts, SideRecord, compare
from reports.stats.environments import Difference, Environments, compare_environments
from reports.write import comparison as written

INDEX = "normalized_difference"
ONE = {INDEX: TWO[INDEX]}


def slower_rust(at: Spot, outcome: Outcome) -> Outcome:
    if at.arm == "numexpr" and at.case == "f32_256":
        return outcome | {"status": "failed", "reason": "a | wrong answer", "time_s": None}
    factor = {"rust": 1.5, "numba": 0.5}.get(at.arm, 1.0) if outcome["time_s"] else 0.0
    return outcome | {"time_s": outcome["time_s"] * factor} if factor else outcome


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Writer(tmp_path_factory.mktemp("a"), tier="smoke", kernels=ONE, spread=1e-6).write().read()


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Run:
    writer = Writer(tmp_path_factory.mktemp("b"), tier="smoke", kernels=ONE, spread=2e-6, spoil=slower_rust)
    return replace(writer.write().read(), run_id="later", wheel_digest="sha256:cafe")


@pytest.fixture(scope="module")
def found(base: Run, head: Run) -> Comparison:
    other = {**head.receipt, "machine": {**RECEIPT["machine"], "cpu": "another"}}
    return compare(Side(base), Side(replace(head, receipt=other)), ("latest", "later"))


def table(found: Comparison, title: str) -> written.Section:
    (section,) = (s for s in written.sections(found) if s.title.startswith(title))
    return section


def test_only_what_both_state_and_state_differently_differs() -> None:
    base = {"machine": {"cpu": "A", "time": "1", "caches": {"L2": "1M"}, "governor": "unavailable: no file"},
            "measured_process": {"packages": {"numpy": "2.4.6", "numba": "0.68"}, "thread_pools": [{"api": "blas"}]},
            "lab": {"compiler": ["rustc 1", "llvm 2"]}}  # fmt: skip
    head = {"machine": {"cpu": "B", "time": "2", "caches": {"L2": "1M"}, "governor": "performance"},
            "measured_process": {"packages": {"numpy": "2.5.0"}, "thread_pools": [{"api": "openmp"}]},
            "lab": {"compiler": ["rustc 1", "llvm 3"]}}  # fmt: skip
    found = compare_environments(base, head)
    assert found.differing == (
        Difference("machine.cpu", "A", "B"),
        Difference("lab.compiler", "rustc 1; llvm 2", "rustc 1; llvm 3"),
        Difference("packages.numpy", "2.4.6", "2.5.0"),
        Difference("thread_pools.0.api", "blas", "openmp"),
    )
    assert (found.same, found.only_base, found.only_head) == (1, ("packages.numba",), ("machine.governor",))


def test_the_largest_change_comes_first_and_what_did_not_change_is_counted(
    found: Comparison, base: Run, head: Run
) -> None:
    cases = {cell.case for cell in base.plan}
    slower, faster = table(found, "Slower"), table(found, "Faster")
    assert len(slower.rows) == len(faster.rows) == len(cases)
    assert all(row[1] == "1.50×" and row[0].startswith(f"{INDEX} ") and row[0].endswith(" rust") for row in slower.rows)
    assert all(row[1] == "0.50×" and row[0].endswith(" numba") for row in faster.rows)
    assert table(found, "Another status").rows == (
        (f"{INDEX} f32_256 numexpr", "ok", "failed", "process 0: a | wrong answer"),
    )
    assert table(found, "What differs").rows == (("machine.cpu", "AMD EPYC 7B13", "another"),)
    same = found.counts.no_difference_shown
    assert same > 0
    assert f"{len(cases)} slower, {len(cases)} faster, {same} no difference shown" in written.sentences(found)[0]
    assert not [s for s in written.sections(found) if s.title.startswith("No difference")]
    every = compare(Side(base), Side(head), ("a", "b"), every=True)
    assert len(table(every, "No difference shown").rows) == same


def test_what_a_reader_must_know_is_said(found: Comparison, base: Run, head: Run) -> None:
    text = " ".join(written.sentences(found))
    assert "time of B ÷ time of A; more than 1: B is slower" in text
    assert "Processes of one run also understate how runs differ" in text
    assert "Control: the wall" in text
    assert "the same wheel" not in text
    same = compare(Side(base), Side(replace(head, wheel_digest=base.wheel_digest)), ("a", "b"))
    assert any("the same wheel" in note for note in same.notes)
    paired = compare(Side(base, "numba"), Side(base, "rust"), ("a", "b"))
    assert "paired by process" in " ".join(paired.notes)
    assert "understate" not in " ".join(paired.notes)
    ratios = compare(Side(base), Side(replace(head, machine="other")), ("a", "b"))
    assert "the machines differ" in ratios.notes[0]
    assert table(ratios, "Slower").headings[2:4] == ("A ÷ NumPy", "B ÷ NumPy")
    times = compare(Side(base), Side(replace(head, machine="other")), ("a", "b"), relative=False)
    assert any("--ratios" in note for note in times.notes)
    noisy = [replace(control, steal_share=0.5) for control in head.controls]
    doubted = compare(Side(base), Side(replace(head, controls=tuple(noisy))), ("a", "b"))
    assert "The machine of B was noisy: doubt its numbers." in doubted.notes


def few(run: Run) -> Run:
    rows = tuple(replace(r, samples_s={p: t for p, t in r.samples_s.items() if p < 3}) for r in run.rows)
    return replace(run, rows=rows)


def test_without_intervals_only_what_moved_far_is_listed(base: Run, head: Run) -> None:
    found = compare(Side(few(base)), Side(few(head)), ("a", "b"))
    section = table(found, "No interval")
    assert "moved by 10 % or more" in section.title
    assert {row[1] for row in section.rows} == {"1.50×", "0.50×"}
    assert written.INTERVAL not in section.headings
    assert found.counts.no_interval > len(section.rows)
    assert (found.counts.slower, found.counts.faster) == (0, 0)
    assert any(note.startswith("No interval: fewer than 6") for note in found.notes)


def test_one_implementation_named_for_one_side_counts_for_both(base: Run, head: Run) -> None:
    found = compare(Side(base, "rust"), Side(head), ("a:rust", "b"))
    assert (found.base.implementation, found.head.implementation) == ("rust", "rust")
    assert (found.counts.slower, found.counts.faster) == (len({c.case for c in base.plan}), 0)


def test_markdown_has_the_same_tables_and_breaks_at_no_bar(found: Comparison) -> None:
    text = written.markdown(found)
    for section in written.sections(found):
        assert section.title in text
        assert section.rows[0][-1].replace("|", "\\|") in text
    assert "a \\| wrong answer" in text
    for sentence in written.sentences(found):
        assert sentence in text


def test_the_schema_describes_every_field_and_accepts_every_kind(found: Comparison, base: Run, head: Run) -> None:
    schema: dict[str, Any] = written.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    properties = schema["properties"]
    pairs: list[tuple[type[Any], dict[str, Any]]] = [
        (Comparison, schema),
        (SideRecord, properties["base"]),
        (SideRecord, properties["head"]),
        (Counts, properties["counts"]),
        (CellChange, properties["cells"]["items"]),
        (StatusChange, properties["statuses"]["items"]),
        (CellName, properties["only_base"]["items"]),
        (CellName, properties["only_head"]["items"]),
        (CellName, properties["without"]["items"]),
        (Control, properties["control"]),
        (Environments, properties["environments"]),
        (Difference, properties["environments"]["properties"]["differing"]["items"]),
    ]
    for record, described in pairs:
        assert {f.name for f in fields(record)} == set(described["properties"]) == set(described["required"])
        assert all(d["description"] for d in described["properties"].values())
    sides = [(Side(base), Side(few(head))), (Side(base, "numba"), Side(base, "rust"))]
    for comparison in (found, *(compare(*pair, ("a", "b"), every=True) for pair in sides)):
        values = json.loads(written.as_json(comparison))
        assert values["schema_version"] == 1
        assert len(values["cells"]) == len(comparison.cells)
    with pytest.raises(jsonschema.ValidationError):
        written.as_json(replace(found, confidence=95.0))


def test_the_schema_says_which_way_a_change_goes() -> None:
    text = Path(written.ROOM / "comparison.schema.json").read_text(encoding="utf-8")
    assert text.count("more than 1 says that B is slower") == 2
