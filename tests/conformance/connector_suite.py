"""What every connector must keep, whatever it speaks to: call `check_connector` from the connector's own test.

The engine relies on nothing else. A connector that passes can be added without touching it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from doorward.delivery.contract import (
    Connector,
    Delivered,
    Discard,
    Hold,
    Job,
    Outcome,
    Retry,
    Skip,
    Snooze,
    Withdrawer,
)

KINDS = (Delivered, Retry, Snooze, Hold, Skip, Discard)


async def check_connector(connector: Connector, jobs: Sequence[Job], secrets: Sequence[str] = ()) -> None:
    """Sends `jobs` (at least two, of different people) to a target that answers, and again one by one.

    `secrets` are texts (tokens, addresses) that no outcome may contain.
    """
    assert len({job.delivery.identity_id for job in jobs}) == len(jobs) >= 2
    assert connector.batch_limit >= 1
    assert await connector.send([]) == {}
    size = connector.batch_limit
    for start in range(0, len(jobs), size):
        batch = jobs[start : start + size]
        _check(batch, await connector.send(batch), secrets)
    again = [_again(job) for job in jobs]
    for job in again:
        _check([job], await connector.send([job]), secrets)
    if isinstance(connector, Withdrawer):
        withdrawn = [replace(job, rendered=None, context={}) for job in jobs[:size]]
        outcomes = await connector.send_withdrawals(withdrawn)
        _check(withdrawn, outcomes, secrets)
        assert not any(isinstance(each, Delivered | Hold) for each in outcomes.values())


async def check_troubled(connector: Connector, jobs: Sequence[Job], secrets: Sequence[str] = ()) -> None:
    """The same connector with a target that is away or answers nonsense: outcomes, never an exception."""
    batch = jobs[: connector.batch_limit]
    outcomes = await connector.send(batch)
    _check(batch, outcomes, secrets)
    assert not any(isinstance(each, Delivered) for each in outcomes.values()), "nothing arrived, and it says so"


async def check_lapsed(connector: Connector, jobs: Sequence[Job], requests: Callable[[], int]) -> None:
    """A process that wakes after the end of its lease sends nothing; `requests` counts what reached the target."""
    lapsed = [replace(job, is_held=lambda: False) for job in jobs[: connector.batch_limit]]
    before = requests()
    outcomes = await connector.send(lapsed)
    _check(lapsed, outcomes, ())
    assert {type(outcome) for outcome in outcomes.values()} == {Retry}
    if isinstance(connector, Withdrawer):
        _check(lapsed, await connector.send_withdrawals(lapsed), ())
    assert requests() == before


def _check(jobs: Sequence[Job], outcomes: Mapping[UUID, Outcome], secrets: Sequence[str]) -> None:
    """Complete, of the known kinds, readable by a person, without secrets."""
    assert set(outcomes) == {job.delivery.id for job in jobs}
    for outcome in outcomes.values():
        assert isinstance(outcome, KINDS)
        if not isinstance(outcome, Delivered):
            assert outcome.code
            assert outcome.code == outcome.code.lower()
            assert len(outcome.reason.split()) > 1, "a reason is a sentence"
        if isinstance(outcome, Snooze):
            assert outcome.delay_s >= 0
        told = repr(outcome)
        assert not [secret for secret in secrets if secret in told]


def _again(job: Job) -> Job:
    """The same event after a crash: another row of the same person, whose earlier answer was lost."""
    return replace(job, delivery=replace(job.delivery, id=uuid4(), attempts=1), attempt=2, may_have_applied=True)
