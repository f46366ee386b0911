"""The report is whole or absent, loads nothing, holds its own raw data, and shows losses as plainly as wins."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import matplotlib as mpl
import pandas as pd
import pytest
from synthetic_ledger import every_kind
from synthetic_run import TWO, Outcome, Spot, Writer

from benchmarks.registry import KERNELS
from reports import words
from reports.figures import drawing, plots
from reports.read.rows import Run
from reports.stats.error_rates import ErrorRates, error_rates
from reports.stats.speedup import paired_ratio, shared
from reports.stats.summary import Summary, summarise
from reports.write import flagging, glossary, ledger_page, render, tables, winners
from reports.write.chapters import groups
from reports.write.offline import external_loads, external_loads_of

MEDIAN = "temporal_median"
ONE = {"normalized_difference": TWO["normalized_difference"]}
VOID = {"meta", "link", "img", "br", "hr", "input", "wbr", "use", "path"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Summary, Path]:
    def spoil(at: Spot, outcome: Outcome) -> Outcome | None:
        if (at.case, at.arm) == ("f32_73x480_ties", "numba"):
            return outcome | {"status": "failed", "reason": "0 < 1 & </script>", "time_s": None}
        return None if (at.case, at.arm) == ("f32_73x64", "bottleneck") else outcome

    root = tmp_path_factory.mktemp("report")
    run = Writer(root, spoil=spoil).write().read()
    summary = replace(summarise(run, TWO), error_rates=error_rates(every_kind()))
    page = render.write(run, summary, TWO, root / "latest")
    return run, summary, page


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Summary]:
    run = Writer(tmp_path_factory.mktemp("small"), tier="smoke", centre=False, kernels=ONE).write().read()
    return run, summarise(run, ONE)


def test_the_files_are_there_and_nothing_is_left_beside_them(made: tuple[Run, Summary, Path]) -> None:
    _, _, page = made
    names = {p.name for p in page.parent.iterdir()}
    assert {"index.html", "report.md", "results.csv", "summary.json", "temporal_median-ratio.png"} <= names
    assert not [p for p in page.parent.parent.iterdir() if p.name.startswith(".latest")]


def test_templates_name_only_what_there_is() -> None:
    """A branch that few runs take would otherwise fail with the first of them."""
    rooms = {"words": words, "tables": tables, "winners": winners, "flagging": flagging, "ledger_page": ledger_page}
    texts = [path.read_text(encoding="utf-8") for path in (Path(render.__file__).parent / "templates").glob("*.j2")]
    named = {found for text in texts for found in re.findall(rf"\b({'|'.join(rooms)})\.([A-Za-z_]+)", text)}
    assert len(named) > 25
    assert [f"{room}.{name}" for room, name in sorted(named) if not hasattr(rooms[room], name)] == []


def test_a_winner_that_changes_along_an_axis_is_named(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome:
        fast = "numpy" if at.case == "f32_256" else "rust"
        return outcome if outcome["time_s"] is None else outcome | {"time_s": 1e-4 if at.arm == fast else 1e-3}

    run = Writer(tmp_path, tier="smoke", kernels=ONE, spoil=spoil).write().read()
    page = render.write(run, summarise(run, ONE), ONE, tmp_path / "latest").read_text(encoding="utf-8")
    assert "the winner changes" in page
    assert re.search("<li>[^<]*→[^<]*: [^<]*→[^<]*</li>", page)


def test_the_page_loads_nothing(made: tuple[Run, Summary, Path]) -> None:
    _, _, page = made
    assert external_loads_of(page.parent) == {}
    text = page.read_text()
    assert "<script src" not in text
    assert not re.search(r"https?://", re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.S))


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        "<style>@import 'http://example.org/x.css';</style>",
        "<div style=\"background: url('https://example.org/x.png')\">",
        'fetch("https://example.org/data.json")',
    ],
)
def test_what_a_page_would_load_is_found(text: str) -> None:
    assert len(external_loads(text)) == 1


def test_a_link_to_click_is_no_load() -> None:
    assert external_loads('<a href="https://example.org/">there</a>') == []


class Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for key, value in attrs if key == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for key, value in attrs if key == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.problems.append(tag)


def test_the_page_is_well_formed(made: tuple[Run, Summary, Path]) -> None:
    checker = Balance()
    checker.feed(made[2].read_text())
    assert (checker.problems, checker.open) == ([], [])
    ours = [i for i in checker.ids if not i.startswith("DejaVu")]
    assert len(ours) == len(set(ours))


def test_every_number_can_be_derived_from_the_data_in_the_page(made: tuple[Run, Summary, Path]) -> None:
    _, summary, page = made
    found = re.search(r'<script type="application/json" id="eo-data">(.*?)</script>', page.read_text(), re.S)
    assert found
    data = json.loads(found.group(1))
    assert data["summary"] == json.loads((page.parent / "summary.json").read_text())
    times = {(r["kernel"], r["case"], r["implementation"], r["group"]): r["samples_s"] for r in data["rows"]}
    for cell in (c for c in summary.cells if c.ratio_vs_numpy is not None):
        group = "crop" if cell.cropped else "call"
        pair = (times[cell.kernel, cell.case, arm, group] for arm in ("numpy", cell.implementation))
        assert paired_ratio(*shared(*pair)).estimate == pytest.approx(cell.ratio_vs_numpy)


def test_every_cell_of_the_plan_stands_in_the_page_with_its_command(made: tuple[Run, Summary, Path]) -> None:
    _, summary, page = made
    text = page.read_text()
    assert all(c.repro in text for c in summary.cells)
    assert "not measured" in text
    assert "0 &lt; 1 &amp; &lt;/script&gt;" in text
    assert "&lt;none&gt; &amp; nothing" in text


def test_losses_are_in_words_and_come_before_the_whole_table(made: tuple[Run, Summary, Path]) -> None:
    text = made[2].read_text()
    losing, overview = text.index('<h2 id="losses">Where we lose'), text.index('<h2 id="overview">')
    assert losing < overview < text.index('<h3 id="normalized_difference">')
    assert text.index("f32_2048_bandlast", losing) < overview
    assert "▼ slower" in text
    assert "▲ faster" in text


def test_the_summary_keeps_its_schema_and_the_table_its_columns(made: tuple[Run, Summary, Path]) -> None:
    _, summary, page = made
    values = json.loads((page.parent / "summary.json").read_text())
    jsonschema.Draft202012Validator.check_schema(render.schema())
    jsonschema.Draft202012Validator(render.schema()).validate(values)
    frame = pd.read_csv(page.parent / "results.csv")
    assert list(frame.columns) == list(values["cells"][0])
    assert len(frame) == len(summary.cells)


def test_the_markdown_says_the_same(made: tuple[Run, Summary, Path]) -> None:
    _, summary, page = made
    text = (page.parent / "report.md").read_text()
    assert "**Incomplete**: 1 of" in text
    assert text.count("#### All cases") == 2
    assert text.index("## Where we lose") < text.index("## All kernels at their centre case") < text.index("## C1 ·")
    for figure in re.findall(r"\]\(([\w-]+\.png)\)", text):
        assert (page.parent / figure).is_file()
    assert summary.commit[:12] in text


def test_all_kernels_stand_in_the_page_by_cost_class(tmp_path: Path) -> None:
    missed = {"kernel": "evi", "case": "f32_5000", "estimate_s": 41.5, "reason": "only 12 s were left"}
    run = Writer(tmp_path, tier="smoke", kernels=KERNELS, left_out=(missed,)).write().read()
    found = summarise(run, KERNELS)
    page = render.write(run, found, KERNELS, tmp_path / "latest")
    for text, heading in ((page.read_text(), '<h3 id="{}">'), ((page.parent / "report.md").read_text(), "\n`{}` at ")):
        places = [text.index(heading.format(name)) for name in KERNELS]
        assert places == sorted(places)
        assert all(f"{kernel.cost_class} · " in text for kernel in KERNELS.values())
        assert "only 12 s were left" in text
        assert "41.5 s" in text
    checker = Balance()
    checker.feed(page.read_text())
    assert (checker.problems, checker.open) == ([], [])


def test_a_chapter_has_memory_threads_first_calls_and_small_sizes(
    made: tuple[Run, Summary, Path],
) -> None:
    chapter = groups(made[1], TWO)[0].chapters[0]
    (both,) = chapter.outputs
    assert (both.fresh.name, both.out.name) == ("f32_2048", "f32_2048_out")
    fresh, out = both.cells["rust"]
    assert (fresh.peak_bytes, out.peak_bytes) == (2**24, 0)
    assert {t.implementation for t in chapter.threads} == {"numba", "rust"}
    assert {s.implementation for s in chapter.starts} == set(chapter.kernel.implementations)
    assert [[b.implementation for b in series] for series in chapter.small] == [["numba", "rust"]]
    text = made[2].read_text()
    for heading in ("Fresh output or", "More threads", "First calls and floors", "Where NumPy wins by size alone"):
        assert text.count(f"<h4>{heading}") >= 2


def test_a_peer_that_differs_is_marked_in_its_column(made: tuple[Run, Summary, Path]) -> None:
    chapter = groups(made[1], TWO)[0].chapters[0]
    assert set(chapter.semantics) == {p.name for p in chapter.kernel.peers if p.semantics}
    text = made[2].read_text()
    assert '<th scope="col">numexpr<small>≠ differs' in text
    assert "<b>numexpr</b>:" in text


def test_a_report_is_replaced_as_a_whole(small: tuple[Run, Summary], tmp_path: Path) -> None:
    run, summary = small
    out = tmp_path / "latest"
    render.write(run, summary, ONE, out)
    (out / "stale.png").write_bytes(b"")
    render.write(run, summary, ONE, out)
    assert not (out / "stale.png").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["latest"]


def test_reports_that_are_done_at_once_replace_each_other_and_all_end_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def slowly(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        time.sleep(0.02)
        return moved

    monkeypatch.setattr(Path, "rename", slowly)
    folders = [tmp_path / f".latest-{number}" for number in range(8)]
    for folder in folders:
        folder.mkdir()
        (folder / "summary.json").write_text(folder.name)
    with ThreadPoolExecutor(len(folders)) as pool:
        for done in [pool.submit(render._replace, tmp_path / "latest", folder) for folder in folders]:
            done.result()
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_a_failing_report_leaves_the_old_one(
    small: tuple[Run, Summary], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, summary = small
    out = tmp_path / "latest"
    render.write(run, summary, ONE, out)
    before = (out / "index.html").read_text()
    monkeypatch.setattr(drawing, "png", lambda figure: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        render.write(run, summary, ONE, out)
    assert (out / "index.html").read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["latest"]


def test_what_is_not_a_report_is_never_replaced(small: tuple[Run, Summary], tmp_path: Path) -> None:
    run, summary = small
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(ValueError, match="not a report"):
        render.write(run, summary, ONE, tmp_path)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_figures_are_the_same_bytes_for_the_same_run(small: tuple[Run, Summary]) -> None:
    _, summary = small
    first, second = (groups(summary, ONE)[0].chapters[0].figures for _ in range(2))
    assert [drawing.svg(p) for p in first] == [drawing.svg(p) for p in second]
    assert drawing.png(first[0].figure) == drawing.png(second[0].figure)


def test_figures_follow_the_pages_colours_and_their_names_are_in_words(made: tuple[Run, Summary, Path]) -> None:
    chapter = groups(made[1], TWO)[1].chapters[0]
    assert [p.key.removeprefix("temporal_median-") for p in chapter.figures] == ["ratio", "dates", "pixels", "limit"]
    for plot in chapter.figures:
        text = drawing.svg(plot)
        assert "var(--ink)" in text or "var(--muted)" in text
        assert 'role="img" aria-label="' in text
        assert drawing.INK not in text


def test_the_colour_scale_is_centred_at_one() -> None:
    norm = mpl.colors.LogNorm(0.25, 4.0)
    red, green, blue, _ = plots.DIVERGING(float(norm(1.0)))
    assert min(red, green, blue) > 0.95


def test_a_small_run_leaves_out_the_figures_that_would_be_empty(tmp_path: Path) -> None:
    run = Writer(tmp_path, tier="smoke", centre=False, processes=2, kernels={MEDIAN: TWO[MEDIAN]}).write().read()
    page = render.write(run, summarise(run, TWO), TWO, tmp_path / "latest")
    assert "no interval" in page.read_text()
    assert not (page.parent / "temporal_median-dates.png").exists()


def test_a_chapter_begins_with_a_sentence_that_names_all_rivals(made: tuple[Run, Summary, Path]) -> None:
    said = groups(made[1], TWO)[0].chapters[0].sentence
    assert re.fullmatch(
        r"Rust takes [\d.]+ .s: .+ as fast as expert NumPy; .+ as fast as the best peer, numexpr; .+\.", said
    )
    assert re.search(r"; it reaches [\d.]+ of the memory limit; its values are at most [\d.]+ ulp off\.$", said)


def test_every_word_that_the_page_links_is_in_its_glossary(made: tuple[Run, Summary, Path]) -> None:
    text = made[2].read_text()
    linked = re.findall(r'<a class="term" href="#(word-\w+)">', text)
    explained = re.findall(r'<dt id="(word-\w+)">', text)
    assert len(set(explained)) == len(explained) == len(glossary.terms())
    assert set(linked) <= set(explained)
    assert {f"word-{word}" for word in ("tier", "cell", "peer", "centre", "canary", "limit")} <= set(linked)


def test_the_glossary_of_the_page_is_the_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line for line in glossary.PAPER.read_text(encoding="utf-8").splitlines() if line.startswith("| <a")]
    assert len(glossary.terms()) == len(rows) > 20, "each row of docs/glossary.md is a term"
    paper = tmp_path / "glossary.md"
    paper.write_text('| <a id="word-arm"></a>arm | `a * b` of *two*, a < b |\n', encoding="utf-8")
    monkeypatch.setattr(glossary, "PAPER", paper)
    assert glossary.terms()["arm"].meaning == "<code>a * b</code> of <i>two</i>, a &lt; b"


def test_how_often_the_gate_errs_stands_in_page_markdown_and_summary(made: tuple[Run, Summary, Path]) -> None:
    _, summary, page = made
    found = summary.error_rates
    texts = [page.read_text(), (page.parent / "report.md").read_text()]
    for text in texts:
        said = text.split("How often the gate errs")[-1]
        assert ledger_page.facts(found) in said
        assert "5 % (1 of 20) [" in said, "false flags"
        for sentence in ("another link of the same code", "with a load beside it", "+5 %, calls of 1 ms and more"):
            assert sentence in said
        for rule in found.rules:
            assert rule.rule in said.replace("&#39;", "'")
    (curve,) = re.findall(r"<figcaption>Slowdowns found.*?</figure>", texts[0], re.S)
    assert "<svg" in curve
    assert (page.parent / "gate-power.png").read_bytes().startswith(b"\x89PNG")
    assert "](gate-power.png)" in texts[1]
    kept = json.loads((page.parent / "summary.json").read_text())["error_rates"]
    assert kept["comparisons"] == found.comparisons == 240
    assert kept["rules"][0]["false_flags"][0]["slower"]["hits"] == 1


def test_without_a_ledger_the_report_says_which_command_makes_one(small: tuple[Run, Summary], tmp_path: Path) -> None:
    run, summary = small
    page = render.write(run, summary, ONE, tmp_path / "empty")
    for text in (page.read_text(), (page.parent / "report.md").read_text()):
        said = text.split("How often the gate errs")[-1]
        assert "No error rate of the gate is known yet" in said
        assert "python -m lab calibrate" in said
    assert not (page.parent / "gate-power.png").exists()
    assert json.loads((page.parent / "summary.json").read_text())["error_rates"]["rules"] == []
    unreadable = replace(summary, error_rates=ErrorRates(unreadable="ledger/<b>.jsonl is cut"))
    page = render.write(run, unreadable, ONE, tmp_path / "cut")
    assert "The ledger cannot be read: ledger/&lt;b&gt;.jsonl is cut." in page.read_text()
    assert "ledger/<b>.jsonl is cut" in (page.parent / "report.md").read_text()
    assert "No error rate of the gate is known yet" not in page.read_text()


def test_page_and_markdown_name_the_processor(made: tuple[Run, Summary, Path]) -> None:
    for text in (made[2].read_text(), (made[2].parent / "report.md").read_text()):
        assert "AMD EPYC 7B13" in text.split("Where we lose")[0]
