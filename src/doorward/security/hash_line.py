"""The threads that hash, and the line before them. The line is as long as can be worked off in a second or so:
whoever is let in is answered in time, whoever is not hears so at once."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from doorward.errors import Unavailable

T = TypeVar("T")
WAITING_S = 1.0
WAITING_PER_THREAD = 32
FIRST_GUESS_S = 0.05
NEWEST_SHARE = 0.1
NICENESS = 5

Observe = Callable[[float], object]
"""Is told the seconds that each took, its wait in line included."""


class Overloaded(Unavailable):
    """The server has too much to do at the moment. Try again shortly."""


class HashLine:
    """One per process. `close` it at the end."""

    def __init__(
        self,
        threads: int,
        *,
        waiting_limit: int | None = None,
        waiting_s: float = WAITING_S,
        observe: Observe | None = None,
    ) -> None:
        """`waiting_limit`: how many may wait beside those being worked on; `waiting_s`: for how long at most, by what
        a hash took lately."""
        self._threads = threads
        self._limit = threads + (WAITING_PER_THREAD * threads if waiting_limit is None else waiting_limit)
        self._waiting_s = waiting_s
        self._each_s = FIRST_GUESS_S
        self._in_line = 0
        self._observe = observe
        self._pool = ThreadPoolExecutor(threads, "doorward-hash", initializer=step_back)

    @property
    def is_full(self) -> bool:
        """Whether the next one would be turned away."""
        waiting = self._in_line + 1 - self._threads
        if waiting <= 1:  # somebody may always wait, however slow the hash is
            return False
        return self._in_line >= self._limit or waiting * self._each_s / self._threads > self._waiting_s

    async def run(self, task: Callable[[], T]) -> T:
        """What `task` returns, worked out on a thread. Raises Overloaded."""
        if self.is_full:
            raise Overloaded()
        self._in_line += 1
        came = time.perf_counter()
        running = asyncio.get_running_loop().run_in_executor(self._pool, timed, task)
        # Counted until the thread is done, not until the caller has gone: hanging up does not free a core.
        running.add_done_callback(self._leave)
        result, took_s = await running
        self._each_s += NEWEST_SHARE * (took_s - self._each_s)
        if self._observe is not None:
            self._observe(time.perf_counter() - came)
        return result

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _leave(self, _done: object) -> None:
        self._in_line -= 1


def timed(task: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return task(), time.perf_counter() - started


def step_back() -> None:
    """On Linux a thread has a niceness of its own: the event loop answers before the hashes go on."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
