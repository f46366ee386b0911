"""What asv discovers and what it needs: declarations, the paired measurement, the probes.

asv imports every module of this package, for old commits too, and one import error ends the whole suite. So nothing
here imports Numba, a peer, the wheel or h5py at module level, starts a thread or calls a kernel; and no public
name begins like a benchmark of asv's (``time_``, ``track_``, ``mem_``, …) unless it is one.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Appended, never prepended: whatever the measured environment installs wins over the checkout.
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
