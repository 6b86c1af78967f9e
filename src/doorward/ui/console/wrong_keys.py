"""How often somebody may type a wrong key. Counted per process and address of the connection, in bounded memory."""

from collections import OrderedDict
from datetime import datetime, timedelta

from doorward.clock import Clock

TRIES = 10
WINDOW = timedelta(minutes=5)
ADDRESSES = 1000


class WrongKeys:
    """Headers are not asked for the address: whoever guesses would send another one each time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: OrderedDict[str, list[datetime]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Seconds until this address may try again; 0: now."""
        times = self._recent(address)
        if len(times) < TRIES:
            return 0
        return max(1, int((times[0] + WINDOW - self._clock.now()).total_seconds()))

    def count(self, address: str) -> None:
        """One more wrong key."""
        self._times[address] = [*self._recent(address), self._clock.now()][-TRIES:]
        self._times.move_to_end(address)
        while len(self._times) > ADDRESSES:
            self._times.popitem(last=False)

    def _recent(self, address: str) -> list[datetime]:
        since = self._clock.now() - WINDOW
        return [each for each in self._times.get(address, ()) if each > since]
