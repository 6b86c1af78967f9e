"""Reading deliveries: one, lists, counts. Payloads are read only for one delivery, and only when asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.rows import COLUMNS, IN_STATE, IS_OPEN, LISTED, NEWEST, OLDEST, read_attempt, read_delivery
from doorward.outbox.states import State
from doorward.storage.contract import Reader
from doorward.storage.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deliveries; None: any. `since` is when they were queued, at the earliest."""

    states: tuple[State, ...] = ()
    destination: str | None = None
    action: str | None = None
    identity_id: UUID | None = None
    since: datetime | None = None


async def find_delivery(reader: Reader, delivery_id: UUID, *, with_payload: bool = False) -> Delivery | None:
    """One delivery."""
    columns = COLUMNS if with_payload else LISTED
    row = await reader.fetch_one(f"SELECT {columns} FROM deliveries WHERE id = :id", {"id": delivery_id})
    return None if row is None else read_delivery(row)


async def list_deliveries(
    reader: Reader, chosen: Filter, limit: int, *, before: UUID | None = None, after: UUID | None = None
) -> list[Delivery]:
    """At most `limit`, the newest first; `before` continues a list. With `after`, those queued since, oldest first."""
    direction = "ASC" if after is not None else "DESC"
    bounds: dict[str, Any] = {"before": before or NEWEST, "after": after or OLDEST}
    if len(chosen.states) == 1:
        conditions, params = conditions_of(replace(chosen, states=()))
        conditions.append(IN_STATE)
        bounds["state"] = chosen.states[0]
        order = f"state {direction}, id {direction}"
    else:
        conditions, params = conditions_of(chosen)
        conditions.append("id > :after AND id < :before")
        order = f"id {direction}"
    rows = await reader.fetch_all(
        f"SELECT {LISTED} FROM deliveries WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT :limit",
        {**params, **bounds, "limit": limit},
    )
    return list(map(read_delivery, rows))


async def list_deliveries_of_identity(reader: Reader, identity_id: UUID) -> list[Delivery]:
    """All of them, in the order in which they are to be sent."""
    rows = await reader.fetch_all(
        f"SELECT {LISTED} FROM deliveries WHERE identity_id = :id ORDER BY position, id", {"id": identity_id}
    )
    return list(map(read_delivery, rows))


async def list_attempts(reader: Reader, delivery_id: UUID) -> list[Attempt]:
    """Every try, oldest first."""
    rows = await reader.fetch_all(
        "SELECT * FROM attempts WHERE delivery_id = :id ORDER BY started_at, id", {"id": delivery_id}
    )
    return list(map(read_attempt, rows))


async def count_by_state(reader: Reader, chosen: Filter) -> dict[State, int]:
    """How many of each state; states without any are 0."""
    conditions, params = conditions_of(chosen)
    rows = await reader.fetch_all(
        f"SELECT state, COUNT(*) AS number FROM deliveries WHERE {' AND '.join(conditions)} GROUP BY state", params
    )
    counts = {State(row["state"]): row["number"] for row in rows}
    return {state: counts.get(state, 0) for state in State}


@dataclass(frozen=True, slots=True)
class Depth:
    """Open rows of a destination in one state, and since when the oldest waits (microseconds since 1970)."""

    destination: str
    state: State
    count: int
    oldest_us: int


async def list_depths(reader: Reader, dialect: Dialect) -> Sequence[Depth]:
    """Queues as they are now. Reads the index of open rows only."""
    rows = await reader.fetch_all(
        f"""
        SELECT destination, state, COUNT(*) AS number, MIN(waiting_since) AS oldest
        FROM deliveries{dialect.through("deliveries_open")}
        WHERE {IS_OPEN} AND settled_at IS NULL GROUP BY destination, state
        """
    )
    return [Depth(row["destination"], State(row["state"]), row["number"], row["oldest"]) for row in rows]


def conditions_of(chosen: Filter) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions, never empty, and their parameters."""
    conditions, params = ["1 = 1"], dict[str, Any]()
    if chosen.states:
        names = [f"state{number}" for number in range(len(chosen.states))]
        conditions.append(f"state IN ({', '.join(f':{name}' for name in names)})")
        params |= dict(zip(names, chosen.states, strict=True))
    for column, value in (
        ("destination", chosen.destination),
        ("action", chosen.action),
        ("identity_id", chosen.identity_id),
    ):
        if value is not None:
            conditions.append(f"{column} = :{column}")
            params[column] = value
    if chosen.since is not None:
        conditions.append("created_at >= :since")
        params["since"] = chosen.since
    return conditions, params
