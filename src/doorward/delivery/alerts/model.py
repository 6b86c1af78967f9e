"""What can be wrong, and an alert about it: frozen data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from doorward.delivery.pauses import Scope


class Kind(StrEnum):
    """What an alert is about."""

    PAUSED = "paused"
    DEAD = "dead"
    WAITING = "waiting"


class Event(StrEnum):
    """Why an alert is told: it is new, there is more of it or another reason, it is over; or a person asked."""

    RAISED = "alert.raised"
    CHANGED = "alert.changed"
    RECOVERED = "alert.recovered"
    TEST = "alert.test"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """The thing that is wrong. At any time there is at most one open alert about it."""

    kind: Kind
    scope: Scope
    name: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong at this moment. `number` counts dead deliveries; it is 0 for the other kinds.

    `until` is when a pause ends by itself.
    """

    subject: Subject
    code: str
    reason: str
    since: datetime
    number: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble that was noticed. `told` counts how often it was told, `told_at` is the last time while it was open."""

    id: UUID
    trouble: Trouble
    told: int
    told_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One telling on its way to the receiver. `body` is JSON text and never changes, nor does the id."""

    id: UUID
    alert_id: UUID
    number: int
    body: str
    created_at: datetime
    attempts: int
    not_before: datetime
    http_status: int | None
    problem: str | None
    sent_at: datetime | None
    given_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What counts as trouble. `has_receiver`: messages are written beside log lines; `admin_url` is named in them."""

    waiting_longer_than: timedelta
    every: timedelta
    has_receiver: bool = False
    admin_url: str = ""
