"""Where the processes of one `serve` lay what they have counted, so that any of them can tell it of all.

Memory and pipes that are made before the processes are forked. Nobody writes until somebody asks.
"""

import asyncio
import contextlib
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from doorward.observability.counting import Counts, added, from_bytes, to_bytes

HALF_BYTES = 4 << 20
"""Reserved, not used: a page is taken when it is written. A few hundred KiB hold thousands of series."""
HEAD = struct.Struct("<Q")
PREFIX = struct.Struct("<II")
LOOK_EVERY_S = 0.005
LOOKS = 100
READS = 100


class Slot:
    """One process's counts: two halves, of which the newer is read while the older is written over."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, HEAD.size + 2 * HALF_BYTES)

    @property
    def edition(self) -> int:
        """0 before anything was laid down."""
        return int(HEAD.unpack_from(self._memory)[0])

    def write(self, payload: bytes) -> None:
        """What is too large is left out: the last edition stays."""
        if len(payload) + PREFIX.size > HALF_BYTES:
            return
        edition = self.edition + 1
        at = self._half(edition)
        PREFIX.pack_into(self._memory, at, len(payload), zlib.crc32(payload))
        self._memory[at + PREFIX.size : at + PREFIX.size + len(payload)] = payload
        # Last: whoever dies before it leaves the edition before this one.
        HEAD.pack_into(self._memory, 0, edition)

    def read(self) -> bytes | None:
        """The newest edition, whole. None when there is none."""
        for _ in range(READS):
            edition = self.edition
            if edition == 0:
                return None
            at = self._half(edition)
            length, checksum = PREFIX.unpack_from(self._memory, at)
            payload = self._memory[at + PREFIX.size : at + PREFIX.size + length]
            # Differs only when the writer came round twice meanwhile.
            if zlib.crc32(payload) == checksum:
                return payload
        return None

    @staticmethod
    def _half(edition: int) -> int:
        return HEAD.size + (edition % 2) * HALF_BYTES


@dataclass(frozen=True, slots=True)
class Place:
    """A slot, and the pipe by which its process is asked for a new edition."""

    slot: Slot
    asked: int
    asking: int


def make_places(count: int) -> tuple[Place, ...]:
    """Before the processes are forked."""
    return tuple(Place(Slot(), *os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)) for _ in range(count))


class Seat:
    """One process's view: its own place and the others'. What an earlier life of the place counted is kept."""

    def __init__(self, places: tuple[Place, ...], number: int) -> None:
        self._own = places[number]
        self._others = [each for index, each in enumerate(places) if index != number]
        earlier = self._own.slot.read()
        self._earlier: Counts = {} if earlier is None else from_bytes(earlier)

    @contextlib.contextmanager
    def taken(self, count: Callable[[], Counts]) -> Iterator[None]:
        """Answers the others while the block runs, and lays down the last word at its end. On the event loop."""
        loop = asyncio.get_running_loop()

        def lay_down() -> None:
            self._own.slot.write(to_bytes(added([self._earlier, count()])))

        def answer() -> None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._own.asked, 4096)
            lay_down()

        loop.add_reader(self._own.asked, answer)
        try:
            yield
        finally:
            loop.remove_reader(self._own.asked)
            lay_down()

    async def total(self, own: Counts) -> Counts:
        """Of all processes. One that does not answer in time is counted as it was last known."""
        before = [each.slot.edition for each in self._others]
        for each in self._others:
            # A full pipe has been asked often enough.
            with contextlib.suppress(BlockingIOError):
                os.write(each.asking, b"?")
        for _ in range(LOOKS):
            if all(each.slot.edition > was for each, was in zip(self._others, before, strict=True)):
                break
            await asyncio.sleep(LOOK_EVERY_S)
        known = [raw for each in self._others if (raw := each.slot.read()) is not None]
        return added([self._earlier, own, *map(from_bytes, known)])
