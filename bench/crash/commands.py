"""Commands of the program that run now: clients start them, the killer chooses among them."""

import itertools
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from doorward.storage.failpoints import VARIABLE

from .nursery import Child, Nursery

LIMIT_S = 60.0


@dataclass
class Commands:
    """Shared by all threads."""

    nursery: Nursery
    folder: Path
    running: list[Child] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, arguments: Sequence[str], next_life: str) -> tuple[int, str]:
        """Exit code and what it said; one that does not end is killed."""
        with self.lock:
            log = self.folder / f"command{next(self.numbers)}.log"
        log.touch()  # one that is killed at once has not opened it
        child = self.nursery.start("doorward", arguments, log, {VARIABLE: next_life})
        with self.lock:
            self.running.append(child)
        try:
            code = child.wait(LIMIT_S)
        except TimeoutError:
            child.kill()
            code = -signal.SIGKILL
        finally:
            with self.lock:
                self.running.remove(child)
        said = log.read_text()
        if code == 0:
            log.unlink()
        return code, said

    def kill_one(self) -> bool:
        """Whether there was one."""
        with self.lock:
            child = next((each for each in self.running if each.code is None), None)
        if child is None:
            return False
        child.signal(signal.SIGKILL)
        return True
