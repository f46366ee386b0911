"""What all tests share: the tally of contract checks, printed at the end."""

from __future__ import annotations

import ctypes
import gc
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings

from benchmarks.contract.verdict import Verdict
from benchmarks.environment.process import ONE_BLAS_THREAD, numba_cache
from benchmarks.environment.wheel import installed_digest
from inputs.host import surroundings
from inputs.host.cache import cache_dir

# From a git hook the tests' own repositories are meant all the same, and not the one that is committed to.
for name in [name for name in os.environ if name.startswith("GIT_") and not surroundings.PASSED.fullmatch(name)]:
    del os.environ[name]

settings.register_profile("lab", deadline=None)  # a busy machine is no defect
settings.load_profile("lab")

os.environ.update(ONE_BLAS_THREAD)  # in time for the workers of pytest-xdist, which share the cores
# What tests compile is then compiled once, whether they call it themselves or by a process of the lab's.
os.environ.update(numba_cache(cache_dir(), installed_digest()))


@dataclass
class Tally:
    """Contract checks that ran in this session."""

    verdicts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """(kernel, implementation, dtype, status) → checks."""
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.verdicts[verdict.kernel, verdict.implementation, verdict.dtype, verdict.status] += 1
        if verdict.status == "skipped":
            self.reasons[verdict.detail] += 1

    def line(self) -> str:
        """Return the tally in a sentence."""
        batches: Counter[tuple[str, ...]] = Counter()
        for key, count in self.verdicts.items():
            if key[1] != "oracle":
                batches[key[:3]] += count
        kernels, implementations, dtypes = (len({key[i] for key in batches}) for i in range(3))
        oracles = self.verdicts.total() - batches.total()
        cases = f"{min(batches.values(), default=0)}–{max(batches.values(), default=0)}"
        skipped, failed = (sum(n for key, n in self.verdicts.items() if key[3] == s) for s in ("skipped", "failed"))
        return (
            f"contract checks: {self.verdicts.total()} ({kernels} kernels × {implementations} implementations × "
            f"{dtypes} dtypes × {cases} cases, and {oracles} of the oracles), {skipped} skipped, {failed} failed"
        )


TALLY = pytest.StashKey[Tally]()


M_MMAP_THRESHOLD, LARGE = -3, 2**20


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Tally()
    # Large arrays get pages of their own from the beginning. Else glibc keeps those of earlier tests, and what a call
    # takes hides in them.
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, LARGE)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all tests: it takes a second wherever one asks for it."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the tally of one of several test processes to the one that prints it."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        tally = session.config.stash[TALLY]
        output["tally"] = list(tally.verdicts.items()), list(tally.reasons.items())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what a test process has counted; one that crashed has counted nothing."""
    verdicts, reasons = getattr(node, "workeroutput", {}).get("tally", ((), ()))
    tally = node.config.stash[TALLY]
    tally.verdicts.update({tuple(key): count for key, count in verdicts})
    tally.reasons.update(dict(reasons))


@pytest.fixture
def assert_kept(request: pytest.FixtureRequest) -> Callable[[Iterable[Verdict]], None]:
    """Return a function that counts verdicts and fails with every breach among them."""
    tally = request.config.stash[TALLY]

    def assert_all(verdicts: Iterable[Verdict]) -> None:
        breaches, count = [], 0
        for verdict in verdicts:
            tally.add(verdict)
            count += 1
            if verdict.status == "failed":
                v = verdict
                breaches.append(f"{v.kernel} {v.implementation} {v.dtype} {v.case}: {v.detail}")
        assert count, "nothing was checked"
        assert not breaches, f"{len(breaches)} of {count} checks failed:\n" + "\n".join(breaches[:40])

    return assert_all


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[TALLY]
    if tally.verdicts:
        terminalreporter.section("contract")
        terminalreporter.write_line(tally.line())
        for reason, count in tally.reasons.items():
            terminalreporter.write_line(f"  skipped {count}: {reason}")
