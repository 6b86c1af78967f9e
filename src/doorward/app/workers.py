"""The processes of `serve`: forks those that answer and the one that dispatches, and replaces one that dies.

What a child does is its caller's; how it is told to stop, in which order, and what its end means is ours.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from doorward.app.parent_death import die_with_parent
from doorward.observability.logging import Log

RESTART_PAUSE_S = 1.0
TRY_AGAIN = 75
"""Exit code of a child that may well start a moment later (EX_TEMPFAIL): the database was away."""
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
HEARD = (*STOP_SIGNALS, signal.SIGHUP)

Ready = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Child:
    """`run` is its whole life: it calls its argument once it serves, and returns the exit code.

    `is_last`: told to stop only when all others have ended, because they may still wait for what it does.
    """

    name: str
    run: Callable[[Ready, bool], int]
    is_last: bool = False


class Workers:
    """The parent: no event loop, no database, no thread, only children."""

    def __init__(self, children: Sequence[Child], at_stop: Callable[[], None]) -> None:
        """`at_stop` is called once, in the parent, as soon as it is told to stop: nothing is forked any more."""
        self._children = children
        self._at_stop = at_stop
        self._living: dict[int, Child] = {}
        self._told: set[int] = set()
        self._is_stopping = False
        self._log = Log("workers")

    def supervise(self) -> int:
        """Returns when every child has ended after a stop signal: 0 when all ended well.

        A child that ends before it served the first time ends them all, with its exit code: it has said why. But once
        one serves, what keeps another for a moment only (the database stops in between) ends nobody.
        """
        for stop in STOP_SIGNALS:
            signal.signal(stop, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)
        worst = 0
        for child in self._children:
            if not self._is_stopping and not self._fork_first(child):
                worst = self._failed_start(child, may_wait=child is not self._children[0])
        while self._living:
            pid, status = os.wait()
            ended = self._living.pop(pid, None)
            if ended is None:
                # As the first process of a container it is also given the orphans of others.
                continue
            worst = max(worst, self._judge(ended, os.waitstatus_to_exitcode(status)))
        return worst

    def _failed_start(self, child: Child, *, may_wait: bool) -> int:
        pid = next(pid for pid, each in self._living.items() if each is child)
        _, status = os.waitpid(pid, 0)
        del self._living[pid]
        code = os.waitstatus_to_exitcode(status)
        if self._is_stopping or (may_wait and code == TRY_AGAIN):
            return self._judge(child, code)
        self._begin_stop()
        return 1 if code == TRY_AGAIN else abs(code) or 1

    def _judge(self, ended: Child, code: int) -> int:
        """What this end means for the exit code of all; replaces the child unless all are to stop."""
        if self._is_stopping:
            self._tell_next()
            # One that had not come so far as to hear the signal had nothing to finish.
            return 0 if -code in STOP_SIGNALS else abs(code)
        self._log.error("worker_died", worker=ended.name, exit_code=code)
        time.sleep(RESTART_PAUSE_S)
        if not self._is_stopping:
            self._fork(ended, _nothing, is_first=False)
        return 0

    def _fork_first(self, child: Child) -> bool:
        """Whether it came to serve. One after the other, so that what keeps all from it is said once."""
        reading, writing = os.pipe()

        def tell() -> None:
            os.write(writing, b".")
            os.close(writing)

        self._fork(child, tell, is_first=True)
        os.close(writing)
        has_come = os.read(reading, 1) != b""
        os.close(reading)
        return has_come

    def _fork(self, child: Child, ready: Ready, *, is_first: bool) -> None:
        parent = os.getpid()
        # A signal between the fork and the notes of it would miss the child, or be passed on by it to its siblings.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        pid = os.fork()
        if pid:
            self._living[pid] = child
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return
        code = 1
        try:
            for each in STOP_SIGNALS:
                signal.signal(each, signal.SIG_DFL)
            # Until it listens for it: a reload that comes while it starts would otherwise end it.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            die_with_parent(parent)
            code = child.run(ready, is_first)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be told: nothing else of it is left
            self._log.fault("worker_fault", error, worker=child.name)
        finally:
            os._exit(code)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """The second signal is for all at once: somebody is impatient."""
        if self._is_stopping:
            self._tell(list(self._living))
        else:
            self._begin_stop()

    def _begin_stop(self) -> None:
        self._is_stopping = True
        self._at_stop()
        self._tell_next()

    def _tell_next(self) -> None:
        early = [pid for pid, each in self._living.items() if not each.is_last]
        self._tell([pid for pid in early or list(self._living) if pid not in self._told])

    def _tell(self, pids: Sequence[int]) -> None:
        self._told.update(pids)
        for pid in pids:
            os.kill(pid, signal.SIGTERM)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        for pid in list(self._living):
            os.kill(pid, number)


def _nothing() -> None:
    """Nobody waits for a child that takes another's place."""
