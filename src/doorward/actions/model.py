"""Frozen data of configured actions: trigger, condition, consent, template, destination, retry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class Await(StrEnum):
    """Whether the request waits for the first attempts (a plain web_hook does, as in Kratos)."""

    NO = "no"
    FIRST_ATTEMPTS = "first_attempts"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an action listens to: an event, narrowed to a flow and a method where it stands in a flow's hook list."""

    event: str  # an EventKind value, e.g. identity.created
    flow_kind: str | None = None  # registration, settings, …; None: whichever path caused the event
    method: str | None = None  # password, …; None: any


@dataclass(frozen=True, slots=True)
class Basis:
    """Why a person's data may be sent without consent: `contract` or `legitimate_interest`, with a sentence."""

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits between attempts, in order; after the last the delivery is dead. `jitter` is the share that is random."""

    delays: tuple[timedelta, ...] = (
        timedelta(seconds=5),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
        timedelta(hours=6),
        timedelta(hours=6),
        timedelta(hours=8),
    )
    jitter: float = 0.1
    retry_after_cap: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Action:
    """A configured reaction. `settings` is the hook's own config, parsed by its connector; it may hold secrets.

    `consent` names the purpose that must be granted at send time; `basis` the reason to send without. `when` is
    `registered` or `verified` (held until the address is). `path` is where in the configuration it stands.
    `first_delays` are extra early tries that a waiting request sees (0, +1, +2 s) before `retry` begins.
    """

    name: str
    trigger: Trigger
    connector: str
    destination: str
    path: str
    settings: Mapping[str, Any] = field(repr=False)
    template: str | None = None
    consent: str | None = None
    basis: Basis | None = None
    when: str = "registered"
    awaits: Await = Await.NO
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    first_delays: tuple[timedelta, ...] = ()
