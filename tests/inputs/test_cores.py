"""What affinity and control groups leave a process, on trees of files and in processes that are really kept short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.asv.machine import this_machine
from benchmarks.environment import provenance
from benchmarks.environment.jsonlines import append
from benchmarks.pairing import controls
from benchmarks.pairing.runlines import CONTROLS
from benchmarks.probes import Scaling
from benchmarks.registry import KERNELS
from inputs.families import CASES
from inputs.host import cores
from inputs.host.cores import Throttling
from reports.read.load import _controls
from reports.stats.limits import canary
from reports.words import canary_sentence

ROOT = Path(__file__).resolve().parents[2]


def tree(root: Path, said: str, files: dict[str, str]) -> Path:
    """Write ``/proc/self/cgroup`` and files below ``/sys/fs/cgroup``."""
    for path, text in {"proc/self/cgroup": said, **{f"sys/fs/cgroup/{p}": t for p, t in files.items()}}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"{text}\n")
    return root


UNIFIED = "0::/batch.slice/job"
SPLIT = "4:memory:/job\n3:cpuset:/job\n2:cpu,cpuacct:/batch/job\n0::/"
HIDDEN = "1:cpu:/docker/0123"
V2, V1 = "cpu.max", "cpu.cfs_{}_us"
QUOTA, PERIOD = V1.format("quota"), V1.format("period")


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    ("said", "files", "quota", "usable"),
    [
        (UNIFIED, {f"batch.slice/job/{V2}": "50000 100000"}, 0.5, 1),
        (UNIFIED, {f"batch.slice/{V2}": "250000 100000", f"batch.slice/job/{V2}": "max 100000"}, 2.5, 2),
        (UNIFIED, {f"batch.slice/{V2}": "100000 100000", f"batch.slice/job/{V2}": "300000 100000"}, 1.0, 1),
        (UNIFIED, {f"batch.slice/job/{V2}": "max 100000"}, None, 8),
        (UNIFIED, {f"batch.slice/job/{V2}": "9000000 100000"}, 90.0, 8),
        (SPLIT, {f"cpu,cpuacct/batch/{QUOTA}": "-1", f"cpu,cpuacct/batch/{PERIOD}": "100000"}, None, 8),
        (SPLIT, {f"cpu,cpuacct/batch/job/{QUOTA}": "150000", f"cpu,cpuacct/batch/job/{PERIOD}": "100000"}, 1.5, 1),
        (SPLIT, {f"cpu/batch/{QUOTA}": "150000", f"cpu/batch/{PERIOD}": "50000", "cpu/batch/job/tasks": ""}, 3.0, 3),
        (SPLIT, {f"cpuset/job/{QUOTA}": "100000", f"cpuset/job/{PERIOD}": "100000"}, None, 8),
        (HIDDEN, {f"cpu/{QUOTA}": "20000", f"cpu/{PERIOD}": "100000"}, 0.2, 1),
        ("0::/../elsewhere", {V2: "200000 100000"}, 2.0, 2),
        ("0::/", {V2: "not a number"}, None, 8),
        ("", {}, None, 8),
    ],
)
def test_the_tightest_quota_around_a_process_counts(
    tmp_path: Path, said: str, files: dict[str, str], quota: float | None, usable: int
) -> None:
    root = tree(tmp_path, said, files)
    assert cores.quota_cores(root) == quota
    assert cores.usable_cores(root) == usable
    assert cores.granted_cores(root) == min(8, quota or 8)


def test_the_group_that_was_stopped_the_most_counts(tmp_path: Path) -> None:
    files = {
        "batch.slice/cpu.stat": "usage_usec 5\nnr_periods 10\nnr_throttled 1\nthrottled_usec 7",
        "batch.slice/job/cpu.stat": "nr_periods 400\nnr_throttled 30\nthrottled_usec 2000000",
        "cpu.stat": "usage_usec 5",
    }
    before = cores.throttling(tree(tmp_path, UNIFIED, files))
    assert len(before) == 2
    files["batch.slice/job/cpu.stat"] = "nr_periods 768\nnr_throttled 354\nthrottled_usec 22000000"
    now = cores.throttling(tree(tmp_path, UNIFIED, files))
    assert cores.throttled_since(before, now) == Throttling(368, 324, 20.0)
    assert cores.throttled_since(now, now).share == 0
    assert cores.throttled_since({}, now) == cores.NEVER


def test_version_1_counts_nanoseconds(tmp_path: Path) -> None:
    stat = {"cpu,cpuacct/batch/job/cpu.stat": "nr_periods 4\nnr_throttled 2\nthrottled_time 3000000000"}
    (found,) = cores.throttling(tree(tmp_path, SPLIT, stat)).values()
    assert found == Throttling(4, 2, 3.0)
    assert found.share == 0.5


def on_one_core(code: str) -> str:
    """Return what a process says that may run on one core alone."""
    done = subprocess.run(
        [sys.executable, "-c", f"import os\nos.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n{code}"],
        cwd=ROOT, env={k: v for k, v in os.environ.items() if k != "EOLAB_MACHINE"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.strip()


needs_two = pytest.mark.skipif(cores.affine_cores() < 2, reason="only one core may be used as it is")


@needs_two
def test_all_threads_are_those_that_the_affinity_leaves() -> None:
    name = next(case.name for case in CASES["temporal"] if case.threads == 0)
    said = on_one_core(
        "from inputs.families import find\nfrom benchmarks.environment import provenance\n"
        f"print(find('temporal', {name!r}).thread_count, provenance.machine()['cores']['usable'])"
    )
    assert said == "1 1"


@needs_two
def test_the_machine_of_an_affinity_has_a_name_of_its_own() -> None:
    said = on_one_core(
        "from benchmarks.asv.machine import this_machine\nm = this_machine()\nprint(m.machine, m.num_cpu)"
    )
    there = cores.online_cores()
    assert said.split(" ", 1)[0].endswith(f"-1of{there}cpu")
    assert said.endswith(f" 1 of {there}")


@pytest.mark.parametrize(
    ("granted", "there", "ending"), [(2, 2, "-2cpu"), (0.5, 2, "-0.5of2cpu"), (1 / 3, 4, "-0.33of4cpu")]
)
def test_a_quota_is_part_of_the_machines_name(
    monkeypatch: pytest.MonkeyPatch, granted: float, there: int, ending: str
) -> None:
    monkeypatch.delenv("EOLAB_MACHINE", raising=False)
    monkeypatch.setattr(cores, "granted_cores", lambda: granted)
    monkeypatch.setattr(cores, "online_cores", lambda: there)
    name = this_machine().machine
    assert name.endswith(ending)
    assert name.removesuffix(ending)


LINE = {"kernel": "k", "process": 0, "threads": 2, "triad_1_gb_per_s": 10.0, "triad_2_gb_per_s": 15.0}
HALF = {"threads": 1, "online_cores": 2, "affine_cores": 2, "quota_cores": 0.5, "throttled_s": 20.0}


@pytest.mark.parametrize(
    ("line", "passed", "sentence"),
    [
        (
            {**HALF, "quota_periods": 368, "throttled_periods": 324},
            ("quota",),
            "A quota of 0.5 cores stopped the threads",
        ),
        ({**HALF, "quota_periods": 368, "throttled_periods": 3}, (), "a quota of 0.5 cores stopped the threads"),
        ({**HALF, "quota_periods": 368, "throttled_periods": 4}, ("quota",), "in at most 1.1% of its periods"),
        ({"quota_cores": None, "quota_periods": 0, "throttled_periods": 0}, (), ""),
        ({"quota_cores": None, "quota_periods": 10, "throttled_periods": 9}, ("quota",), "A quota stopped the threads"),
        ({"quota_periods": "unavailable: no", "throttled_periods": "unavailable: no"}, (), ""),
        ({}, (), ""),
    ],
)
def test_a_machine_that_is_throttled_is_not_calm(
    tmp_path: Path, line: dict[str, object], passed: tuple[str, ...], sentence: str
) -> None:
    """The last of them is a line from before quotas were known."""
    append(tmp_path / CONTROLS, {**LINE, **line})
    found = canary(list(_controls(tmp_path / CONTROLS)))
    assert found.disturbances() == passed
    assert found.state == ("noisy" if passed else "calm")
    said = canary_sentence(found)
    assert sentence in said
    assert bool(sentence) == ("quota" in said)


def test_two_threads_on_one_core_need_not_get_more_than_one(tmp_path: Path) -> None:
    append(tmp_path / CONTROLS, {**LINE, "threads": 1, "triad_2_gb_per_s": 9.7})
    found = canary(list(_controls(tmp_path / CONTROLS)))
    assert found.state == "calm"
    assert "no limit on one core" in canary_sentence(found)


def test_a_watch_reads_the_counters_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([{"/g": Throttling(10, 1, 0.5)}, {"/g": Throttling(20, 9, 2.0)}, {}])
    monkeypatch.setattr(cores, "throttling", lambda: next(readings))
    watch = controls.Watch()
    assert watch.throttled() == (10, 8, 1.5)
    assert all(str(one).startswith("unavailable: ") for one in watch.throttled())


def test_what_the_probes_do_to_a_quota_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take two threads also where one is all that the quota grants."""
    state = {"/g": Throttling(10, 0, 0.0)}

    def probe(_: int) -> Scaling:
        state["/g"] = Throttling(20, 10, 1.0)
        return Scaling(1.0, 2.0, 2.0)

    monkeypatch.setattr(cores, "throttling", lambda: dict(state))
    monkeypatch.setattr(controls.bandwidth, "triad", probe)
    monkeypatch.setattr(controls.compute, "flop_per_s", lambda *_: Scaling(1.0, 2.0, 2.0))
    monkeypatch.setattr(controls.compute, "minmax_pairs_per_s", lambda _: 1.0)
    monkeypatch.setattr(controls.floor, "floors_s", lambda _: {})
    watch = controls.Watch()
    state["/g"] = Throttling(15, 1, 0.1)
    line = controls.controls(KERNELS["evi"], 0, watch)
    assert (line["quota_periods"], line["throttled_periods"], line["throttled_s"]) == (5, 1, 0.1)
    assert line["threads"] == cores.usable_cores()


def test_the_receipt_says_what_was_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "quota_cores", lambda *_: 0.5)
    monkeypatch.setattr(cores, "throttling", lambda: {"/g": Throttling(10, 1, 0.5), "/h": cores.NEVER})
    found = provenance.machine()["cores"]
    assert (found["quota"], found["usable"]) == (0.5, 1)
    assert found["throttling"] == {"/g": {"periods": 10, "throttled": 1, "throttled_s": 0.5}}


BURN = """
import os, threading, time
from pathlib import Path
from benchmarks.pairing.controls import Watch
from benchmarks.asv.machine import this_machine
from inputs.host import cores
(Path(GROUP) / "cgroup.procs").write_text(str(os.getpid()))
watch = Watch()
until = time.monotonic() + 1.5
def work():
    while time.monotonic() < until: pass
threads = [threading.Thread(target=work) for _ in range(2)]
[t.start() for t in threads]; [t.join() for t in threads]
print(cores.quota_cores(), cores.usable_cores(), this_machine().machine, *watch.throttled())
"""


def test_a_process_under_a_real_quota_sees_that_it_is_throttled() -> None:
    """Only where control groups may be made here, by root as a rule."""
    group, quota = next(
        (
            (Path(top) / f"eolab-test-{os.getpid()}", quota)
            for top, quota in (("/sys/fs/cgroup/cpu", QUOTA), ("/sys/fs/cgroup", V2))
            if (Path(top) / "cgroup.procs").is_file() and os.access(top, os.W_OK)
        ),
        (None, ""),
    )
    if group is None:
        pytest.skip("no control group may be made here")
    try:
        group.mkdir()
        if not (group / quota).is_file():
            group.rmdir()
            pytest.skip("the control groups here have no quota")
    except OSError as error:
        pytest.skip(f"no control group may be made here: {error}")
    try:
        (group / quota).write_text("10000" if quota == QUOTA else "10000 100000")
        done = subprocess.run(
            [sys.executable, "-c", f"GROUP = {str(group)!r}\n{BURN}"], cwd=ROOT, capture_output=True, text=True,
            env={k: v for k, v in os.environ.items() if k != "EOLAB_MACHINE"}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    finally:
        group.rmdir()
    granted, usable, name, periods, throttled, throttled_s = done.stdout.split()
    assert (granted, usable) == ("0.1", "1")
    assert name.endswith(f"-0.1of{cores.online_cores()}cpu")
    assert int(periods) >= 5
    assert int(throttled) / int(periods) > 0.1
    assert float(throttled_s) >= 0  # newer kernels leave it at 0 for threads that never stood still for long
