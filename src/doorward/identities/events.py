"""Facts about identities, told to a Recorder inside the transaction that makes them true.

Who listens is not known here: `app.py` wires `actions.record` in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from doorward.identities.model import Identity
from doorward.storage.contract import Transaction


class EventKind(StrEnum):
    CREATED = "identity.created"
    UPDATED = "identity.updated"
    DELETED = "identity.deleted"
    CONSENT_CHANGED = "consent.changed"
    ADDRESS_VERIFIED = "address.verified"
    ADDRESS_CONFIRMED = "address.confirmed"  # proved again: it was verified before
    SESSION_CREATED = "session.created"
    SESSION_RAISED = "session.raised"
    SESSION_REVOKED = "session.revoked"
    LOGOUT_AFTER = "logout.after"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a change happens: which path, which flow and method, and what templates may see of the request.

    `context` holds the JSON values of the template context that only the cause knows (`flow`, `request_headers`,
    `request_method`, `request_url`, `request_cookies`, `session`); it is captured as it is at commit.
    """

    source: str  # flow | admin | cli | import | hook
    flow_kind: str | None = None
    flow_id: UUID | None = None
    method: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    trace_id: str = ""
    locale: str = "en"
    actor: str = ""


@dataclass(frozen=True, slots=True)
class IdentityEvent:
    """One fact. `seq` grows by one with every event of an identity and gives their order."""

    kind: EventKind
    identity: Identity
    previous: Identity | None
    cause: Cause
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recorder wrote: the event's row, its deliveries, and those whose first attempts the request awaits.

    `in_turn` are the awaited ones and what stands behind them: each is sent when the one before is through.
    """

    event_id: UUID
    deliveries: tuple[UUID, ...] = ()
    awaited: tuple[UUID, ...] = ()
    in_turn: tuple[UUID, ...] = ()


class Recorder(Protocol):
    """Writes what follows from an event, in the open transaction."""

    async def record(self, tx: Transaction, event: IdentityEvent) -> Recorded: ...

    def hears(self, event: IdentityEvent) -> bool:
        """Whether anything follows from such an event; `seq` does not matter."""
        ...
