"""Queues messages to people: one row in the caller's transaction, sent by the dispatcher after the commit.

A message is a delivery with a line and a key of its own: none waits behind another one to the same person, and one
that was sent is made unreadable without touching anybody else's data.
"""

from typing import Protocol
from uuid import UUID

import orjson

from doorward.clock import Clock
from doorward.courier.destinations import action_of, destination_of
from doorward.courier.model import Channel, Message
from doorward.courier.store import insert_message, withdraw_message
from doorward.ids import new_row_id
from doorward.outbox.channels import DELIVERIES
from doorward.outbox.model import NewDelivery, NewEvent
from doorward.outbox.store import insert_deliveries, insert_event
from doorward.storage.contract import Transaction

QUEUED = "message.queued"
"""The kind of a message's event."""


class Sealer(Protocol):
    """Encrypts a payload under a key of its own (`storage.identity_keys.IdentityKeys`)."""

    async def seal(self, tx: Transaction, identity_id: UUID, row_id: UUID, plaintext: bytes) -> bytes: ...


class Courier:
    """Made once by the composition root. `connectors` names who sends each channel now."""

    def __init__(self, sealer: Sealer, clock: Clock, connectors: dict[Channel, str]) -> None:
        self._sealer = sealer
        self._clock = clock
        self._connectors = connectors

    async def queue(self, tx: Transaction, message: Message) -> UUID:
        """Writes the message; its id is also the delivery's. Nothing is rendered and nothing sent here."""
        now = self._clock.now()
        message_id = new_row_id()
        event = NewEvent(
            id=new_row_id(),
            kind=QUEUED,
            identity_id=message_id,
            seq=1,
            occurred_at=now,
            source="courier",
            flow_kind=message.flow_kind,
            flow_id=message.flow_id,
            method=None,
            trace_id=message.trace_id,
        )
        delivery = NewDelivery(
            id=message_id,
            event_id=event.id,
            event_kind=event.kind,
            identity_id=message_id,
            seq=event.seq,
            action=action_of(message.channel),
            connector=self._connectors[message.channel],
            destination=destination_of(message),
            payload=await self._sealer.seal(tx, message_id, message_id, orjson.dumps(context_of(message))),
            not_before=now,
            created_at=now,
            trace_id=message.trace_id,
        )
        await insert_event(tx, event, is_first=True)
        await insert_deliveries(tx, [delivery])
        await insert_message(tx, message_id, message, now)
        tx.wake(DELIVERIES)
        return message_id

    async def rehearse(self, tx: Transaction, message: Message) -> None:
        """All the work of `queue` and no message: who watches the clock learns nothing about whom we know."""
        await withdraw_message(tx, await self.queue(tx, message))


def context_of(message: Message) -> dict[str, object]:
    """What the sender will know, as JSON values."""
    return {
        "recipient": message.recipient,
        "message_type": str(message.channel),
        "template_type": str(message.template),
        "template_data": dict(message.data),
        "locale": message.locale,
        "useful_until": message.useful_until,
    }
