"""Lets attempts in, so many at a time for each key; the others wait in line. Memory of one process, of no database."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping

from doorward.security.hash_line import Overloaded

WAITING_LIMIT = 100
"""For each key. A person does not try so often at once, and a crowd behind one network is better told to come back."""

Line = deque["asyncio.Future[None]"]


class Gate:
    """Every leave wakes the first who waits for each of its keys. Whoever is woken and does not go in at that key has
    to wake the next, so that a free place is never forgotten; `hold` does.
    """

    def __init__(self) -> None:
        self._inside: Counter[str] = Counter()
        self._lines: defaultdict[str, Line] = defaultdict(deque)

    def enter(self, room: Mapping[str, int]) -> str | None:
        """Goes in at all the keys of `room` (how many may be inside of each), or at none: the key that is full."""
        full = next((key for key, limit in room.items() if self._inside[key] >= limit), None)
        if full is None:
            self._inside.update(room.keys())
        return full

    def leave(self, keys: Collection[str]) -> None:
        """Once for each that went in."""
        for key in keys:
            self._inside[key] -= 1
            if not self._inside[key]:
                del self._inside[key]
            self.wake(key)

    async def wait(self, key: str) -> None:
        """Until it is one's turn to look again. Raises Overloaded where the line is too long."""
        line = self._lines[key]
        if len(line) >= WAITING_LIMIT:
            raise Overloaded()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.wake(key)
            raise
        finally:
            self._forget(key, turn)

    def wake(self, key: str) -> None:
        """Tells the first in line."""
        line = self._lines.get(key, ())
        first = next((turn for turn in line if not turn.done()), None)
        if first is not None:
            first.set_result(None)

    def _forget(self, key: str, turn: "asyncio.Future[None]") -> None:
        line = self._lines[key]
        if turn in line:
            line.remove(turn)
        if not line:
            del self._lines[key]


class Place:
    """One attempt's place inside; left once, however often it is said."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave: Callable[[], None] | None = leave

    def leave(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()
