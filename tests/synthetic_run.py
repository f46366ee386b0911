"""A run as the measuring side leaves it, with known times: the run directory and asv's result file."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.registry import KERNELS, arms
from benchmarks.spec import Kernel, Peer
from inputs.cases import Case
from inputs.families import CASES, find, select
from inputs.sweep import sweep
from reports.read.load import read_run
from reports.read.rows import WALL, Run

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _load() -> Callable[..., Any]:
    raise ImportError


PEERS = {
    "normalized_difference": Peer(
        "numexpr", _load, lambda case: None if case.dtype.startswith("f") else "numexpr has no integers", "x/0 is inf"
    ),
    "temporal_median": Peer("bottleneck", _load, lambda case: None if case.thread_count == 1 else "it has no threads"),
}
TWO = {name: replace(KERNELS[name], peers=(peer,)) for name, peer in PEERS.items()}
"""Two kernels with one peer each, whatever peers the lab declares for them."""
NS_PER_VALUE = {
    "normalized_difference": {
        "numpy": 1.9,
        "numpy_naive": 3.4,
        "numba": 0.62,
        "rust": 0.6,
        "numexpr": 2.1,
        "wall": 0.5,
    },
    "temporal_median": {
        "numpy": 20.0,
        "numpy_naive": 57.0,
        "numba": 6.4,
        "rust": 3.1,
        "bottleneck": 15.0,
        "wall": 0.13,
    },
}
OTHERS = {"numpy": 8.0, "numpy_naive": 24.0, "numba": 1.1, "rust": 1.0, "wall": 0.4}
PEER = 12.0
SMALL = (1, 8, 32, 128)
CROP = 64
Outcome = dict[str, Any]


class Spot(NamedTuple):
    """Where an outcome stands."""

    kernel: str
    case: str
    group: str
    arm: str
    process: int


Spoil = Callable[[Spot, Outcome], Outcome | None]


def seconds(kernel: str, arm: str, case: Case, values: int) -> float:
    """Return the true time of a call: a call's overhead, and so many nanoseconds per value read."""
    overhead = {"numpy": 6e-6, "numpy_naive": 3e-6, "wall": 1e-7}.get(arm, 9e-6)
    rate = NS_PER_VALUE.get(kernel, OTHERS).get(arm, PEER)
    if arm == "numpy_naive" and case.out:
        rate *= 0.4
    if arm == "numba" and case.layout != "c":
        rate *= 4.0
    return overhead + rate * 1e-9 * values


@dataclass
class Writer:
    """Writes a run; `spoil` may change an arm's outcome in one process, or drop it by returning None."""

    root: Path
    processes: int = 6
    tier: str = "core"
    centre: bool = True
    spoil: Spoil | None = None
    spread: float = 0.02
    left_out: tuple[dict[str, Any], ...] = ()
    kernels: Mapping[str, Kernel] = field(default_factory=lambda: TWO)

    @property
    def directory(self) -> Path:
        return self.root / "runs" / "20261122-101500-01234567"

    @property
    def asv_results(self) -> Path:
        return self.root / "asv"

    def write(self) -> Writer:
        """Write everything and return self."""
        self.directory.mkdir(parents=True)
        cases = {k: select(v.family, self.tier, centre=self.centre) for k, v in self.kernels.items()}
        plan = {k: [{"case": c.name, "arms": list(arms(self.kernels[k]))} for c in cs] for k, cs in cases.items()}
        head = {"schema_version": 1, "run_id": self.directory.name, "commit": COMMIT, "tier": self.tier}
        head |= {"machine": "testbench", "created": "2026-11-22T10:15:00+00:00"}
        rest = {"processes": self.processes, "wheel_digest": "sha256:feed", "kernels": plan}
        rest["left_out"] = list(self.left_out)
        (self.directory / "plan.json").write_text(json.dumps(head | rest))
        (self.directory / "receipt.json").write_text(json.dumps(RECEIPT))
        results: dict[str, Any] = {}
        for name, kernel in self.kernels.items():
            lines = [line for case in cases[name] for line in self._lines(kernel, case)]
            self._dump(f"{name}.jsonl", lines)
            self._dump(f"{name}.memory.jsonl", [m for case in cases[name] for m in _memory(kernel, case)])
            self._dump(f"{name}.start.jsonl", [_start(arm) for arm in kernel.implementations])
            self._dump(f"{name}.sizes.jsonl", [x for p in range(self.processes) for x in self._sizes(kernel, p)])
            results |= _asv(kernel, cases[name], lines)
        self._dump("controls.jsonl", [_control(k, p) for k in self.kernels for p in range(self.processes)])
        write_asv(self.asv_results, results)
        return self

    def read(self) -> Run:
        """Read the run back, as the report does."""
        return read_run(self.directory, self.kernels)

    def _dump(self, name: str, records: list[dict[str, Any]]) -> None:
        (self.directory / name).write_text("".join(json.dumps(r) + "\n" for r in records))

    def _lines(self, kernel: Kernel, case: Case) -> list[dict[str, Any]]:
        values = math.prod(case.shape)
        slow = [arm for arm in _arms(kernel) if seconds(kernel.name, arm, case, values) > 0.2]
        lines = [self._line(kernel, case, "call", p, slow) for p in range(self.processes)]
        return lines + [self._line(kernel, case, "crop", p, ()) for p in range(self.processes) if slow]

    def _line(self, kernel: Kernel, case: Case, group: str, process: int, slow: Any) -> dict[str, Any]:
        shape = case.shape if group == "call" else (*case.shape[:-2], *(min(n, CROP) for n in case.shape[-2:]))
        values, itemsize = math.prod(shape), np.dtype(case.dtype).itemsize
        rng = np.random.default_rng([process, values, len(kernel.name)])
        phase = rng.choice([1.0, 1.7], p=[0.8, 0.2])
        outcomes: dict[str, Outcome] = {}
        for arm in _arms(kernel):
            time_s = seconds(kernel.name, arm, case, values) * phase * math.exp(rng.normal(0, self.spread))
            outcome = _outcome(kernel, arm, case, time_s) if arm not in slow else _skipped("cropped")
            spoilt = self.spoil(Spot(kernel.name, case.name, group, arm, process), outcome) if self.spoil else outcome
            if spoilt is not None:
                outcomes[arm] = spoilt
        read = values * itemsize * len(kernel.bands)
        lanes = kernel.dimensions.pixels(tuple(shape))
        written = lanes * sum(dtype.itemsize for dtype in kernel.output_dtypes(kernel.output_dtype(case.dtype)))
        head = {"process": process, "case": case.name, "group": group, "shape": shape}
        return head | {"input_bytes": read, "output_bytes": written, "arms": outcomes}

    def _sizes(self, kernel: Kernel, process: int) -> list[dict[str, Any]]:
        """Return a process's lines on small sizes: NumPy has the least overhead of a call, and the most per value."""
        rng, lines = np.random.default_rng([process, 7]), []
        front = (73,) if kernel.dimensions.over_time else ()
        for side in SMALL:
            case, shape = replace(CASES[kernel.family][0], name=f"small_{side}"), (*front, side, side)
            arms = {}
            for arm in kernel.implementations:
                time_s = seconds(kernel.name, arm, case, math.prod(shape)) * math.exp(rng.normal(0, self.spread))
                arms[arm] = _outcome(kernel, arm, case, time_s)
            head = {"process": process, "case": case.name, "group": "call", "shape": shape}
            lines.append(head | {"input_bytes": 1, "output_bytes": 1, "arms": arms})
        return lines


def _start(arm: str) -> dict[str, Any]:
    jit = {"compile_s": 1.4, "dispatch_s": 2e-7} if arm == "numba" else {}
    return {"arm": arm, "status": "ok", "import_s": 0.02, "first_s": 3e-3, "warm_s": 9e-6, "floor_s": 5e-7} | jit


def _arms(kernel: Kernel) -> tuple[str, ...]:
    return (*arms(kernel), WALL)


def _skipped(reason: str) -> Outcome:
    return {"status": "skipped", "reason": reason, "threads": 1, "blocks_s": [], "calls": 0, "time_s": None}


def _outcome(kernel: Kernel, arm: str, case: Case, time_s: float) -> Outcome:
    peer = next((p for p in kernel.peers if p.name == arm), None)
    if peer is not None and (reason := peer.refuses(case)):
        return _skipped(reason)
    threads = 2 if arm in {"rust", "numba"} and case.threads != 1 else 1
    ulp = None if arm == WALL else 0.5
    blocks = {"blocks_s": [time_s * 1.1, time_s, time_s * 1.3], "calls": 3}
    return {"status": "ok", "reason": "", "threads": threads, **blocks, "time_s": time_s / threads, "max_ulp": ulp}


def _memory(kernel: Kernel, case: Case) -> list[dict[str, Any]]:
    pixels = 0 if case.out else case.pixels * 4
    return [
        {
            "case": case.name,
            "arm": arm,
            "status": "ok",
            "reason": "",
            "peak_bytes": pixels,
            "minor_faults": pixels // 4096,
        }
        for arm in arms(kernel)
    ]


def _control(kernel: str, process: int) -> dict[str, Any]:
    rates = {"float32": 9e9, "float64": 4.5e9, "uint16": 2e10}
    floor = {"numpy": 5e-6, "rust": 4e-7}
    triads = {"triad_1_gb_per_s": 11.0 + process / 10, "triad_2_gb_per_s": 17.0, "triad_all_gb_per_s": 17.0}
    flops = {
        "flop_per_s": {"float32": 4e10},
        "flop_2_per_s": {"float32": 7.6e10},
        "flop_all_per_s": {"float32": 7.6e10},
    }
    return {
        "kernel": kernel,
        "process": process,
        "threads": 2,
        **triads,
        **flops,
        "minmax_pairs_per_s": rates,
        "floor_s": floor,
        "steal_share": 0.001,
    }


def _asv(kernel: Kernel, cases: tuple[Case, ...], lines: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return asv's rows of one kernel: columns of asv 0.6.6, trailing nulls cut off, NaN for skipped cells."""
    names, found = [c.name for c in cases], {}
    cells = list(itertools.product(names, _arms(kernel)))
    params = [[repr(n) for n in names], [repr(a) for a in _arms(kernel)]]
    for group in ("call", "crop"):
        samples: list[list[float] | None] = []
        for case, arm in cells:
            mine = [x["arms"].get(arm) for x in lines if x["case"] == case and x["group"] == group]
            times = [o["time_s"] for o in mine if o is not None and o["status"] == "ok"]
            samples.append(times if times and len(times) == len(mine) else None)
        result = [float(np.median(s)) if s else float("nan") for s in samples]
        empty = [None] * 6
        name = f"bench_kernels.{kernel.name}.ktime_{group}"
        found[name] = [result, params, "digest", 1750000000000, 12.5, *empty, samples]
    found[f"bench_kernels.{kernel.name}.kscale_pixel"] = _asv_curve(kernel, found)
    return found


def _asv_curve(kernel: Kernel, found: Mapping[str, list[Any]]) -> list[Any]:
    """Return asv's row of seconds per output pixel, from that of whole cases: a crop has no part in it here."""
    swept = sweep(kernel.family).cases
    result, params, *_, samples = found[f"bench_kernels.{kernel.name}.ktime_call"]
    at = dict(zip(itertools.product(*params), samples, strict=True))
    curve = [at.get((repr(case), arm)) for case in swept.values() for arm in params[1]]
    pixels = [find(kernel.family, case).pixels for case in swept.values() for _ in params[1]]
    curve = [None if s is None else [t / n for t in s] for s, n in zip(curve, pixels, strict=True)]
    result = [float(np.median(s)) if s else float("nan") for s in curve]
    return [result, [[repr(n) for n in swept], params[1]], "digest", 1750000000000, 12.5, *[None] * 6, curve]


def write_asv(folder: Path, results: Mapping[str, Any], commit: str = COMMIT, date: int = 1750000000000) -> Path:
    """Write asv's machine file and its result file of a commit."""
    machine = folder / "testbench"
    machine.mkdir(parents=True, exist_ok=True)
    (machine / "machine.json").write_text(json.dumps({"machine": "testbench", "version": 1}))
    columns = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b", "stats_q_25"]
    columns += ["stats_q_75", "stats_number", "stats_repeat", "samples", "profile"]
    data = {"commit_hash": commit, "env_name": "virtualenv-py3.11", "params": {"machine": "testbench", "cpu": "Test"}}
    data |= {"requirements": {}, "env_vars": {}, "python": "3.11", "date": date, "durations": {}}
    path = machine / f"{commit[:8]}-virtualenv-py3.11.json"
    path.write_text(json.dumps(data | {"result_columns": columns, "results": dict(results), "version": 2}))
    return path


RECEIPT: dict[str, Any] = {
    "schema_version": 1,
    "problems": [],
    "machine": {"cpu": "AMD EPYC 7B13", "cores": {"online": 2}, "caches": {"L2 unified": "512K, cores 0"}},
    "lab": {"compiler": ["rustc 1.90.0", "host: x86_64"], "governor": "unavailable: <none> & nothing"},
    "measured_process": {"packages": {"numpy": "2.4.6"}, "thread_pools": [{"api": "openmp"}, {"api": "blas"}]},
    "input_versions": dict.fromkeys(KERNELS, "version 1"),
}
