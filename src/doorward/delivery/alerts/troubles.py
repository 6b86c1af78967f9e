"""Looks what is wrong at this moment: pauses, open breakers, dead deliveries, queues whose oldest waits too long."""

from collections.abc import Collection
from datetime import datetime, timedelta

from doorward.config.scalars import format_duration
from doorward.delivery.alerts.model import Kind, Subject, Trouble
from doorward.delivery.pauses import list_pauses
from doorward.outbox.queues import count_dead, list_oldest_waiting
from doorward.storage.contract import Reader
from doorward.storage.dialect import Dialect

BREAKER_OPEN = "breaker_open"
DELIVERIES_DEAD = "deliveries_dead"
WAITING_TOO_LONG = "waiting_too_long"


async def list_troubles(
    reader: Reader, dialect: Dialect, now: datetime, limit: timedelta, raised: Collection[Subject]
) -> list[Trouble]:
    """One per subject at most. A queue is in trouble when its oldest delivery waits longer than `limit`.

    What is `raised` already stays in trouble until its oldest is half as old, so that a queue that moves along the
    limit is not told of again and again.
    """
    paused = await _paused(reader, now)
    resting = {each.subject.name for each in paused if each.subject.scope == "destination"}
    breakers = [each for each in await _breakers(reader, now) if each.subject.name not in resting]
    return [
        *paused,
        *breakers,
        *await _dead(reader, dialect, now),
        *await _waiting(reader, dialect, now, limit, raised),
    ]


async def _paused(reader: Reader, now: datetime) -> list[Trouble]:
    return [
        Trouble(Subject(Kind.PAUSED, each.scope, each.name), each.code, each.reason, each.since, until=each.until)
        for each in await list_pauses(reader, now)
    ]


async def _breakers(reader: Reader, now: datetime) -> list[Trouble]:
    """Open until a send succeeds: between two probes the destination is as far away as before."""
    rows = await reader.fetch_all(
        "SELECT name, breaker_failures FROM destinations WHERE breaker_open_until IS NOT NULL ORDER BY name"
    )
    return [
        Trouble(
            Subject(Kind.PAUSED, "destination", row["name"]),
            BREAKER_OPEN,
            f"It did not answer, or with errors of its own (5xx), {row['breaker_failures']} times in a row.",
            now,
        )
        for row in rows
    ]


async def _dead(reader: Reader, dialect: Dialect, now: datetime) -> list[Trouble]:
    return [
        Trouble(
            Subject(Kind.DEAD, "destination", name),
            DELIVERIES_DEAD,
            "They were refused for good, or every try failed.",
            now,
            number,
        )
        for name, number in (await count_dead(reader, dialect)).items()
    ]


async def _waiting(
    reader: Reader, dialect: Dialect, now: datetime, limit: timedelta, raised: Collection[Subject]
) -> list[Trouble]:
    found = []
    for name, since in (await list_oldest_waiting(reader, dialect)).items():
        subject = Subject(Kind.WAITING, "destination", name)
        if now - since > (limit / 2 if subject in raised else limit):
            reason = f"Its oldest delivery has waited for longer than {format_duration(limit)}."
            found.append(Trouble(subject, WAITING_TOO_LONG, reason, since))
    return found
