"""One spawned process of a paired measurement: ``python -m benchmarks.pairing.worker job.json``.

It takes the cases of one kernel in an order of its own. Per case and group all arms run in turn
(`benchmarks.pairing.stage`), and one line is written as soon as it is known. At the end come the controls: what the
machine gave meanwhile.
"""

from __future__ import annotations

import gc
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import registry
from benchmarks.calls.binding import WALL, crop_side, logical_shape, target
from benchmarks.environment.jsonfiles import write_object
from benchmarks.environment.jsonlines import append
from benchmarks.pairing.runlines import CONTROLS, CROPPED, Line, Outcome
from benchmarks.pairing.stage import Stage, is_slow
from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import find

BALLAST_BYTES = 96 * 2**20
"""The most memory that a process holds before it makes its arrays. Processes that follow one another get the pages that
the last one has given back; what is held at random makes theirs lie elsewhere."""


@dataclass(frozen=True)
class Job:
    """What one process is to measure.

    Attributes
    ----------
    run_dir
        Where the lines go.
    kernel, cases, arms
        Names; the wall is added to the arms.
    process, seed
        Number of the process, and the seed of its orders.
    wheel_digest
        Of the wheel that must be installed, empty for any.
    sizes
        Whether the small sizes are measured as well.
    controls
        Whether it is measured at the end what the machine gives.
    ballast, huge_pages
        Whether the process holds memory of a drawn size from the beginning, and whether the system may give huge pages.
    oracles
        Case → group → ``.npy`` with the oracle's result, float64 and stacked by output.
    slow
        Case → arms that the first process found too slow for the whole case. A case without an entry is screened here.
    """

    run_dir: str
    kernel: str
    process: int
    seed: int
    cases: tuple[str, ...]
    arms: tuple[str, ...]
    wheel_digest: str
    oracles: dict[str, dict[str, str]]
    slow: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: bool = False
    controls: bool = True
    ballast: bool = True
    huge_pages: bool = True

    def save(self, path: Path) -> None:
        """Write the job for a worker to read."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Job:
        """Read a job."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        slow = {case: tuple(arms) for case, arms in raw["slow"].items()}
        return cls(**{**raw, "cases": tuple(raw["cases"]), "arms": tuple(raw["arms"]), "slow": slow})


def measure_case(job: Job, kernel: Kernel, case: Case, rng: np.random.Generator) -> list[Line]:
    """Measure one case in this process and return its lines, one or two groups."""
    from inputs.real.cubes import Unavailable

    arms = (*job.arms, WALL)
    order = [str(arm) for arm in rng.permutation(arms)]
    try:
        return _measure_groups(job, kernel, case, order)
    except Unavailable as missing:
        outcomes = {arm: Outcome("skipped", f"no data: {missing}") for arm in arms}
        return [Line(job.process, case.name, "call", case.shape, 0, 0, outcomes)]


def _measure_groups(job: Job, kernel: Kernel, case: Case, order: Sequence[str]) -> list[Line]:
    side = crop_side(case)
    screening = case.name not in job.slow
    slow = set(job.slow.get(case.name, ()))
    crop = None
    if side is not None and (screening or slow):
        crop = _warm_stage(job, kernel, case, side, slow=set(), compiled=False)
        slow = _surely_slow(case, crop) if screening else slow
    whole = _warm_stage(job, kernel, case, None, slow=slow, compiled=crop is not None)
    if crop is not None and screening:
        whole.drop_slow()
    arms = (*job.arms, WALL)
    whole.measure(order)
    lines = [whole.line(job.process, "call", logical_shape(case, None), arms)]
    if crop is not None and any(outcome.reason == CROPPED for outcome in whole.outcomes.values()):
        del whole
        crop.measure(order)
        lines.append(crop.line(job.process, "crop", logical_shape(case, side), arms))
    return lines


def _warm_stage(job: Job, kernel: Kernel, case: Case, side: int | None, *, slow: set[str], compiled: bool) -> Stage:
    """Make the arrays, bind the arms, check each answer once and estimate each time; slow arms are left to the crop."""
    onto = target(kernel, case, side)
    expected = np.load(job.oracles[case.name]["call" if side is None else "crop"])
    stage = Stage(kernel, onto, expected, (*job.arms, WALL))
    for arm in list(stage.bound):
        if arm in slow:
            stage.drop(arm)
        elif stage.check(arm, "before"):
            stage.estimate(arm, compiled=compiled)
    return stage


def _surely_slow(case: Case, crop: Stage) -> set[str]:
    """Return the arms that are slow by so much on the crop that the whole need not be tried."""
    scale = math.prod(case.shape) / math.prod(logical_shape(case, crop_side(case)))
    wall_s = crop.estimate_s.get(WALL, 0.0) * scale
    return {arm for arm, s in crop.estimate_s.items() if arm != WALL and is_slow(s * scale / 2, wall_s)}


def run(job: Job) -> None:
    """Measure the cases of a job, the small sizes, then the controls, and write a line for each."""
    from benchmarks.environment.process import refuse_huge_pages
    from benchmarks.environment.provenance import measured_process
    from benchmarks.pairing import small_calls
    from benchmarks.pairing.controls import Watch, controls

    kernel, run_dir = registry.get(job.kernel), Path(job.run_dir)
    if job.process == 0 or not (run_dir / "measured.json").is_file():
        write_object(run_dir / "measured.json", measured_process())
    rng = np.random.default_rng([job.seed, job.process])
    watch = Watch()
    if not job.huge_pages:
        refuse_huge_pages()
    ballast = np.ones(int(rng.integers(1, BALLAST_BYTES)) if job.ballast else 1, np.uint8)
    gc.freeze()  # what was imported is not searched again before every case
    for name in rng.permutation(job.cases):
        for line in measure_case(job, kernel, find(kernel.family, str(name)), rng):
            append(run_dir / f"{job.kernel}.jsonl", line)
        gc.collect()
    if job.sizes:
        small_calls.run(kernel, run_dir, job.process, rng)
    if job.controls:
        append(run_dir / CONTROLS, controls(kernel, job.process, watch, ballast.nbytes))


def main(argument: str, run: Callable[[Job], None] = run) -> int:
    """Read a job and run it in the installed wheel, which must be the one that was planned and no debug build."""
    from benchmarks.environment.process import die_with_parent
    from benchmarks.environment.wheel import is_refused

    die_with_parent()
    job = Job.load(Path(argument))
    if is_refused(job.wheel_digest):
        return 1
    run(job)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
