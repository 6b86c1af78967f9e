"""Failed sign-ins are counted, and too many of them wait: per person and network, per person, per network.

The counts are in the database, so that all processes share them; only a failure writes. A window slides by weighing the
last one. Somebody who guesses at one account is stopped where they are long before the account itself is, so that
nobody locks another out by failing in their name.
"""

import hashlib
import hmac
import ipaddress
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from doorward.clock import Clock, micros
from doorward.flows.contract import Write
from doorward.flows.errors import TooManyAttempts
from doorward.storage.contract import Database, Reader, Transaction

NETWORK_BITS = {4: 24, 6: 48}
"""Who has one address of such a network can usually have them all."""

CONTEXT = b"doorward attempts"


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """How many failures a window may hold."""

    window: timedelta
    per_person_and_network: int
    per_person: int
    per_network: int
    is_on: bool = True


class Throttle:
    """Asked before a proof is looked at, told after it was wrong."""

    def __init__(self, database: Database, limits: ThrottleLimits, keys: Sequence[str], clock: Clock) -> None:
        """`keys` as in `secrets.cipher`: the table names nobody, and says nothing without the first of them."""
        self._database = database
        self._limits = limits
        self._key = hashlib.sha256(CONTEXT + next(iter(keys), "").encode()).digest()
        self._clock = clock

    async def check(self, person: str, ip_address: str) -> None:
        """Raises TooManyAttempts with the seconds to wait. `person` is what was typed to find an account, normalised:
        it makes no difference whether there is one.
        """
        if not self._limits.is_on:
            return
        now = self._clock.now()
        limits = self._keyed(person, ip_address)
        counts = await _read(self._database.reader, tuple(limits), self._window(now) - 1)
        if any(self._weighed(counts, key, now) >= limit for key, limit in limits.items()):
            raise TooManyAttempts(retry_after_s=self._rest_s(now))

    def failed(self, person: str, ip_address: str) -> tuple[Write, ...]:
        """What a failure stores, in the transaction that stores the form which says so."""
        if not self._limits.is_on:
            return ()

        async def write(tx: Transaction) -> None:
            now = self._clock.now()
            for key in sorted(self._keyed(person, ip_address)):
                await _count(tx, key, self._window(now), now)

        return (write,)

    def _keyed(self, person: str, ip_address: str) -> dict[str, int]:
        network, limits = network_of(ip_address), self._limits
        return {
            self._hash("both", person, network): limits.per_person_and_network,
            self._hash("person", person): limits.per_person,
            self._hash("network", network): limits.per_network,
        }

    def _hash(self, *parts: str) -> str:
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def _window(self, now: datetime) -> int:
        return micros(now) // micros_of(self._limits.window)

    def _share(self, now: datetime) -> float:
        """How much of the current window has passed, 0 to 1."""
        length = micros_of(self._limits.window)
        return micros(now) % length / length

    def _weighed(self, counts: Mapping[tuple[str, int], int], key: str, now: datetime) -> float:
        window = self._window(now)
        return counts.get((key, window), 0) + counts.get((key, window - 1), 0) * (1 - self._share(now))

    def _rest_s(self, now: datetime) -> int:
        return max(1, math.ceil((1 - self._share(now)) * self._limits.window.total_seconds()))


def network_of(ip_address: str) -> str:
    """`192.0.2.0/24`, `2001:db8::/48`; what is no address stands for itself."""
    try:
        address = ipaddress.ip_address(ip_address)
    except ValueError:
        return ip_address
    return str(ipaddress.ip_network((address, NETWORK_BITS[address.version]), strict=False))


def micros_of(length: timedelta) -> int:
    return int(length.total_seconds() * 1_000_000)


async def delete_old_attempts(tx: Transaction, before: datetime, limit: int) -> int:
    """Removes at most `limit` counts that no window reaches any more; how many."""
    return await tx.execute(
        "DELETE FROM failed_attempts WHERE (key_hash, window_number) IN (SELECT key_hash, window_number "
        f"FROM failed_attempts WHERE counted_at < :before ORDER BY counted_at LIMIT :limit{tx.dialect.skip_locked})",
        {"before": before, "limit": limit},
    )


async def _read(reader: Reader, keys: tuple[str, ...], since: int) -> dict[tuple[str, int], int]:
    names = {f"key{number}": key for number, key in enumerate(keys)}
    marks = ", ".join(f":{name}" for name in names)
    rows = await reader.fetch_all(
        f"SELECT key_hash, window_number, failures FROM failed_attempts WHERE key_hash IN ({marks}) "
        "AND window_number >= :since",
        {**names, "since": since},
    )
    return {(row["key_hash"], int(row["window_number"])): int(row["failures"]) for row in rows}


async def _count(tx: Transaction, key: str, window: int, now: datetime) -> None:
    await tx.execute(
        """
        INSERT INTO failed_attempts (key_hash, window_number, failures, counted_at)
        VALUES (:key, :window, 1, :now)
        ON CONFLICT (key_hash, window_number)
        DO UPDATE SET failures = failed_attempts.failures + 1, counted_at = :now
        """,
        {"key": key, "window": window, "now": now},
    )
