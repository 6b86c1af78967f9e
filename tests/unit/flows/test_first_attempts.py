"""Plain web_hooks take turns; one that fails makes the answer an error and holds nobody back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from doorward.flows.errors import WebHookBroken, WebHookFailed, WebHookTimedOut
from doorward.flows.first_attempts import await_first_attempts
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Ui
from doorward.outbox.settled import Settlement
from doorward.outbox.states import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND, THIRD = uuid4(), uuid4(), uuid4()
GOOD = Settlement(State.DELIVERED)


class Queue:
    """Tells what it is asked, in order."""

    def __init__(self, **settled: Settlement) -> None:
        self.settled = {FIRST: GOOD, SECOND: GOOD, THIRD: GOOD, **{UUID(k): v for k, v in settled.items()}}
        self.log: list[tuple[str, tuple[UUID, ...]]] = []

    async def wait(self, delivery_ids: Sequence[UUID], cap_s: float) -> Mapping[UUID, Settlement]:
        self.log.append(("wait", tuple(delivery_ids)))
        return {each: self.settled[each] for each in delivery_ids}

    async def release(self, delivery_ids: Sequence[UUID]) -> None:
        self.log.append(("release", tuple(delivery_ids)))


def flow() -> Flow:
    return Flow(
        id=uuid4(),
        kind=FlowKind.REGISTRATION,
        type=FlowType.BROWSER,
        state=FlowState.CHOOSE_METHOD,
        request_url="https://a.example/",
        ui=Ui("https://a.example/"),
        csrf_token="",
        issued_at=NOW,
        expires_at=NOW,
    )


async def test_each_is_released_when_the_one_before_is_through() -> None:
    queue = Queue()
    await await_first_attempts(queue, (FIRST, SECOND), flow())
    assert queue.log == [("wait", (FIRST,)), ("release", (SECOND,)), ("wait", (SECOND,))]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("http_404", WebHookFailed),
        ("http_501", WebHookFailed),
        ("timeout", WebHookTimedOut),
        ("http_503", WebHookBroken),
    ],
)
async def test_a_failure_is_told_and_those_behind_are_sent_all_the_same(code: str, error: type[Exception]) -> None:
    queue = Queue(**{str(FIRST): Settlement(State.DEAD, "no", code)})
    with pytest.raises(error):
        await await_first_attempts(queue, (FIRST, SECOND, THIRD), flow())
    assert queue.log == [("wait", (FIRST,)), ("release", (SECOND, THIRD))]


async def test_nobody_is_waited_for() -> None:
    queue = Queue()
    await await_first_attempts(queue, (), flow())
    assert queue.log == []
