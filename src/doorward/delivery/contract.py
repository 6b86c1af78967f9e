"""What the engine and the connectors agree on: jobs in, outcomes out.

An expected refusal is an Outcome, not an exception.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable
from uuid import UUID

from doorward.actions.model import Action
from doorward.outbox.model import Delivery


def always() -> bool:
    """For jobs that no lease stands behind."""
    return True


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed delivery, its gate passed and its template rendered, ready to be sent.

    `context` is the snapshot taken at commit; `rendered` the template's output (None where the action has none);
    `attempt` counts from 1; `may_have_applied` is True when an earlier attempt's answer was lost.
    `address_verified` tells whether the identity's e-mail is verified at this moment. A connector asks `is_held` right
    before each request: a process that was asleep meanwhile may have lost the lease, and must not overwrite what
    another has sent since.
    """

    delivery: Delivery
    action: Action
    context: Mapping[str, Any] = field(repr=False)
    rendered: str | None = field(repr=False)
    attempt: int
    may_have_applied: bool
    address_verified: bool
    is_held: Callable[[], bool] = field(default=always, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop claiming for a destination or an action until a person resumes it; its queue is kept.

    With `until_s` it resumes by itself after that many seconds (a daily limit, a data-centre migration).
    """

    scope: Literal["destination", "action"]
    code: str
    reason: str
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived. `external_id` is what the destination calls it.

    `forgets`: the payload is emptied with the same commit, since what is in it must not be read twice (a code).
    """

    external_id: str | None = None
    http_status: int | None = None
    summary: str | None = None
    forgets: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed in a way that may pass: counts as an attempt. `may_have_applied`: the answer was lost after sending."""

    code: str
    reason: str
    retry_after_s: float | None = None
    http_status: int | None = None
    may_have_applied: bool = False
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not a try: the budget is spent, the destination is paused, a lock is held. Comes back after `delay_s`."""

    code: str
    reason: str
    delay_s: float
    pause: Pause | None = None
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Waits for a fact (`waits_for`, e.g. `address_verified`), not for time."""

    waits_for: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Decided not to send; `reason` says why."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Given up: a dead letter with the reason and the step a person can take. `forgets` as in Delivered."""

    code: str
    reason: str
    http_status: int | None = None
    summary: str | None = None
    forgets: bool = False


LAPSED_CODE = "lease_lapsed"
LAPSED_REASON = "The process was held up for longer than its lease; nothing was sent."

Outcome = Delivered | Retry | Snooze | Hold | Skip | Discard


class Connector(Protocol):
    """Speaks to one destination. Made by `connectors.registry` from the destination's settings."""

    @property
    def batch_limit(self) -> int:
        """The most jobs one `send` takes."""
        ...

    async def send(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        """One outcome per delivery id. Jobs of one batch belong to different identities.

        Never raises for what a destination answers; cancellation means that the answer is unknown.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Withdrawer(Protocol):
    """A Connector that can also tell the destination of a consent that was withdrawn."""

    async def send_withdrawals(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        """Like `send`, for jobs that the gate refused; they carry no rendered template. Usually ends in Skip."""
        ...


class Connectors(Protocol):
    """Who speaks to a destination."""

    def find_connector(self, destination: str) -> Connector | None:
        """None when the configuration has no such destination (any more): its queue is kept."""
        ...


class Budget(Protocol):
    """The calls that a destination allows, shared by all workers (rows in the database)."""

    async def take(self, destination: str, calls: int = 1) -> float:
        """0.0 when the call may go out now, else the seconds to wait."""
        ...

    async def learn(self, destination: str, *, limit: int, interval_s: float, remaining: int | None = None) -> None:
        """What the answer's headers said."""
        ...
