"""Where numbers come from: everything that may have moved them, recorded beside them.

What cannot be read is a sentence that begins with ``unavailable:``, never an absence. The result is a nested plain
dict for the reader of a receipt; nothing is computed from it.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.environment import cargo, checkout
from benchmarks.environment.cause import cause
from inputs.host import cores

TOOLS = ("asv", "asv_runner", "maturin")
VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS", "NUMBA_CACHE_DIR", "RAYON_NUM_THREADS", "OMP_WAIT_POLICY", "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX", "LD_PRELOAD", "LD_LIBRARY_PATH",
)  # fmt: skip
CPU = Path("/sys/devices/system/cpu")
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage")


def measured_process() -> dict[str, Any]:
    """Return what holds in the process that measures: the wheel, versions, settings."""
    from benchmarks.environment.wheel import installed_digest

    return {
        "python": {"version": sys.version, "executable": sys.executable, "prefix": sys.prefix},
        "wheel": {
            "digest": installed_digest() or "unavailable: not installed",
            "build": known(_build_info),
            "crates": known(crates),
        },
        "packages": known(_packages),
        "thread_pools": known(_thread_pools),
        "variables": {name: os.environ.get(name, "not set") for name in VARIABLES},
    }


def machine() -> dict[str, Any]:
    """Return what holds for the machine now."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "kernel": platform.release(),
        "cpu": known(cpu_model),
        "cpu_model_numbers": known(cpu_model_numbers),
        "cores": _cores(),
        "caches": known(_caches),
        "memory_bytes": known(lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        "huge_pages": {name: known(partial(_chosen, HUGE_PAGES / name)) for name in ("enabled", "defrag")},
        "governor": known(lambda: _read(CPU / "cpu0/cpufreq/scaling_governor")),
        "boost": known(lambda: _read(CPU / "cpufreq/boost")),
        "clock_source": known(lambda: _read(Path("/sys/devices/system/clocksource/clocksource0/current_clocksource"))),
        "virtual": known(_virtual),
        "container": known(_container),
        "load_average": list(os.getloadavg()),
    }


def lab() -> dict[str, Any]:
    """Return the state of the checkout that measures, and the tools that built."""
    return {
        "commit": known(lambda: checkout.git("rev-parse", "HEAD")),
        "changed_files": known(lambda: checkout.git("status", "--porcelain", "--untracked-files=all").splitlines()),
        "compiler": known(lambda: cargo.compiler(ROOT).splitlines()),
        "cargo": known(lambda: cargo.said(ROOT, "cargo", "-V")),
        "asv": known(lambda: metadata.version("asv")),
        "python": sys.version,
    }


def known(read: Callable[[], Any]) -> Any:
    """Return what `read` returns, or ``unavailable: <why>`` where it cannot."""
    try:
        return read()
    except Exception as error:  # whatever the reason is, it is the answer
        message = " ".join(str(error).split())
        return f"unavailable: {type(error).__name__}: {message}" if message else f"unavailable: {type(error).__name__}"


def cpu_model() -> str:
    """Return the processor's name."""
    for row in _read(Path("/proc/cpuinfo")).splitlines():
        if row.startswith("model name"):
            return row.split(":", 1)[1].strip()
    raise OSError("/proc/cpuinfo has no model name")


def cpu_model_numbers() -> str:
    """Return the numbers by which the maker tells its models apart, as a virtual machine often hides the name."""
    first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    fields = {name.strip(): value.strip() for name, _, value in (row.partition(":") for row in first.splitlines())}
    return f"family {fields['cpu family']}, model {fields['model']}, stepping {fields['stepping']}"


def _packages() -> dict[str, Any]:
    """Return the versions of what is imported in this environment, and of the tools as pip's metadata has them."""
    from benchmarks.environment.process import environment
    from benchmarks.environment.wheel import installed_digest
    from inputs.host.cache import cache_dir

    command = [sys.executable, "-m", "benchmarks.environment.pins"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(cache_dir(), installed_digest(), os.environ), stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        raise OSError(f"{' '.join(command)} ended with {done.returncode}: {cause(done.stderr)}")
    tools = {name: known(partial(metadata.version, name)) for name in TOOLS}
    return {**json.loads(done.stdout.splitlines()[-1]), **tools}


def crates() -> dict[str, str]:
    """Return the versions of the crates that the installed wheel depends on itself, from its bill of materials."""
    files = metadata.files("eokernels") or []
    bill = next((file for file in files if file.match("*.dist-info/sboms/*.cyclonedx.json")), None)
    if bill is None:
        raise OSError("the installed wheel has no bill of materials, which maturin writes")
    content = json.loads(bill.read_text(encoding="utf-8"))
    own = content["metadata"]["component"]["bom-ref"]
    used = next(set(entry.get("dependsOn", ())) for entry in content["dependencies"] if entry["ref"] == own)
    return {entry["name"]: entry["version"] for entry in content["components"] if entry["bom-ref"] in used}


def _build_info() -> dict[str, Any]:
    return dict(import_module("eokernels").build_info())


def _thread_pools() -> list[dict[str, Any]]:
    return [dict(pool) for pool in import_module("threadpoolctl").threadpool_info()]


def _cores() -> dict[str, Any]:
    """Return the cores there are, what affinity and quota leave of them, and how often the quota was used up so far."""
    return {
        "online": cores.online_cores(),
        "affinity": cores.affine_cores(),
        "quota": cores.quota_cores() or "none",
        "usable": cores.usable_cores(),
        "throttling": {group: asdict(counted) for group, counted in cores.throttling().items() if counted.periods},
    }


def _caches() -> dict[str, str]:
    found = {}
    for index in sorted((CPU / "cpu0/cache").glob("index*")):
        kind = f"L{_read(index / 'level')} {_read(index / 'type').lower()}"
        found[kind] = f"{_read(index / 'size')}, cores {_read(index / 'shared_cpu_list')}"
    if not found:
        raise OSError(f"{CPU}/cpu0/cache lists none")
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _chosen(path: Path) -> str:
    text = _read(path)
    return text[text.index("[") + 1 : text.index("]")]


def _virtual() -> str:
    flags = next(row for row in _read(Path("/proc/cpuinfo")).splitlines() if row.startswith("flags"))
    return "virtual machine" if " hypervisor " in f"{flags} " else "no hypervisor is announced"


def _container() -> str:
    for mark in ("/.dockerenv", "/run/.containerenv"):
        if Path(mark).exists():
            return f"container ({mark})"
    return "no sign of a container"
