"""Finding deliveries for a person who looks: pages, newest first, each at a bounded cost however many rows there are.

A condition that no index holds is checked on the newest rows only; the page then says how far back it has looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.outbox.model import Delivery
from doorward.outbox.query import Filter
from doorward.outbox.rows import IN_STATE, LISTED, NEWEST, OLDEST, read_delivery
from doorward.storage.contract import Database, Row
from doorward.storage.types import read_time, read_uuid

LOOK_AT = 2000
GLANCE = "id, state, action, destination, created_at"


@dataclass(frozen=True, slots=True)
class Page:
    """`before` continues the list, None at its end. `looked_back_to` is set where the search stopped without filling
    the page: whatever was queued before that moment has not been looked at yet."""

    deliveries: tuple[Delivery, ...]
    before: UUID | None = None
    looked_back_to: datetime | None = None


async def search_deliveries(
    database: Database, chosen: Filter, limit: int, *, before: UUID | None = None, look_at: int = LOOK_AT
) -> Page:
    """At most `limit` deliveries queued before `before`. `chosen.since` is not honoured: pages are walked by id."""
    seen = await _glance(database, chosen, before or NEWEST, look_at)
    looked, is_more = seen[:look_at], len(seen) > look_at
    fitting = [row for row in looked if _fits(row, chosen)]
    shown = await _read(database, [read_uuid(row["id"]) for row in fitting[:limit]])
    if len(fitting) > limit:
        return Page(shown, shown[-1].id)
    if is_more:
        return Page(shown, read_uuid(looked[-1]["id"]), read_time(looked[-1]["created_at"]))
    return Page(shown)


async def _glance(database: Database, chosen: Filter, before: UUID, look_at: int) -> list[Row]:
    """The newest rows that an index can give, one more than `look_at` where there are more."""
    params: dict[str, Any] = {"before": before, "limit": look_at + 1}
    if chosen.identity_id is not None:
        where, index, params["identity_id"] = (
            "identity_id = :identity_id AND ",
            "deliveries_identity",
            chosen.identity_id,
        )
    elif chosen.states:
        return await _of_states(database, chosen, params)
    else:
        where, index = "", None
    through = "" if index is None else database.dialect.through(index)
    return await database.reader.fetch_all(
        f"SELECT {GLANCE} FROM deliveries{through} WHERE {where}id < :before ORDER BY id DESC LIMIT :limit", params
    )


async def _of_states(database: Database, chosen: Filter, params: dict[str, Any]) -> list[Row]:
    """Each state's newest rows through its index, then merged: `state IN (…) ORDER BY id` would sort them all."""
    found: list[Row] = []
    for state in chosen.states:
        found += await database.reader.fetch_all(
            f"SELECT {GLANCE} FROM deliveries{database.dialect.through('deliveries_state')} "
            f"WHERE {IN_STATE} ORDER BY state DESC, id DESC LIMIT :limit",
            {**params, "state": state, "after": OLDEST},
        )
    return sorted(found, key=lambda row: read_uuid(row["id"]), reverse=True)[: params["limit"]]


def _fits(row: Row, chosen: Filter) -> bool:
    return (
        (not chosen.states or row["state"] in chosen.states)
        and chosen.action in (None, row["action"])
        and chosen.destination in (None, row["destination"])
    )


async def _read(database: Database, delivery_ids: Sequence[UUID]) -> tuple[Delivery, ...]:
    if not delivery_ids:
        return ()
    rows = await database.reader.fetch_all(
        f"SELECT {LISTED} FROM deliveries WHERE {database.dialect.one_of('id', 'ids', 'uuid')} ORDER BY id DESC",
        {"ids": list(delivery_ids)},
    )
    return tuple(map(read_delivery, rows))
