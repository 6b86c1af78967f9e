"""Several dispatchers on one database: an outage that one of them sees is everybody's, and so are pause and probe."""

import asyncio
from uuid import UUID

import pytest

from delivery_house import DeliveryHouse
from doorward.delivery.contract import Job, Outcome, Pause, Retry, Snooze
from doorward.delivery.pauses import resume
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from scripted_connector import ScriptedConnector, accept

DISPATCHERS = 3
PEOPLE = 30


def away(job: Job) -> Outcome:
    return Retry("http_503", "The target answered 503.", http_status=503)


def no_token(job: Job) -> Outcome:
    return Snooze("unauthorised", "The token is refused.", 0.0, Pause("destination", "unauthorised", "Refused."))


@pytest.fixture
def target(house: DeliveryHouse) -> ScriptedConnector:
    """One row a send."""
    target = ScriptedConnector(batch_limit=1)
    house.targets.connectors["crm"] = target
    return target


@pytest.fixture
async def people(house: DeliveryHouse) -> list[UUID]:
    return [(await house.sign_up(f"p{number}@example.org")).identity.id for number in range(PEOPLE)]


async def all_run(house: DeliveryHouse) -> int:
    """Every dispatcher does what is due, at the same time; the number of rows that were claimed."""
    return sum(await asyncio.gather(*(house.dispatcher(concurrency=2).run_once() for _ in range(DISPATCHERS))))


async def states(house: DeliveryHouse, people: list[UUID]) -> list[State]:
    return [(await house.line(each))[0].state for each in people]


async def test_an_outage_that_all_saw_together_is_waited_for_by_all(
    house: DeliveryHouse, target: ScriptedConnector, people: list[UUID]
) -> None:
    target.answer = away
    await all_run(house)
    threshold = house.settings.breaker.threshold
    # As many as it takes, and at most those that were in flight at each dispatcher when it opened.
    assert threshold <= len(target.ledger) <= threshold + 2 * DISPATCHERS
    before = len(target.ledger)
    assert await all_run(house) == 0
    assert len(target.ledger) == before


async def test_after_an_outage_one_of_all_probes(
    house: DeliveryHouse, target: ScriptedConnector, people: list[UUID]
) -> None:
    target.answer = away
    await all_run(house)
    before = len(target.ledger)
    house.clock.move(minutes=5)
    # Three probes that fail, one after the other, whoever makes them; each makes the others wait longer.
    for number in range(1, 4):
        assert await all_run(house) == 1
        assert len(target.ledger) == before + number
        house.clock.move(minutes=5)
    target.answer, target.gate = accept, asyncio.Event()
    running = asyncio.create_task(all_run(house))
    await asyncio.wait_for(_arrived(target, before + 4), 30)
    # While the probe is under way nobody else begins.
    assert await house.dispatcher().run_once() == 0
    assert len(target.ledger) == before + 4
    target.gate.set()
    await running
    await all_run(house)
    assert await states(house, people) == [State.DELIVERED] * PEOPLE


async def test_a_pause_that_one_caused_holds_for_all_until_it_ends(
    house: DeliveryHouse, target: ScriptedConnector, people: list[UUID]
) -> None:
    target.answer = no_token
    await all_run(house)
    before = len(target.ledger)
    assert before <= 2 * DISPATCHERS
    assert await all_run(house) == 0
    assert await states(house, people) == [State.PENDING] * PEOPLE

    async def work(tx: Transaction) -> bool:
        return await resume(tx, "destination", "crm", house.clock.now())

    target.answer = accept
    assert await house.database.transaction(work)
    await all_run(house)
    assert await states(house, people) == [State.DELIVERED] * PEOPLE
    assert len({job.delivery.id for job in target.ledger[before:]}) == len(target.ledger) - before == PEOPLE


async def _arrived(target: ScriptedConnector, count: int) -> None:
    while len(target.ledger) < count:
        target.arrived.clear()
        await target.arrived.wait()
