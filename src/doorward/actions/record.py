"""Writes what follows from an event, in its own transaction: one event row, one delivery row per matching action.

No network, no template: the context is captured as it is at commit, encrypted under the person's key.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import orjson

from doorward.actions.context import build_context, seen_by
from doorward.actions.hooks import HUBSPOT, WEB_HOOK
from doorward.actions.model import Action, Await
from doorward.clock import Clock
from doorward.identities.events import EventKind, IdentityEvent, Recorded
from doorward.ids import new_row_id
from doorward.outbox.channels import DELIVERIES
from doorward.outbox.model import NewDelivery, NewEvent
from doorward.outbox.store import insert_deliveries, insert_event
from doorward.outbox.supersede import cancel_superseded
from doorward.storage.contract import Transaction

TURN = timedelta(seconds=10)
"""web_hooks of one list take turns, each released by the request that waits for the one before; without it, then."""


class Sealer(Protocol):
    """Encrypts a payload under the identity's own key, bound to the row that holds it."""

    async def seal(self, tx: Transaction, identity_id: UUID, row_id: UUID, plaintext: bytes) -> bytes: ...


class Actions(Protocol):
    """Which actions answer an event."""

    def actions_for(self, event: IdentityEvent) -> Sequence[Action]: ...


class ActionRecorder:
    """The Recorder that identities are given."""

    def __init__(self, actions: Actions, sealer: Sealer, clock: Clock, base_url: str) -> None:
        self._actions = actions
        self._sealer = sealer
        self._clock = clock
        self._base_url = base_url

    def hears(self, event: IdentityEvent) -> bool:
        """Whether any action answers it."""
        return bool(self._actions.actions_for(event))

    async def record(self, tx: Transaction, event: IdentityEvent) -> Recorded:
        """Writes the rows; the deliveries whose first attempts a request awaits are named in the answer."""
        now = self._clock.now()
        row = NewEvent(
            id=new_row_id(),
            kind=str(event.kind),
            identity_id=event.identity.id,
            seq=event.seq,
            occurred_at=event.at,
            source=event.cause.source,
            flow_kind=event.cause.flow_kind,
            flow_id=event.cause.flow_id,
            method=event.cause.method,
            trace_id=event.cause.trace_id,
        )
        await insert_event(tx, row, is_first=event.kind is EventKind.CREATED)
        actions = self._actions.actions_for(event)
        if not actions:
            return Recorded(row.id)
        context = build_context(event, self._base_url)
        written: list[tuple[Action, NewDelivery]] = []
        in_turn: list[UUID] = []
        for action in actions:
            delivery_id = new_row_id()
            delivery = NewDelivery(
                id=delivery_id,
                event_id=row.id,
                event_kind=row.kind,
                identity_id=row.identity_id,
                seq=row.seq,
                action=action.name,
                connector=action.connector,
                destination=action.destination,
                payload=await self._sealer.seal(
                    tx, row.identity_id, delivery_id, orjson.dumps(seen_by(action, context))
                ),
                not_before=now + TURN if in_turn and _takes_turn(action) else now,
                created_at=now,
                trace_id=row.trace_id,
            )
            if action.awaits is Await.FIRST_ATTEMPTS or (in_turn and _takes_turn(action)):
                in_turn.append(delivery_id)
            written.append((action, delivery))
        await insert_deliveries(tx, [delivery for _, delivery in written])
        if event.kind is EventKind.DELETED:
            states = [action.destination for action, _ in written if action.connector == HUBSPOT]
            await cancel_superseded(tx, row.identity_id, states, row.seq, now)
        tx.wake(DELIVERIES)
        awaited = tuple(delivery.id for action, delivery in written if action.awaits is Await.FIRST_ATTEMPTS)
        return Recorded(row.id, tuple(delivery.id for _, delivery in written), awaited, tuple(in_turn))


def _takes_turn(action: Action) -> bool:
    """A web_hook of a flow's list, waited for or not: what stands behind it comes later, as in Kratos."""
    return action.connector == WEB_HOOK and action.trigger.flow_kind is not None
