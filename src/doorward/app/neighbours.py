"""Carries wakes between the processes of one `serve`, over pipes that are made before they are forked.

SQLite has no other way, and PostgreSQL behind PgBouncer neither. As with every wake, one may be lost: whoever waits
polls as well (decision 6).
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Line:
    """The pipe by which one process is told."""

    hearing: int
    telling: int


def make_lines(count: int) -> tuple[Line, ...]:
    return tuple(Line(*os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)) for _ in range(count))


class Neighbours:
    """One process's view of the lines."""

    def __init__(self, lines: tuple[Line, ...], number: int) -> None:
        self._hearing = lines[number].hearing
        self._telling = [each.telling for index, each in enumerate(lines) if index != number]

    def tell(self, channel: str) -> None:
        """Never waits. A line so short is written whole or not at all; a full pipe wakes its reader anyway."""
        for each in self._telling:
            with contextlib.suppress(BlockingIOError):
                os.write(each, channel.encode() + b"\n")

    @contextlib.contextmanager
    def heard(self, ring: Callable[[str], None]) -> Iterator[None]:
        """Calls `ring` on the event loop for each channel that others tell of while the block runs."""
        loop = asyncio.get_running_loop()

        def hear() -> None:
            with contextlib.suppress(BlockingIOError):
                # A read may end within a name: a channel that nobody listens to does no harm.
                for channel in set(os.read(self._hearing, READ_BYTES).decode().split()):
                    ring(channel)

        loop.add_reader(self._hearing, hear)
        try:
            yield
        finally:
            loop.remove_reader(self._hearing)
