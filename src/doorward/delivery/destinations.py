"""How each destination is doing, as its rows tell: breaker, budget, last answer, last failure. Pauses are `pauses`'."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorward.clock import Clock, micros
from doorward.delivery.breaker import Breaker, find_breaker
from doorward.delivery.budget import SECOND_US, recent
from doorward.storage.contract import Database, Row
from doorward.storage.types import read_bool, read_json, read_time, read_uuid

TRIES_LOOKED_AT = 500
WORKED = "delivered"


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls made within the last `interval_s` seconds, of the `limit` that the destination allows.

    `is_learned`: the limit was told by the destination's answers, not by the configuration.
    """

    used: int
    limit: int
    interval_s: float
    is_learned: bool


@dataclass(frozen=True, slots=True)
class LastTry:
    """A try of a delivery, as far as the destination is concerned."""

    at: datetime
    outcome: str
    http_status: int | None
    reason: str | None
    delivery_id: UUID


@dataclass(frozen=True, slots=True)
class Health:
    """`usage` None: no limit is known. The tries are None where none is among the newest of all destinations."""

    name: str
    breaker: Breaker
    usage: Usage | None
    last_answer: LastTry | None
    last_failure: LastTry | None


async def list_health(database: Database, clock: Clock, names: Sequence[str]) -> list[Health]:
    """One for each name, in their order."""
    usages = await _usages(database, clock)
    tries = await _newest_tries(database)
    return [
        Health(
            name,
            await find_breaker(database.reader, name),
            usages.get(name),
            next(
                (each for each in tries.get(name, ()) if each.http_status is not None or each.outcome == WORKED), None
            ),
            next((each for each in tries.get(name, ()) if each.outcome != WORKED), None),
        )
        for name in names
    ]


async def list_names(database: Database) -> list[str]:
    """Destinations that have left a trace here, configured or not."""
    rows = await database.reader.fetch_all("SELECT name FROM destinations ORDER BY name")
    return [row["name"] for row in rows]


async def _usages(database: Database, clock: Clock) -> dict[str, Usage]:
    rows = await database.reader.fetch_all(
        "SELECT destination, limit_calls, interval_us, calls, learned FROM budgets ORDER BY destination"
    )
    now_us = micros(clock.now())
    return {row["destination"]: _usage(row, now_us) for row in rows}


def _usage(row: Row, now_us: int) -> Usage:
    interval_us = int(row["interval_us"])
    used = len(recent(read_json(row["calls"]), now_us, interval_us))
    return Usage(used, row["limit_calls"], interval_us / SECOND_US, read_bool(row["learned"]))


async def _newest_tries(database: Database) -> dict[str, list[LastTry]]:
    """By destination, newest first; of the newest tries of all, so that the cost does not grow with the table."""
    rows = await database.reader.fetch_all(
        """
        SELECT delivery_id, ended_at, outcome, http_status, reason FROM attempts ORDER BY id DESC LIMIT :limit
        """,
        {"limit": TRIES_LOOKED_AT},
    )
    tries = [
        LastTry(
            read_time(row["ended_at"]), row["outcome"], row["http_status"], row["reason"], read_uuid(row["delivery_id"])
        )
        for row in rows
    ]
    places = await _places(database, list(dict.fromkeys(each.delivery_id for each in tries)))
    found: dict[str, list[LastTry]] = {}
    for each in tries:
        if each.delivery_id in places:
            found.setdefault(places[each.delivery_id], []).append(each)
    return found


async def _places(database: Database, delivery_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Destinations by delivery. Not a join: PostgreSQL would hash all deliveries for it."""
    if not delivery_ids:
        return {}
    rows = await database.reader.fetch_all(
        f"SELECT id, destination FROM deliveries WHERE {database.dialect.one_of('id', 'ids', 'uuid')}",
        {"ids": list(delivery_ids)},
    )
    return {read_uuid(row["id"]): row["destination"] for row in rows}
