"""Wakes within one process: who waits for a channel, and wakes that came while nobody did. Event loop thread only."""

import asyncio
from collections import defaultdict
from collections.abc import Callable


class LocalSubscription:
    """One listener's event; set by `ring`, cleared by its own wait."""

    def __init__(self, board: "WakeBoard", channel: str) -> None:
        self._board, self._channel = board, channel
        self._event = asyncio.Event()

    async def wait(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def ring(self) -> None:
        self._event.set()

    def close(self) -> None:
        self._board.forget(self._channel, self)


class WakeBoard:
    """Channels by name. A wake that finds no listener is kept for the next `wait_for_wake`."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[LocalSubscription]] = defaultdict(set)
        self._unheard: set[str] = set()
        self._tell: Callable[[str], None] | None = None

    def announce_to(self, tell: Callable[[str], None]) -> None:
        """Whom to tell of this process's own wakes: its neighbours on the same database."""
        self._tell = tell

    def announce(self, channel: str) -> None:
        """A wake of this process's own."""
        self.ring(channel)
        if self._tell is not None:
            self._tell(channel)

    def subscribe(self, channel: str) -> LocalSubscription:
        subscription = LocalSubscription(self, channel)
        self._listeners[channel].add(subscription)
        return subscription

    def forget(self, channel: str, subscription: LocalSubscription) -> None:
        listeners = self._listeners[channel]
        listeners.discard(subscription)
        if not listeners:
            del self._listeners[channel]

    def ring(self, channel: str) -> None:
        listeners = self._listeners.get(channel)
        if not listeners:
            self._unheard.add(channel)
            return
        for subscription in listeners:
            subscription.ring()

    def ring_all(self) -> None:
        """For when wakes may have been missed."""
        for channel in list(self._listeners):
            self.ring(channel)

    async def wait_for_wake(self, channel: str, timeout_s: float) -> bool:
        if channel in self._unheard:
            self._unheard.discard(channel)
            return True
        subscription = self.subscribe(channel)
        try:
            return await subscription.wait(timeout_s)
        finally:
            subscription.close()
