"""What the papers promise holds: examples run, links resolve, and no file names a package registry's host."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.environment.checkout import RESULTS
from benchmarks.registry import KERNELS

ROOT = Path(__file__).resolve().parents[2]
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
HOSTS = tuple(
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("crates", "io"), ("anaconda", "org"))
)
CARGO_SOURCE = "registry+https://github.com/rust-lang/" + ".".join(("crates", "io-index"))

FIGURE = re.compile(
    r"\d ?(?:ns|µs|GB/s)\b|\d ?% (?:less|longer|more|faster|slower)|\d times (?:as|the time)|costs? \d+ ?%"
    r"|\b(?:twice|half|third|quarter) (?:as (?:long|fast|much time)|(?:of )?the time)"
)
"""How much faster or slower something was; it holds for one processor and one day."""


def tracked() -> list[Path]:
    """Return the files that are, or would be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listing.stdout.splitlines() if (path := ROOT / name).is_file()]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_resolve(paper: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", paper.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    broken = [t for t in targets if t and "://" not in t and not (paper.parent / t).exists()]
    assert not broken, f"{paper.name}: no such file: {broken}"


@pytest.mark.parametrize("paper", [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"], ids=lambda p: p.name)
def test_files_that_the_guides_name_are_there(paper: Path) -> None:
    """Those whose whole path they say; `my_kernel` and what stands in angle brackets are anybody's."""
    text, tops = paper.read_text(encoding="utf-8"), {path.relative_to(ROOT).parts[0] for path in tracked()}
    named = {name for name in re.findall(r"`([\w.-]+(?:/[\w.-]+)*)/?`", text) if name.split("/")[0] in tops}
    missing = [n for n in sorted(named - set(RESULTS)) if "my_kernel" not in n and not (ROOT / n).exists()]
    assert len(named) > 30
    assert not missing, f"{paper.name}: no such file: {missing}"


def test_no_file_names_the_host_of_a_package_registry() -> None:
    found = []
    for path in tracked():
        with contextlib.suppress(UnicodeDecodeError):
            text = path.read_text(encoding="utf-8").replace(CARGO_SOURCE, "")
            found += [f"{path.relative_to(ROOT)}: {host}" for host in HOSTS if host in text]
    assert not found, found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.findall(r"eokernels\.(\w+)", text)[0])
def test_examples_of_the_readme_run(example: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {})
    promised = re.findall(r"^print\(.*\)  # (.*)$", example, re.MULTILINE)
    assert printed.getvalue().split("\n")[:-1] == promised


def test_the_readme_shows_all_kernels_examples_and_a_place_for_results() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(EXAMPLES) == 3
    assert [name for name in KERNELS if f"`{name}`" not in text] == []
    assert text.count("<!-- results:begin -->") == text.count("<!-- results:end -->") == 1


def test_targets_that_the_papers_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    texts = [
        path.read_text(encoding="utf-8") for path in [*PAPERS, ROOT / ".ci" / "run", *ROOT.glob(".github/workflows/*")]
    ]
    named = {name for text in texts for name in re.findall(r"(?:`|^|run: )make ([a-z-]+)", text, re.MULTILINE)}
    assert named <= targets, f"no such target in the Makefile: {sorted(named - targets)}"


def anchors(paper: Path) -> set[str]:
    """Return what a link into a paper may name: its headings, as web pages of repositories call them, and its ids."""
    text = paper.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([\w-]+)"></a>', text))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_into_papers_name_a_place_that_is_there(paper: Path) -> None:
    found = re.findall(r"\]\(([^)\s#]*)#([^)\s]+)\)", paper.read_text(encoding="utf-8"))
    links = [(target, place) for target, place in found if "://" not in target]
    broken = [f"{t}#{place}" for t, place in links if place not in anchors(paper.parent / t if t else paper)]
    assert not broken, f"{paper.name}: no such heading or id: {broken}"


@pytest.mark.parametrize("paper", ["README.md", "METHODOLOGY.md"])
def test_terms_are_linked_to_the_glossary_where_they_first_occur(paper: str) -> None:
    text = (ROOT / paper).read_text(encoding="utf-8")
    linked = set(re.findall(r"docs/glossary\.md#word-(\w+)\)", text))
    lacking = {"contract", "oracle", "kernel", "centre", "interval", "limit", "peer", "tier", "expert"} - linked
    assert not lacking, f"{paper}: not linked to docs/glossary.md: {sorted(lacking)}"


@pytest.mark.parametrize("room", ["kernels_rs", "reference_py", "benchmarks", "inputs", "reports", "lab"])
def test_what_was_measured_stands_in_decisions_and_not_in_comments(room: str) -> None:
    sources = [
        path for path in (ROOT / room).rglob("*") if path.suffix in {".rs", ".py"} and "target" not in path.parts
    ]
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]
    found = [line for line in lines if FIGURE.search(line)]
    assert len(lines) > 1000
    assert not found, f"move the figures to docs/decisions/0011, with the processor: {found}"
