"""What a person is told when a plain web_hook behind their change has failed: by the kind of failure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from doorward.flows.errors import WebHookBroken, WebHookFailed, WebHookTimedOut
from doorward.flows.first_attempts import await_first_attempts
from doorward.flows.model import FlowKind, FlowType
from doorward.identities.events import Recorded
from doorward.outbox.settled import Settlement
from doorward.outbox.states import State
from fresh_flow import fresh_flow

ONE, TWO = UUID(int=1), UUID(int=2)


@dataclass(frozen=True, slots=True)
class Settled:
    """Everything is decided already."""

    found: Mapping[UUID, Settlement]
    released: list[UUID] = field(default_factory=list)

    async def wait(self, delivery_ids: Sequence[UUID], cap_s: float) -> Mapping[UUID, Settlement]:
        return {each: self.found[each] for each in delivery_ids if each in self.found}

    async def release(self, delivery_ids: Sequence[UUID]) -> None:
        self.released.extend(delivery_ids)


def awaiting(*deliveries: UUID, behind: tuple[UUID, ...] = ()) -> Recorded:
    return Recorded(UUID(int=9), (*deliveries, *behind), deliveries, (*deliveries, *behind))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("http_400", WebHookFailed),
        ("http_501", WebHookFailed),
        ("unauthorised", WebHookFailed),
        ("http_429", WebHookBroken),
        ("http_503", WebHookBroken),
        ("egress_refused", WebHookBroken),
        ("timeout", WebHookTimedOut),
        (None, WebHookBroken),
    ],
)
async def test_the_kind_of_failure_counts(code: str | None, error: type[WebHookFailed]) -> None:
    waiter = Settled({ONE: Settlement(State.DELIVERED), TWO: Settlement(State.DEAD, "It failed.", code)})
    with pytest.raises(WebHookFailed) as caught:
        await await_first_attempts(waiter, awaiting(ONE, TWO), fresh_flow())
    assert type(caught.value) is error


async def test_those_behind_one_that_failed_have_their_turn_all_the_same() -> None:
    waiter = Settled({ONE: Settlement(State.DEAD, "It failed.", "http_400"), TWO: Settlement(State.DELIVERED)})
    with pytest.raises(WebHookFailed):
        await await_first_attempts(waiter, awaiting(ONE, TWO), fresh_flow())
    assert waiter.released == [TWO]


async def test_what_nobody_waits_for_has_its_turn_too() -> None:
    waiter = Settled({ONE: Settlement(State.DELIVERED)})
    await await_first_attempts(waiter, awaiting(ONE, behind=(TWO,)), fresh_flow())
    assert waiter.released == [TWO]


async def test_what_is_not_decided_has_not_succeeded() -> None:
    with pytest.raises(WebHookBroken):
        await await_first_attempts(Settled({}), awaiting(ONE), fresh_flow())


@pytest.mark.parametrize("state", [State.DELIVERED, State.SKIPPED])
async def test_success_says_nothing(state: State) -> None:
    waiter = Settled({ONE: Settlement(state)})
    await await_first_attempts(waiter, awaiting(ONE), fresh_flow())


@pytest.mark.parametrize(
    ("kind", "type_", "is_native"),
    [
        (FlowKind.REGISTRATION, FlowType.API, True),
        (FlowKind.REGISTRATION, FlowType.BROWSER, False),
        (FlowKind.LOGIN, FlowType.BROWSER, False),
        (FlowKind.SETTINGS, FlowType.BROWSER, True),
        (FlowKind.RECOVERY, FlowType.BROWSER, True),
        (FlowKind.VERIFICATION, FlowType.BROWSER, True),
    ],
)
async def test_which_clients_are_told_400(kind: FlowKind, type_: FlowType, is_native: bool) -> None:
    waiter = Settled({ONE: Settlement(State.RETRYABLE, None, "http_500")})
    with pytest.raises(WebHookBroken) as caught:
        await await_first_attempts(waiter, awaiting(ONE), replace(fresh_flow(kind), type=type_))
    assert caught.value.is_native is is_native
