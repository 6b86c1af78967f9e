"""Starts commands of the program in forks of this process, which has loaded them: a start costs a tenth of the time.

What runs in the fork is the command's own entry point; its fail points are armed by its environment, as ever.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path

from doorward.cli.main import main as doorward
from portalsim.cli import main as portalsim

from .lives import live

PATIENCE_S = 60.0
PAUSE_S = 0.01


class Stuck(Exception):
    """Something that has to happen did not, for a very long time."""


def until(what: str, probe: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Asks again until `probe()` is true. Raises Stuck. A broken exchange is a no: nobody listens yet."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            if probe():
                return
        except (OSError, HTTPException):
            pass
        time.sleep(PAUSE_S)
    raise Stuck(f"waited {patience_s:.0f} s for {what}")


class Forked:
    """One process. `code` is its exit code once it has ended, negative for a signal."""

    def __init__(self, log: Path, command: Callable[[], object], environment: Mapping[str, str]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.log = log
        self.code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            live(log, command, environment)

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def wait(self) -> int:
        """Its exit code. Raises Stuck."""
        until(f"the end of process {self.pid}", lambda: self.poll() is not None)
        assert self.code is not None
        return self.code


def fork_doorward(log: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Forked:
    """`doorward ARGUMENTS`."""
    return Forked(log, lambda: doorward(args=list(arguments), prog_name="doorward"), environment)


def fork_portalsim(log: Path, arguments: Sequence[str]) -> Forked:
    """`portalsim ARGUMENTS`."""
    return Forked(log, lambda: portalsim(args=list(arguments), prog_name="portalsim"), {})
