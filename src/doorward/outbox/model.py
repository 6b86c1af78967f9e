"""Frozen data of events, deliveries and attempts, as they lie in the database."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from doorward.outbox.states import State


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A committed fact. `source` is the path that caused it; `seq` orders the events of one identity."""

    id: UUID
    kind: str
    identity_id: UUID
    seq: int
    occurred_at: datetime
    source: str
    flow_kind: str | None
    flow_id: UUID | None
    method: str | None
    trace_id: str


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One event to be sent by one action. `payload` is the encrypted context snapshot."""

    id: UUID
    event_id: UUID
    event_kind: str
    identity_id: UUID
    seq: int
    action: str
    connector: str
    destination: str
    payload: bytes = field(repr=False)
    not_before: datetime
    created_at: datetime
    trace_id: str
    state: State = State.PENDING
    held_for: str | None = None
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery row. `attempts` counts tries (a snooze is none); `lease_token` proves the right to settle.

    `not_before` is when it may next be claimed; `settled_at` when it ended; `external_id` what the destination
    calls the result (a HubSpot contact id). `may_have_applied`: the answer to an earlier try was lost. `position`
    orders the rows of one identity and destination. `is_restored`: it was open in the backup that became this
    database, so the one that was lost may have sent it. Lists leave `payload` empty.
    """

    id: UUID
    event_id: UUID
    event_kind: str
    identity_id: UUID
    seq: int
    action: str
    connector: str
    destination: str
    state: State
    payload: bytes = field(repr=False)
    attempts: int
    snoozes: int
    not_before: datetime
    lease_owner: str | None
    lease_token: UUID | None
    lease_until: datetime | None
    held_for: str | None
    reason_code: str | None
    reason: str | None
    external_id: str | None
    template_version: str | None
    replays: int
    trace_id: str
    created_at: datetime
    updated_at: datetime
    settled_at: datetime | None
    may_have_applied: bool = False
    position: int = 0
    is_restored: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery. `summary` names request and answer without personal data or secrets."""

    id: UUID
    delivery_id: UUID
    number: int
    started_at: datetime
    ended_at: datetime
    outcome: str
    http_status: int | None
    reason_code: str | None
    reason: str | None
    summary: str | None
    trace_id: str
