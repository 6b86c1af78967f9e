"""The circuit breaker of a destination, in its row, so that all workers know at once.

Consecutive failures open it; nothing is claimed then, so the queue's attempts are not burnt. Afterwards one row at a
time probes, and the first success closes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from doorward.delivery.contract import Outcome, Retry, Snooze
from doorward.storage.contract import Reader, Transaction
from doorward.storage.types import read_optional_time

CLOSED = "closed"
OPEN = "open"
HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """After `threshold` failed sends in a row it opens for `first_s` seconds, doubling up to `longest_s`.

    A probe that has not ended after `probe_s` seconds is forgotten (its worker died).
    """

    threshold: int = 10
    first_s: float = 5.0
    longest_s: float = 60.0
    probe_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """As it stands in the row."""

    failures: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None

    def state(self, now: datetime) -> str:
        """`closed`, `open` (nothing is claimed), or `half_open` (somebody may probe)."""
        if self.open_until is None:
            return CLOSED
        is_probing = self.probe_until is not None and self.probe_until > now
        return OPEN if self.open_until > now or is_probing else HALF_OPEN


def opens_for_s(failures: int, settings: BreakerSettings) -> float:
    """Seconds that it stays open after the failure that made `failures` in a row; 0.0 below the threshold."""
    over = failures - settings.threshold
    if over < 0:
        return 0.0
    return min(settings.longest_s, settings.first_s * 2.0 ** min(over, 16))


def judge(outcomes: Iterable[Outcome]) -> bool | None:
    """Whether a send tells that the destination works (True), that it does not (False), or neither (None).

    It works if it decided about anything; it does not if no answer came, or only answers of the kind 5xx.
    """
    results = list(outcomes)
    failed = [each for each in results if _is_failure(each)]
    if results and len(failed) == len(results):
        return False
    if any(not isinstance(each, Snooze) and not _is_failure(each) for each in results):
        return True
    return None


def _is_failure(outcome: Outcome) -> bool:
    return isinstance(outcome, Retry) and (outcome.http_status is None or outcome.http_status >= 500)


async def find_breaker(reader: Reader, destination: str) -> Breaker:
    row = await reader.fetch_one(
        "SELECT breaker_failures, breaker_open_until, breaker_probe_until FROM destinations WHERE name = :name",
        {"name": destination},
    )
    if row is None:
        return Breaker()
    return Breaker(
        row["breaker_failures"],
        read_optional_time(row["breaker_open_until"]),
        read_optional_time(row["breaker_probe_until"]),
    )


async def begin_probe(tx: Transaction, destination: str, now: datetime, settings: BreakerSettings) -> bool:
    """Takes the right to probe; False when another worker has it or the breaker is not half open."""
    return bool(
        await tx.execute(
            """
            UPDATE destinations SET breaker_probe_until = :until, updated_at = :now
            WHERE name = :name AND breaker_open_until <= :now
              AND (breaker_probe_until IS NULL OR breaker_probe_until <= :now)
            """,
            {"name": destination, "now": now, "until": now + timedelta(seconds=settings.probe_s)},
        )
    )


async def end_probe(tx: Transaction, destination: str, now: datetime) -> None:
    """Gives the right to probe back, when there was nothing to probe with or the send told nothing."""
    await tx.execute(
        """
        UPDATE destinations SET breaker_probe_until = NULL, updated_at = :now
        WHERE name = :name AND breaker_probe_until IS NOT NULL
        """,
        {"name": destination, "now": now},
    )


async def record_success(tx: Transaction, destination: str, now: datetime) -> None:
    """Closes it. Touches the row only when there is something to forget."""
    await tx.execute(
        """
        UPDATE destinations
        SET breaker_failures = 0, breaker_open_until = NULL, breaker_probe_until = NULL, updated_at = :now
        WHERE name = :name AND (breaker_failures > 0 OR breaker_open_until IS NOT NULL)
        """,
        {"name": destination, "now": now},
    )


async def record_failure(tx: Transaction, destination: str, now: datetime, settings: BreakerSettings) -> float:
    """Counts one failed send; the seconds for which this opened it, else 0.0.

    While it is open the sends that were in flight already count no more: their number says nothing about how long
    the destination stays away.
    """
    row = await tx.fetch_one(
        """
        INSERT INTO destinations (name, breaker_failures, updated_at) VALUES (:name, 1, :now)
        ON CONFLICT (name) DO UPDATE
        SET breaker_failures = destinations.breaker_failures + 1, breaker_probe_until = NULL, updated_at = :now
        WHERE destinations.breaker_open_until IS NULL OR destinations.breaker_open_until <= :now
        RETURNING breaker_failures
        """,
        {"name": destination, "now": now},
    )
    seconds = 0.0 if row is None else opens_for_s(row["breaker_failures"], settings)
    if seconds > 0:
        await tx.execute(
            "UPDATE destinations SET breaker_open_until = :until WHERE name = :name",
            {"name": destination, "until": now + timedelta(seconds=seconds)},
        )
    return seconds
