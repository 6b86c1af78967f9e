"""Why an identity has no delivery of an action: it came another way, it was here before the action, or nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorward.actions.model import Action
from doorward.clock import Clock, from_micros, micros
from doorward.delivery.admission import Actions
from doorward.storage.contract import Database, Reader, Transaction
from doorward.storage.dialect import Dialect
from doorward.storage.types import read_time, read_uuid

CREATED = "identity.created"
PREFIX = "action_since:"


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an identity came to be."""

    at: datetime
    source: str
    flow_kind: str | None
    method: str | None


async def ensure_since(database: Database, actions: Actions, clock: Clock) -> None:
    """Remembers when each action was seen first. May be repeated; the first time counts."""
    known = await list_since(database.reader)
    fresh = [action.name for action in actions.list_actions() if action.name not in known]
    if not fresh:
        return
    now = str(micros(clock.now()))

    async def work(tx: Transaction) -> None:
        await tx.execute_many(
            "INSERT INTO settings (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING",
            [{"key": PREFIX + name, "value": now} for name in fresh],
        )

    await database.transaction(work)


async def list_since(reader: Reader) -> dict[str, datetime]:
    """When each action was seen first, by name."""
    rows = await reader.fetch_all("SELECT key, value FROM settings WHERE key LIKE :pattern", {"pattern": f"{PREFIX}%"})
    return {row["key"].removeprefix(PREFIX): from_micros(int(row["value"])) for row in rows}


async def list_arrivals(reader: Reader, dialect: Dialect, identity_ids: Sequence[UUID]) -> dict[UUID, Arrival]:
    """By identity id; absent for identities that no event tells of."""
    rows = await reader.fetch_all(
        f"""
        SELECT identity_id, occurred_at, source, flow_kind, method FROM events
        WHERE {dialect.one_of("identity_id", "ids", "uuid")} AND kind = :kind
        """,
        {"ids": list(identity_ids), "kind": CREATED},
    )
    return {
        read_uuid(row["identity_id"]): Arrival(
            read_time(row["occurred_at"]), row["source"], row["flow_kind"], row["method"]
        )
        for row in rows
    }


def why_missing(action: Action, arrival: Arrival | None, since: datetime | None) -> str | None:
    """The reason for which an identity has no delivery of `action`; None: there is none, a row is missing."""
    if arrival is None:
        return "No event tells of this identity: it was put into the database by other means."
    trigger = action.trigger
    if trigger.flow_kind is not None and arrival.flow_kind != trigger.flow_kind:
        return f"The action answers the flow {trigger.flow_kind}; this identity came by {arrival.source}."
    if trigger.method is not None and arrival.method != trigger.method:
        return f"The action answers sign-ups with {trigger.method}; this one was with {arrival.method}."
    if since is not None and arrival.at < since:
        return "The identity was here before the action; its next change is sent."
    return None
