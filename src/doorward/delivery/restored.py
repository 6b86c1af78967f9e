"""A database that comes from a backup: what was open in it is doubtful, and a person lets it go or gives it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from doorward.actions.hooks import HUBSPOT
from doorward.audit import write_audit
from doorward.clock import Clock, from_micros, micros
from doorward.delivery.replay import DeliveryNotFound
from doorward.errors import Conflict
from doorward.outbox.line import find_for_update
from doorward.outbox.model import Delivery
from doorward.outbox.query import Filter, list_deliveries
from doorward.outbox.restored import Doubtful, doubt_open, is_held_for_a_person, release
from doorward.outbox.states import State
from doorward.storage.contract import Database, Reader, Transaction
from doorward.storage.types import read_json

LOOKERS = (HUBSPOT,)
"""Connectors that look for what a doubtful delivery would write before they write it (see delivery.contract)."""
KEY = "restored_from"
PAGE = 500


class NotReleasable(Conflict):
    """Only a delivery that is held because of a restore can be released."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Which backup a database is, or that it was declared to be a restored one, and when (UTC)."""

    backup_id: UUID
    at: datetime


async def mark_restored(database: Database, clock: Clock, actor: str, backup_id: UUID | None = None) -> Doubtful:
    """Makes every open delivery doubtful and remembers why. In a backup's copy it is done before anybody opens it.

    Nothing may be sending meanwhile: a send in flight loses its lease and its result.
    """

    async def work(tx: Transaction) -> Doubtful:
        now = clock.now()
        found = await doubt_open(tx, LOOKERS, now)
        mark = {"id": str(backup_id or uuid4()), "at": micros(now)}
        await tx.execute(
            """
            INSERT INTO settings (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value
            """,
            {"key": KEY, "value": _text(mark)},
        )
        details = {"held": found.held, "looked_at": found.looked_at}
        await write_audit(tx, now, actor, "database.restored", str(mark["id"]), details)
        return found

    return await database.transaction(work)


async def find_mark(reader: Reader) -> Mark | None:
    """None: this database was never restored."""
    row = await reader.fetch_one("SELECT value FROM settings WHERE key = :key", {"key": KEY})
    if row is None:
        return None
    value = read_json(row["value"])
    return Mark(UUID(value["id"]), from_micros(value["at"]))


async def release_one(database: Database, clock: Clock, delivery_id: UUID, actor: str) -> Delivery:
    """Lets one go at its old place in the line, under its old id; the row as it was. Raises DeliveryNotFound,
    NotReleasable."""

    async def work(tx: Transaction) -> Delivery:
        found = await find_for_update(tx, delivery_id)
        if found is None:
            raise DeliveryNotFound(f"There is no delivery {delivery_id}.")
        if not is_held_for_a_person(found):
            waits = f" for {found.held_for}" if found.held_for else ""
            raise NotReleasable(f"The delivery is {found.state}{waits}, not held because of a restore.")
        now = clock.now()
        await release(tx, found, now)
        details = {"action": found.action, "destination": found.destination}
        await write_audit(tx, now, actor, "delivery.released", str(delivery_id), details)
        return found

    return await database.transaction(work)


async def release_all(database: Database, clock: Clock, chosen: Filter, actor: str) -> int:
    """Lets go what the filter chooses among those held because of a restore, page by page; how many."""
    chosen = Filter((State.HELD,), chosen.destination, chosen.action, chosen.identity_id, chosen.since)
    released = 0
    before: UUID | None = None
    while page := await list_deliveries(database.reader, chosen, PAGE, before=before):
        for each in filter(is_held_for_a_person, page):
            try:
                await release_one(database, clock, each.id, actor)
                released += 1
            except (NotReleasable, DeliveryNotFound):
                continue
        before = page[-1].id
    return released


def _text(mark: Mapping[str, Any]) -> str:
    return orjson.dumps(mark).decode()
