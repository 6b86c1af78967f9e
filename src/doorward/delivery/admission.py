"""May this be sent, now? Asked when a row is prepared and again right before it is sent: no request begins after a
committed no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from doorward.actions.consent import DELETED, Decision, Refused
from doorward.actions.model import Action
from doorward.delivery.contract import Hold, Outcome, Skip, Snooze
from doorward.delivery.settle import ADDRESS_VERIFIED
from doorward.identities.query import Person
from doorward.outbox.model import Delivery
from doorward.storage.contract import Reader

WITHDRAWALS = frozenset({"withdrawn", "trait_not_true"})
UNKNOWN_ACTION_WAIT_S = 60.0


class Gate(Protocol):
    """`actions.consent.ConsentGate`."""

    async def decide_many(
        self, reader: Reader, asked: Mapping[UUID, tuple[Action, str, UUID]]
    ) -> tuple[dict[UUID, Decision], dict[UUID, Person]]: ...


class Actions(Protocol):
    """The configured actions by the name that rows carry."""

    def find_action(self, name: str) -> Action | None: ...

    def list_actions(self) -> Sequence[Action]: ...


@dataclass(frozen=True, slots=True)
class Admitted:
    """It may go."""

    action: Action
    address_verified: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """It may not go; `was_withdrawn`: because of a yes that was taken back, of which the destination may be told."""

    action: Action | None
    outcome: Outcome
    was_withdrawn: bool = False
    address_verified: bool = False


class Admission:
    """Reads consent, identity and address of this moment for many deliveries at once."""

    def __init__(self, actions: Actions, gate: Gate) -> None:
        self._actions = actions
        self._gate = gate

    async def admit(self, reader: Reader, deliveries: Sequence[Delivery]) -> dict[UUID, Admitted | Refusal]:
        """By delivery id; complete."""
        known = {each.id: action for each in deliveries if (action := self._actions.find_action(each.action))}
        asked = {
            each.id: (known[each.id], each.event_kind, each.identity_id) for each in deliveries if each.id in known
        }
        decisions, people = await self._gate.decide_many(reader, asked) if asked else ({}, {})
        return {
            each.id: _judge(each, known[each.id], decisions[each.id], people.get(each.identity_id))
            if each.id in known
            else _unknown(each)
            for each in deliveries
        }


def _judge(delivery: Delivery, action: Action, decision: Decision, person: Person | None) -> Admitted | Refusal:
    is_verified = person is not None and person.address_verified
    if isinstance(decision, Refused):
        skip = Skip(decision.code, decision.reason)
        return Refusal(action, skip, decision.code in WITHDRAWALS, is_verified)
    if action.when != "verified" or is_verified or delivery.event_kind == DELETED:
        return Admitted(action, is_verified)
    if person is None:
        return Refusal(action, Skip("identity_gone", "The identity was deleted before its address was verified."))
    reason = "The person has not verified the e-mail address yet; this action sends only those who have."
    return Refusal(action, Hold(ADDRESS_VERIFIED, "address_not_verified", reason))


def _unknown(delivery: Delivery) -> Refusal:
    """Another process may run on a newer configuration, so this is no reason to give up."""
    reason = (
        f"The configuration has no action {delivery.action!r} (any more). It waits: put the action back, "
        "or discard the delivery."
    )
    return Refusal(None, Snooze("unknown_action", reason, UNKNOWN_ACTION_WAIT_S))
