"""Pauses of destinations and actions: nothing is claimed, the queue is kept, a person (or time) resumes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from doorward.outbox.channels import DELIVERIES
from doorward.storage.contract import Reader, Row, Transaction
from doorward.storage.types import read_optional_time, read_time

Scope = Literal["destination", "action"]


@dataclass(frozen=True, slots=True)
class Paused:
    """Why and since when something rests; `until` None: until somebody resumes it."""

    scope: Scope
    name: str
    code: str
    reason: str
    since: datetime
    until: datetime | None


async def pause(
    tx: Transaction, scope: Scope, name: str, code: str, reason: str, now: datetime, until_s: float | None = None
) -> None:
    """Pauses it; with `until_s` for that many seconds. One that waits for a person is not changed by a shorter one."""
    until = None if until_s is None else now + timedelta(seconds=until_s)
    params = {"name": name, "code": code, "reason": reason, "now": now, "until": until}
    if scope == "action":
        await tx.execute(
            """
            INSERT INTO action_pauses (action, code, reason, paused_at, paused_until)
            VALUES (:name, :code, :reason, :now, :until)
            ON CONFLICT (action) DO UPDATE SET code = :code, reason = :reason, paused_at = :now, paused_until = :until
            WHERE action_pauses.paused_until IS NOT NULL
            """,
            params,
        )
        return
    await tx.execute(
        """
        INSERT INTO destinations (name, paused_code, paused_reason, paused_at, paused_until, updated_at)
        VALUES (:name, :code, :reason, :now, :until, :now)
        ON CONFLICT (name) DO UPDATE SET paused_code = :code, paused_reason = :reason, paused_at = :now,
          paused_until = :until, updated_at = :now
        WHERE destinations.paused_code IS NULL OR destinations.paused_until IS NOT NULL
        """,
        params,
    )


async def resume(tx: Transaction, scope: Scope, name: str, now: datetime) -> bool:
    """Ends a pause, and a destination's open breaker; its waiting rows may be claimed at once. False: not paused."""
    if scope == "action":
        ended = await tx.execute("DELETE FROM action_pauses WHERE action = :name", {"name": name})
    else:
        ended = await tx.execute(
            """
            UPDATE destinations SET paused_code = NULL, paused_reason = NULL, paused_at = NULL, paused_until = NULL,
              breaker_failures = 0, breaker_open_until = NULL, breaker_probe_until = NULL, updated_at = :now
            WHERE name = :name AND (paused_code IS NOT NULL OR breaker_open_until IS NOT NULL)
            """,
            {"name": name, "now": now},
        )
    await tx.execute(
        f"UPDATE deliveries SET not_before = :now WHERE {scope} = :name AND state IN ('pending', 'retryable') "
        "AND not_before > :now",
        {"name": name, "now": now},
    )
    tx.wake(DELIVERIES)
    return bool(ended)


async def find_pause(reader: Reader, scope: Scope, name: str, now: datetime) -> Paused | None:
    """The pause that holds now."""
    return next((each for each in await list_pauses(reader, now) if each.scope == scope and each.name == name), None)


async def list_pauses(reader: Reader, now: datetime) -> list[Paused]:
    """Everything that is paused now: destinations first."""
    destinations = await reader.fetch_all(
        """
        SELECT name, paused_code AS code, paused_reason AS reason, paused_at, paused_until FROM destinations
        WHERE paused_code IS NOT NULL AND (paused_until IS NULL OR paused_until > :now) ORDER BY name
        """,
        {"now": now},
    )
    actions = await reader.fetch_all(
        """
        SELECT action AS name, code, reason, paused_at, paused_until FROM action_pauses
        WHERE paused_until IS NULL OR paused_until > :now ORDER BY action
        """,
        {"now": now},
    )
    return [*(_read("destination", row) for row in destinations), *(_read("action", row) for row in actions)]


def _read(scope: Scope, row: Row) -> Paused:
    return Paused(
        scope,
        row["name"],
        row["code"],
        row["reason"],
        read_time(row["paused_at"]),
        read_optional_time(row["paused_until"]),
    )
