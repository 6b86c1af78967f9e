"""Processes that are killed, frozen and started again. Each belongs to the killer's thread alone."""

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from doorward.storage.failpoints import VARIABLE
from postgres_server import PostgresServer

from .nursery import Child, Nursery


class Victim(Protocol):
    """Whoever can be killed."""

    name: str

    @property
    def is_up(self) -> bool:
        """It works: a blow now hits it at its work."""
        ...

    def kill(self) -> None: ...

    def revive(self, next_life: str) -> None:
        """Starts it again, with fail points."""
        ...


@dataclass
class ProcessVictim:
    """A program of ours. `has_come` is asked after each start, until it is true.

    `log_from` is where the log of this life begins.
    While it sleeps, `thaw_at` is when it is to wake and `frozen_since` when it fell asleep, in seconds since 1970;
    `woken_at` is when it was woken last.
    """

    name: str
    nursery: Nursery = field(repr=False)
    program: str
    arguments: list[str]
    log: Path
    has_come: Callable[["ProcessVictim"], bool] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    next_life: str = ""
    thaw_at: float | None = None
    frozen_since: float = 0.0
    woken_at: float = 0.0
    log_from: int = 0
    child: Child | None = None
    has_been_up: bool = False

    @property
    def exit_code(self) -> int | None:
        """None while it lives, or was never started; negative: the signal that ended it."""
        return None if self.child is None else self.child.code

    @property
    def is_frozen(self) -> bool:
        return self.child is not None and self.child.is_frozen

    @property
    def is_up(self) -> bool:
        if self.child is None or self.exit_code is not None or self.is_frozen:
            return False
        self.has_been_up = self.has_been_up or self.has_come(self)
        return self.has_been_up

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()
        self.thaw_at = None

    def revive(self, next_life: str) -> None:
        self.next_life, self.thaw_at, self.has_been_up = next_life, None, False
        self.log.touch()
        self.log_from = self.log.stat().st_size
        environment = {**self.environment, VARIABLE: next_life}
        self.child = self.nursery.start(self.program, self.arguments, self.log, environment)

    def stop(self) -> None:
        """SIGTERM, and waits for the end. Raises TimeoutError."""
        if self.child is not None:
            self.child.signal(signal.SIGTERM)
            self.child.wait()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP; `thaw` is due after `seconds`."""
        assert self.child is not None
        self.child.signal(signal.SIGSTOP)
        self.will_thaw(seconds)

    def will_thaw(self, seconds: float) -> None:
        """Notes since when it sleeps, and until when."""
        self.frozen_since = time.time()
        self.thaw_at = self.frozen_since + seconds

    def thaw(self) -> tuple[float, float]:
        """SIGCONT; the span in which it slept."""
        assert self.child is not None
        self.child.signal(signal.SIGCONT)
        self.thaw_at, self.woken_at = None, time.time()
        return self.frozen_since, self.woken_at


@dataclass
class PostgresVictim:
    """The database server: an immediate stop leaves what a crash leaves."""

    name: str
    server: PostgresServer
    is_up: bool = True

    def kill(self) -> None:
        self.server.stop(immediately=True)

    def revive(self, next_life: str) -> None:
        """Returns when it answers again."""
        self.server.start()
