"""A child must not outlive the process that looks after it: nobody would stop it, and its port would stay taken."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""prctl(2), Linux."""


def die_with_parent(parent: int) -> None:
    """From now on SIGKILL as soon as process `parent`, which forked this one from its main thread, is gone.

    Elsewhere than on Linux nothing is asked for: there a killed parent leaves its children to the service manager.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # It may have died between the fork and the call.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
