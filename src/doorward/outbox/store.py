"""SQL that writes events, deliveries and attempts, always in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.outbox.channels import DELIVERIES
from doorward.outbox.model import Attempt, NewDelivery, NewEvent
from doorward.outbox.restored import RESTORED
from doorward.outbox.rows import IS_OPEN
from doorward.storage.contract import Transaction

ROOM = 1 << 20
"""Positions between two events of an identity, for replays."""

INSERT_DELIVERY = """
INSERT INTO deliveries (id, event_id, event_kind, identity_id, seq, position, action, connector, destination, state,
  payload, not_before, waiting_since, held_for, reason_code, reason, trace_id, created_at, updated_at)
VALUES (:id, :event_id, :event_kind, :identity_id, :seq, :position, :action, :connector, :destination, :state,
  :payload, :not_before, :created_at, :held_for, :reason_code, :reason, :trace_id, :created_at, :created_at)
"""
INSERT_ATTEMPT = """
INSERT INTO attempts
  (id, delivery_id, number, started_at, ended_at, outcome, http_status, reason_code, reason, summary, trace_id)
VALUES
  (:id, :delivery_id, :number, :started_at, :ended_at, :outcome, :http_status, :reason_code, :reason, :summary,
   :trace_id)
"""


async def insert_event(tx: Transaction, event: NewEvent, *, is_first: bool = False) -> None:
    """One committed fact. It may be what held deliveries of the identity wait for, so they are looked at again.

    `is_first`: whatever it is about has just been made, so nothing of it is held.
    """
    await tx.defer(
        """
        INSERT INTO events (id, kind, identity_id, seq, occurred_at, source, flow_kind, flow_id, method, trace_id)
        VALUES (:id, :kind, :identity_id, :seq, :occurred_at, :source, :flow_kind, :flow_id, :method, :trace_id)
        """,
        asdict(event),
    )
    if not is_first:
        await release_held(tx, event.identity_id, event.occurred_at)


async def insert_deliveries(tx: Transaction, deliveries: Sequence[NewDelivery]) -> None:
    """What is to be sent of an event. The caller wakes the dispatcher."""
    await tx.execute_many(INSERT_DELIVERY, [{**asdict(each), "position": each.seq * ROOM} for each in deliveries])


async def insert_attempts(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """Tries of deliveries."""
    # Not asdict: it copies every value deeply, which costs more than the statement.
    names = [each.name for each in fields(Attempt)]
    await tx.execute_many(INSERT_ATTEMPT, [{name: getattr(each, name) for name in names} for each in attempts])


async def release_held(tx: Transaction, identity_id: UUID, now: datetime, fact: str | None = None) -> int:
    """Lets the identity's held deliveries be prepared again: all of them, or those that wait for `fact`.

    Those that wait for a person after a restore stay: no event can tell whether they were sent before.
    """
    params: dict[str, Any] = {"identity_id": identity_id, "now": now, "restored": RESTORED}
    narrowed = " AND (held_for IS NULL OR held_for <> :restored)"
    if fact is not None:
        narrowed += " AND held_for = :fact"
        params["fact"] = fact
    released = await tx.execute(
        f"""
        UPDATE deliveries{tx.dialect.through("deliveries_identity")}
        SET state = 'pending', not_before = :now, waiting_since = :now, updated_at = :now, held_for = NULL
        WHERE identity_id = :identity_id AND state = 'held'{narrowed}
        """,
        params,
    )
    if released:
        tx.wake(DELIVERIES)
    return released


async def bring_forward(tx: Transaction, delivery_ids: Sequence[UUID], now: datetime) -> None:
    """Makes claimable at once what waits for its turn and was never tried."""
    chosen = tx.dialect.one_of("id", "ids", "uuid")
    await tx.execute(
        f"UPDATE deliveries SET not_before = :now WHERE {chosen} AND state = 'pending' AND attempts = 0 "
        "AND not_before > :now",
        {"ids": list(delivery_ids), "now": now},
    )


async def release_followers(tx: Transaction, destination: str, identity_ids: Sequence[UUID], now: datetime) -> None:
    """Makes claimable at once what stood behind an ended delivery of these identities and was laid aside."""
    if not identity_ids:
        return
    chosen = tx.dialect.one_of("identity_id", "identities", "uuid")
    await tx.execute(
        f"""
        UPDATE deliveries{tx.dialect.through("deliveries_order")} SET not_before = :now
        WHERE {chosen} AND destination = :destination AND {IS_OPEN} AND state = 'pending' AND not_before > :now
        """,
        {"identities": list(identity_ids), "destination": destination, "now": now},
    )


async def lay_followers_aside(
    tx: Transaction, destination: str, heads: Mapping[UUID, UUID], until: datetime, now: datetime
) -> None:
    """Postpones what stands behind `heads` (delivery id by identity id), which have just gone to rest."""
    if not heads:
        return
    identities = tx.dialect.one_of("identity_id", "identities", "uuid")
    own = tx.dialect.one_of("id", "heads", "uuid")
    await tx.execute(
        f"""
        UPDATE deliveries{tx.dialect.through("deliveries_order")} SET not_before = :until
        WHERE {identities} AND destination = :destination AND {IS_OPEN} AND state = 'pending' AND not_before <= :now
          AND NOT ({own})
        """,
        {
            "identities": list(heads),
            "heads": list(heads.values()),
            "destination": destination,
            "until": until,
            "now": now,
        },
    )
