"""Counts in the database, so that all processes share them, under keys that name nobody; what they mean is
`throttle`'s business. A window slides by weighing the last one.
"""

import hashlib
import hmac
import ipaddress
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from doorward.clock import Clock, micros
from doorward.storage.contract import Reader, Transaction

NETWORK_BITS = {4: 24, 6: 48}
"""Who has one address of such a network can usually have them all."""

CONTEXT = b"doorward attempts"


class Tally:
    """Adds in the caller's transaction, together with what is counted."""

    def __init__(self, window: timedelta, keys: Sequence[str], clock: Clock) -> None:
        """`keys` as in `secrets.cipher`: the table says nothing without the first of them."""
        self._window = window
        self._key = hashlib.sha256(CONTEXT + next(iter(keys), "").encode()).digest()
        self._clock = clock

    def key(self, *parts: str) -> str:
        """What is counted, as it is stored."""
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    async def weigh(self, reader: Reader, keys: Collection[str]) -> dict[str, float]:
        """How often each was counted in the time of one window until now."""
        now = self._clock.now()
        window = self._number(now)
        counts = await _read(reader, keys, window - 1)
        last = 1 - self._share(now)
        return {key: counts.get((key, window), 0) + counts.get((key, window - 1), 0) * last for key in keys}

    async def add(self, tx: Transaction, keys: Collection[str]) -> None:
        """One more of each. Their rows are locked until the commit, always in the same order."""
        now = self._clock.now()
        names = {f"key{number}": key for number, key in enumerate(sorted(keys))}
        values = ", ".join(f"(:{name}, :window, 1, :now)" for name in names)
        await tx.execute(
            f"""
            INSERT INTO throttle_counts (key_hash, window_number, counted, counted_at) VALUES {values}
            ON CONFLICT (key_hash, window_number)
            DO UPDATE SET counted = throttle_counts.counted + 1, counted_at = excluded.counted_at
            """,
            {**names, "window": self._number(now), "now": now},
        )

    async def has_room(self, tx: Transaction, limits: Mapping[str, int]) -> bool:
        """One more of each; False where a limit was reached before. The caller then stores nothing."""
        await self.add(tx, limits)
        counts = await self.weigh(tx, limits)
        return all(counts[key] - 1 < limit for key, limit in limits.items())

    def rest_s(self) -> int:
        """Until the current window ends."""
        return max(1, math.ceil((1 - self._share(self._clock.now())) * self._window.total_seconds()))

    def _number(self, now: datetime) -> int:
        return micros(now) // micros_of(self._window)

    def _share(self, now: datetime) -> float:
        """How much of the current window has passed, 0 to 1."""
        length = micros_of(self._window)
        return micros(now) % length / length


def network_of(ip_address: str) -> str:
    """`192.0.2.0/24`, `2001:db8::/48`; what is no address stands for itself."""
    try:
        address = ipaddress.ip_address(ip_address)
    except ValueError:
        return ip_address
    return str(ipaddress.ip_network((address, NETWORK_BITS[address.version]), strict=False))


def micros_of(length: timedelta) -> int:
    return int(length.total_seconds() * 1_000_000)


async def delete_old_counts(tx: Transaction, before: datetime, limit: int) -> int:
    """Removes at most `limit` counts that no window reaches any more; how many."""
    return await tx.execute(
        "DELETE FROM throttle_counts WHERE (key_hash, window_number) IN (SELECT key_hash, window_number "
        f"FROM throttle_counts WHERE counted_at < :before ORDER BY counted_at LIMIT :limit{tx.dialect.skip_locked})",
        {"before": before, "limit": limit},
    )


async def _read(reader: Reader, keys: Collection[str], since: int) -> Mapping[tuple[str, int], int]:
    names = {f"key{number}": key for number, key in enumerate(keys)}
    marks = ", ".join(f":{name}" for name in names)
    rows = await reader.fetch_all(
        f"SELECT key_hash, window_number, counted FROM throttle_counts WHERE key_hash IN ({marks}) "
        "AND window_number >= :since",
        {**names, "since": since},
    )
    return {(row["key_hash"], int(row["window_number"])): int(row["counted"]) for row in rows}
