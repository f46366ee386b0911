"""A build for editing: in seconds after the first time, to be checked, and refused by every clock.

``python benchmarks/environment/quick_build.py`` is what ``make quick`` calls. It builds the checkout's wheel without
link-time optimisation, in many units and with what is left of the last such build, and installs it where it runs.
`build_info()` says which settings are not those that the commit declares, and by that whatever times refuses it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from benchmarks.environment import cargo, wheel  # noqa: E402
from inputs.host import surroundings  # noqa: E402
from inputs.host.cache import cache_dir, locked  # noqa: E402

SETTINGS = {
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "2",
    "CARGO_INCREMENTAL": "1",
}


def build(tree: Path) -> Path:
    """Return the quick wheel of a source tree, built now.

    Raises
    ------
    OSError
        If there is no compiler, or the build fails.
    """
    cache = cache_dir()
    key = wheel.wheel_key(tree, cargo.compiler(tree))
    folder = cache / "wheels" / f"{key}.quick"
    with locked(cache / "wheels" / "build"):
        for old in folder.parent.glob("*.quick"):
            shutil.rmtree(old)
        folder.mkdir(parents=True)
        wheel.mirror(tree, wheel.stage())
        cargo.require_same_compiler(tree, wheel.stage())
        return cargo.build(wheel.stage(), cache / "quick-target", folder, folder.parent / "build.log", SETTINGS)


def main() -> int:
    """Build the checkout's quick wheel and install it in this environment."""
    try:
        built = build(ROOT)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall"]
    done = subprocess.run([*pip, str(built)], env=surroundings.tools(), check=False)
    print("installed a build for editing: check with it; `make setup` puts the one back that is timed")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
