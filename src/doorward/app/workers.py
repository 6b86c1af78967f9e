"""`serve --workers N`: forks processes that share the listening sockets, and replaces one that dies."""

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from doorward.observability.logging import Log

RESTART_PAUSE_S = 1.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Workers:
    """The parent: no event loop, no database, only children."""

    def __init__(self, count: int, run: Callable[[int], int]) -> None:
        """`run(number)` is a child's whole life; its result is the exit code."""
        self._count = count
        self._run = run
        self._children: dict[int, int] = {}
        self._is_stopping = False
        self._log = Log("workers")

    def supervise(self) -> int:
        """Returns when every child has ended after a stop signal: 0 when all ended well."""
        for stop in STOP_SIGNALS:
            signal.signal(stop, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)
        for number in range(self._count):
            self._fork(number)
        worst = 0
        while self._children:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                break
            number = self._children.pop(pid, -1)
            code = os.waitstatus_to_exitcode(status)
            if self._is_stopping:
                worst = max(worst, abs(code))
            else:
                self._log.error("worker_died", worker=number, exit_code=code)
                time.sleep(RESTART_PAUSE_S)
                self._fork(number)
        return worst

    def _fork(self, number: int) -> None:
        pid = os.fork()
        if pid:
            self._children[pid] = number
            return
        for each in (*STOP_SIGNALS, signal.SIGHUP):
            signal.signal(each, signal.SIG_DFL)
        code = 1
        try:
            code = self._run(number)
        finally:
            os._exit(code)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True
        self._pass_on(signal.SIGTERM, None)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        for pid in list(self._children):
            os.kill(pid, number)
