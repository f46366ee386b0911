"""What ``asv.conf.json`` has asv load before each of its commands, so that plain asv and the lab name one machine.

asv names a machine like the host, unless ``--machine`` says otherwise. With two names in the results ``asv compare``
stops and the dashboard shows two machines. And asv's fork server ends at once where ``TMPDIR`` is too long for sockets.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from benchmarks.asv import machine
from inputs.host import cache, tmpdir


def setup() -> None:
    """Have asv take the lab's name of this machine where none is given, and short or whole paths that hold anywhere.

    asv calls this once.
    """
    from asv.machine import Machine
    from asv.util import UserError

    try:
        tmpdir.enter()
        os.environ.update(cache.whole(os.environ))
        here = machine.this_machine()
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from None
    with suppress(OSError):  # asv itself says so where it has to write there
        if said := machine.ensure_machine(here):
            print(said, file=sys.stderr)
    Machine.hardcoded_machine_name = here.machine
