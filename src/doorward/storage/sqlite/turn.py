"""Turns among processes that write one file, so that none starves while another writes without a pause.

SQLite's own lock is taken by whoever asks at the right moment, and whoever has just released it asks first. Whoever
has asked in vain for some time claims the next turn, and the others let it pass. Only politeness: SQLite's lock is
what keeps the data right.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doorward.storage.sqlite.faults import PRIMARY_MASK

ASKING_S = 0.02
"""How long SQLite's lock is asked for before a turn is claimed: a few short transactions of others, no long row."""
ASKING_PAUSE_S = 0.0001
"""Most transactions are shorter than the millisecond that SQLite itself would sleep at least before it asks again."""
PAUSE_S = 0.001
PATIENCE_S = 1.0
JAMMED_S = 10.0
"""How long turns are not waited for after one that did not end: a process was stopped while it had its turn."""


class Turn:
    """Used by one thread. Holds nothing while a transaction runs."""

    def __init__(self, log: Path, busy_timeout_s: float) -> None:
        """`log` is the -wal file. SQLite locks only the other two, whose locks a second descriptor would endanger."""
        self._file = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        self._busy_ms = int(busy_timeout_s * 1000)
        self._asking_s = min(ASKING_S, busy_timeout_s)
        self._jammed_until = 0.0
        self._impatient: sqlite3.Connection | None = None

    def begin(self, connection: sqlite3.Connection) -> None:
        """BEGIN IMMEDIATE. Raises sqlite3.OperationalError when SQLite's lock stays held for the busy timeout."""
        with self._awaited(fcntl.LOCK_SH):
            pass
        if not self._asked(connection):
            with self._awaited(fcntl.LOCK_EX):
                connection.execute(f"PRAGMA busy_timeout = {self._busy_ms}")
                try:
                    connection.execute("BEGIN IMMEDIATE")
                finally:
                    connection.execute("PRAGMA busy_timeout = 0")

    def close(self) -> None:
        os.close(self._file)

    def _asked(self, connection: sqlite3.Connection) -> bool:
        """Whether the transaction has begun within the time for asking."""
        if connection is not self._impatient:
            connection.execute("PRAGMA busy_timeout = 0")
            self._impatient = connection
        until = time.monotonic() + self._asking_s
        while not begin_now(connection):
            if time.monotonic() >= until:
                return False
            time.sleep(ASKING_PAUSE_S)
        return True

    @contextmanager
    def _awaited(self, kind: int) -> Iterator[None]:
        is_held = self._take(kind)
        try:
            yield
        finally:
            if is_held:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _take(self, kind: int) -> bool:
        """Whether the lock came within our patience; without it things go on as if nobody had claimed a turn."""
        began = time.monotonic()
        while not self._try(kind):
            now = time.monotonic()
            if now < self._jammed_until:
                return False
            if now - began > PATIENCE_S:
                self._jammed_until = now + JAMMED_S
                return False
            time.sleep(PAUSE_S)
        return True

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def begin_now(connection: sqlite3.Connection) -> bool:
    """False when somebody else writes. The connection's busy timeout is 0. Raises sqlite3.OperationalError."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & PRIMARY_MASK != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
