"""The states of a delivery and the legal ways between them. Nothing else knows the arrows."""

from collections.abc import Mapping
from enum import StrEnum

from doorward.errors import DoorwardError


class State(StrEnum):
    PENDING = "pending"
    LEASED = "leased"
    RETRYABLE = "retryable"
    HELD = "held"
    DELIVERED = "delivered"
    SKIPPED = "skipped"
    DEAD = "dead"
    CANCELLED = "cancelled"


ARROWS: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.LEASED, State.HELD, State.SKIPPED, State.CANCELLED}),
    State.LEASED: frozenset(
        {State.DELIVERED, State.RETRYABLE, State.PENDING, State.HELD, State.SKIPPED, State.DEAD, State.CANCELLED}
    ),
    State.RETRYABLE: frozenset({State.LEASED, State.PENDING, State.HELD, State.CANCELLED}),
    State.HELD: frozenset({State.PENDING, State.SKIPPED, State.CANCELLED}),
    State.DEAD: frozenset({State.PENDING, State.CANCELLED}),
    State.SKIPPED: frozenset({State.PENDING}),
    State.DELIVERED: frozenset({State.PENDING}),
    State.CANCELLED: frozenset({State.PENDING}),
}
"""Out of an end (delivered, skipped, dead, cancelled) only a replay leads; a dead one can also be discarded."""

OPEN = frozenset({State.PENDING, State.LEASED, State.RETRYABLE, State.HELD})
"""These hold back later deliveries of the same identity to the same destination."""

WAITING = frozenset({State.PENDING, State.LEASED, State.RETRYABLE})
"""What the accounting calls waiting."""

ENDED = frozenset(State) - OPEN


class IllegalTransition(DoorwardError):
    """A delivery cannot go from its state to the one asked for."""


def require(source: State, target: State) -> None:
    """Raises IllegalTransition unless an arrow leads from `source` to `target`."""
    if target not in ARROWS[source]:
        raise IllegalTransition(f"A delivery that is {source} cannot become {target}.", source=source, target=target)
