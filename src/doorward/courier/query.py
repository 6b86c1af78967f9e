"""Lists messages with what became of them, as their deliveries and attempts tell. What was in them is not shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from doorward.outbox.model import Attempt
from doorward.outbox.rows import read_attempt
from doorward.outbox.states import State
from doorward.storage.contract import Reader, Row
from doorward.storage.dialect import Dialect
from doorward.storage.types import read_time, read_uuid

NEWEST = UUID(int=2**128 - 1)
"""Behind every message."""


class MessageStatus(StrEnum):
    """Kratos's words for the states of a delivery."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SENT = "sent"
    ABANDONED = "abandoned"


STATES: Mapping[MessageStatus, tuple[State, ...]] = MappingProxyType(
    {
        MessageStatus.QUEUED: (State.PENDING, State.RETRYABLE, State.HELD),
        MessageStatus.PROCESSING: (State.LEASED,),
        MessageStatus.SENT: (State.DELIVERED,),
        MessageStatus.ABANDONED: (State.DEAD, State.SKIPPED, State.CANCELLED),
    }
)
STATUS_OF: Mapping[State, MessageStatus] = MappingProxyType(
    {state: status for status, states in STATES.items() for state in states}
)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages; empty means all. `recipient` is compared as it is, in its case."""

    recipient: str = field(default="", repr=False)
    statuses: tuple[MessageStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message in a list. `sends` counts tries; `subject` and `plain` are there in development only."""

    id: UUID
    status: MessageStatus
    template_type: str
    channel: str
    recipient: str = field(repr=False)
    sends: int
    created_at: datetime
    updated_at: datetime
    subject: str | None = field(repr=False)
    plain: str | None = field(repr=False)


SELECT = """
SELECT m.id, m.template_type, m.channel, m.recipient, m.created_at, d.state, d.attempts, d.updated_at,
  b.subject, b.plain
FROM courier_messages m JOIN deliveries d ON d.id = m.id LEFT JOIN courier_mailbox b ON b.message_id = m.id
"""


async def list_messages(
    reader: Reader, dialect: Dialect, limit: int, before: UUID = NEWEST, chosen: MessageFilter | None = None
) -> list[SentMessage]:
    """The newest first, from the one after `before` on."""
    chosen = chosen or MessageFilter()
    conditions = ["m.id < :before"]
    params: dict[str, Any] = {"before": before, "limit": limit}
    if chosen.recipient:
        conditions.append("m.recipient = :recipient")
        params["recipient"] = chosen.recipient
    if chosen.statuses:
        conditions.append(dialect.one_of("d.state", "states"))
        params["states"] = [str(state) for status in chosen.statuses for state in STATES[status]]
    rows = await reader.fetch_all(f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY m.id DESC LIMIT :limit", params)
    return [_read(row) for row in rows]


async def find_message(reader: Reader, message_id: UUID) -> tuple[SentMessage, Sequence[Attempt]] | None:
    """One message with its tries, the oldest first; None if there is none."""
    row = await reader.fetch_one(f"{SELECT} WHERE m.id = :id", {"id": message_id})
    if row is None:
        return None
    attempts = await reader.fetch_all(
        "SELECT * FROM attempts WHERE delivery_id = :id ORDER BY number, id", {"id": message_id}
    )
    return _read(row), [read_attempt(each) for each in attempts]


def _read(row: Row) -> SentMessage:
    return SentMessage(
        id=read_uuid(row["id"]),
        status=STATUS_OF[State(row["state"])],
        template_type=row["template_type"],
        channel=row["channel"],
        recipient=row["recipient"],
        sends=row["attempts"],
        created_at=read_time(row["created_at"]),
        updated_at=read_time(row["updated_at"]),
        subject=row["subject"],
        plain=row["plain"],
    )
