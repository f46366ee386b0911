"""What asv sees: one class per declared kernel, whose cells are looked up in a paired measurement.

``ktime_call`` is seconds per call, one sample per spawned process, ``ktime_crop`` the same on the centre crop of cases
that some arm is too slow for, ``kpeak_call`` and ``kfault_call`` are bytes and minor page faults of one call.
``kscale_pixel`` is seconds per output pixel over a numeric size, from the same measurement: asv draws it as a curve.
``track_instructions`` and ``track_allocated_bytes`` are what a call on one small case takes, counted under valgrind.

Cells are chosen with ``asv run -b``: asv searches a regular expression in
``bench_kernels.<kernel>.ktime_call('<case>', '<implementation>')``. Under ``lab run`` a plan says what is measured
together; without one a case is measured when its first cell is asked for, and cases of tier ``full`` only with
``EOLAB_TIER=full``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks import registry
from benchmarks.calls.binding import WALL, companion_bands
from benchmarks.counting.counts import ARMS, counted_case
from benchmarks.pairing.runlines import Group
from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import CASES
from inputs.sweep import sweep

# asv_runner is there before it imports us. Where it is not, nobody looks for benchmarks, and it may not be installed.
if "asv_runner.benchmarks" in sys.modules:
    from benchmarks.asv.benchtypes import register

    register()

INPUT_RECIPE = 1
"""Raise it when the same case and bands give other values than before; it retires the history of all kernels."""

HOURS_4 = 4 * 3600.0


def binding_version(kernel: Kernel) -> str:
    """Return asv's version of a kernel: a digest of its input recipe and of how its arguments are bound, no more.

    Cases are immutable and new ones retire nothing, so the keywords are asked for probe cases of our own.
    """
    probes = [
        Case(
            "probe",
            kernel.family,
            "core",
            (3, 4, 5),
            dtype=dtype,
            nodata=nodata,
            layout=layout,
            core=kernel.dimensions.core,
        )
        for dtype, nodata in (("float32", None), ("uint16", None), ("uint16", 0), ("int16", -999))
        for layout in ("c", "pixel_major", "time_last")
    ]
    if kernel.companions:
        probes += [replace(probe, quality=quality) for quality in ("scl", "qa_pixel") for probe in probes]
    bound = [repr(sorted(kernel.keywords(probe).items())) for probe in probes]
    named = [sorted(companion_bands(kernel, probe).items()) for probe in probes] if kernel.companions else ()
    content = json.dumps([INPUT_RECIPE, kernel.family, kernel.bands, kernel.arguments, bound, *named])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _scale(kernel: Kernel) -> Any:
    """Return the benchmark of a kernel over a numeric size, where a crop stands for slow arms."""
    swept = sweep(kernel.family)

    def kscale_pixel(_: Any, length: int, implementation: str) -> tuple[tuple[float, ...], int]:
        from benchmarks.asv.lookup import samples_per_pixel

        return samples_per_pixel(kernel.name, swept.cases[length], implementation)

    attributes = {"params": [list(swept.cases), [*registry.arms(kernel), WALL]]}
    vars(kscale_pixel).update(attributes, param_names=(swept.parameter, "implementation"))
    return kscale_pixel


def _tracked(kernel: Kernel, field: str, unit: str) -> Any:
    """Return the benchmark of what is counted of a kernel, by implementation; it is NaN where it cannot be counted."""

    def track(_: Any, implementation: str) -> float:
        from benchmarks.asv.lookup import exact

        return exact(kernel.name, implementation, field)

    arms = [arm for arm in ARMS if arm in kernel.implementations]
    version = f"{binding_version(kernel)}-{counted_case(kernel).name}"  # a count on another case is another number
    vars(track).update(params=[arms], param_names=("implementation",), unit=unit, version=version)
    return track


class _Cells:
    """The cells of one kernel. Sub-classes fill in the class attributes; asv makes an instance per cell."""

    kernel: str
    version: str
    params: Sequence[Sequence[str]]
    param_names = ("case", "implementation")
    timeout = HOURS_4

    def ktime_call(self, case: str, implementation: str) -> tuple[tuple[float, ...], int]:
        return self._look_up(case, implementation, "call")

    def ktime_crop(self, case: str, implementation: str) -> tuple[tuple[float, ...], int]:
        return self._look_up(case, implementation, "crop")

    def kpeak_call(self, case: str, implementation: str) -> float:
        return self._count(case, implementation, "peak_bytes")

    def kfault_call(self, case: str, implementation: str) -> float:
        return self._count(case, implementation, "minor_faults")

    def _look_up(self, case: str, implementation: str, group: Group) -> tuple[tuple[float, ...], int]:
        from benchmarks.asv.lookup import samples

        return samples(self.kernel, case, implementation, group)

    def _count(self, case: str, implementation: str, field: str) -> float:
        from benchmarks.asv.lookup import count

        return count(self.kernel, case, implementation, field)


def _make(kernel: Kernel) -> type[Any]:
    cases = [case.name for case in CASES[kernel.family]]
    attributes = {
        "__doc__": kernel.title,
        "__module__": __name__,
        "kernel": kernel.name,
        "version": binding_version(kernel),
        "params": [cases, [*registry.arms(kernel), WALL]],
        "kscale_pixel": _scale(kernel),
        "track_instructions": _tracked(kernel, "instructions", "instructions"),
        "track_allocated_bytes": _tracked(kernel, "allocated_bytes", "bytes"),
    }
    return type(kernel.name, (_Cells,), attributes)


globals().update({name: _make(kernel) for name, kernel in registry.KERNELS.items()})
