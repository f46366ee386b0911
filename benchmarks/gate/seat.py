"""One process of a lock-step pair: ``python -m benchmarks.gate.seat``. It measures when it is told to, and only then.

A request is a line of JSON on standard input; the answer is a line on what was standard output when it began. Whatever
packages print goes to standard error, which is kept in a file.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks import registry
from benchmarks.calls.binding import Target, target
from benchmarks.environment.process import die_with_parent, refuse_huge_pages
from benchmarks.environment.wheel import is_refused
from benchmarks.gate import usage
from benchmarks.gate.lines import Reply, Request
from benchmarks.gate.usage import Usage
from benchmarks.pairing.stage import Stage, block_s
from inputs.families import find
from inputs.real.cubes import Unavailable


class Seat:
    """What a process holds between two requests: its ballast, the arrays of a case, and the cell on them."""

    def __init__(self) -> None:
        self.cores = os.sched_getaffinity(0)
        self.core = -1
        self.ballast: Any = None
        self.onto: Target | None = None
        self.made: tuple[str, str, int] | None = None
        self.stage: Stage | None = None
        self.arm = ""
        self.used = Usage()

    def answer(self, asked: Request) -> Reply:
        """Do what is asked; whatever goes wrong in it is the answer."""
        try:
            return getattr(self, f"_{asked.do}")(asked)  # type: ignore[no-any-return]
        except Unavailable as missing:
            return Reply("skipped", f"no data: {missing}")
        except Exception as error:  # whatever an implementation raises is its failure, not the pair's
            return Reply("failed", f"{type(error).__name__}: {error}")

    def _open(self, asked: Request) -> Reply:
        if is_refused(asked.digest):
            return Reply("failed", f"the wheel that is imported is not {asked.digest[:16]}, or no release build")
        if not asked.huge_pages:
            refuse_huge_pages()
        self.core = asked.core
        self.ballast = np.ones(max(1, asked.ballast_bytes), np.uint8)
        gc.freeze()
        return Reply("ok", told=_provenance())

    def _prepare(self, asked: Request) -> Reply:
        self.stage = None
        kernel, onto = registry.get(asked.kernel), self._arrays(asked)
        expected = np.load(asked.oracle, mmap_mode="r")  # read only where an answer is not known to be right
        stage, self.arm = Stage(kernel, onto, expected, (asked.arm,), right=asked.right), asked.arm
        if asked.arm not in stage.bound or not stage.check(asked.arm, "before"):
            found = stage.outcomes[asked.arm]
            return Reply(found.status, found.reason)
        with self._placed(stage):
            stage.estimate(asked.arm, compiled=False)
        self.stage, self.used = stage, Usage()
        gc.collect()
        told = {"right": sorted(stage.right or ()), "bytes": onto.input_bytes + onto.output_bytes}
        return Reply("ok", seconds=stage.estimate_s[asked.arm], told=told)

    def _arrays(self, asked: Request) -> Target:
        """Return the arrays of a case; the implementations that follow one another on it share them."""
        wanted = (asked.kernel, asked.case, asked.side)
        if self.onto is None or self.made != wanted:
            self.onto = None
            kernel = registry.get(asked.kernel)
            self.onto = target(kernel, find(kernel.family, asked.case), asked.side or None)
            self.made = wanted
        return self.onto

    def _block(self, asked: Request) -> Reply:
        stage = self._prepared()
        call = stage.bound[self.arm].call
        gc.disable()
        try:
            with self._placed(stage):
                before = usage.now()
                for _ in range(asked.discarded):
                    call()
                seconds = block_s(call, asked.calls)
                self.used = self.used.and_(usage.now().since(before))
                return Reply("ok", seconds=seconds)
        finally:
            gc.enable()

    def _check(self, _: Request) -> Reply:
        stage = self._prepared()
        told = self.used.told()
        if stage.check(self.arm, "after"):
            return Reply("ok", told=told)
        return Reply("failed", stage.outcomes[self.arm].reason, told=told)

    def _controls(self, _: Request) -> Reply:
        from benchmarks.probes import bandwidth, compute, stencil

        triad = bandwidth.triad(2)
        told = {"triad_1_gb_per_s": triad.one, "triad_2_gb_per_s": triad.two}
        told |= {"stencil_pixels_per_s": stencil.pixels_per_s()}
        return Reply("ok", told={**told, "flop_per_s": compute.flop_per_s("float32", 1).one})

    def _prepared(self) -> Stage:
        if self.stage is None:
            raise RuntimeError("nothing is prepared")
        return self.stage

    @contextmanager
    def _placed(self, stage: Stage) -> Iterator[None]:
        """Stay on the pair's core where the cell takes one thread: both sides run on the same one then."""
        alone = self.core in self.cores and stage.bound[self.arm].threads == 1
        if alone:
            os.sched_setaffinity(0, {self.core})
        try:
            yield
        finally:
            if alone:
                os.sched_setaffinity(0, self.cores)


def _provenance() -> dict[str, Any]:
    """Return what the imported package says of itself."""
    import eokernels

    info: Mapping[str, Any] = getattr(eokernels, "build_info", dict)()
    return {"package": str(eokernels.__file__), "build": {name: str(value) for name, value in info.items()}}


def main() -> int:
    """Answer requests until there are no more."""
    die_with_parent()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        seat = Seat()
        for line in sys.stdin:
            answers.write(json.dumps(asdict(seat.answer(Request(**json.loads(line))))) + "\n")
            answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
