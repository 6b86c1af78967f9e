"""Leases: a worker that is gone, asleep or slow; and workers that meet."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from delivery_house import DeliveryHouse
from doorward.delivery.rescue import rescue
from doorward.outbox.claim import Lease, claim
from doorward.outbox.model import Delivery
from doorward.outbox.query import list_attempts
from doorward.outbox.states import State
from doorward.storage.contract import Transaction


async def claimed(house: DeliveryHouse, lease_s: float = 60, limit: int = 10) -> list[Delivery]:
    """A claim by a worker that will never come back."""

    async def work(tx: Transaction) -> list[Delivery]:
        now = house.clock.now()
        return await claim(tx, "crm", Lease("gone", uuid4(), now + timedelta(seconds=lease_s)), now, limit)

    return await house.database.transaction(work)


async def test_what_a_dead_worker_had_is_sent_by_another(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    assert len(await claimed(house)) == 1
    dispatcher = house.dispatcher()
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=61)
    assert await dispatcher.run_once() == 1
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.attempts, delivery.may_have_applied) == (State.DELIVERED, 2, True)
    assert [job.may_have_applied for job in house.crm.ledger] == [True]
    outcomes = [each.outcome for each in await list_attempts(house.database.reader, delivery.id)]
    assert outcomes == ["lost", "delivered"]


async def test_a_row_that_kills_every_worker_is_given_up(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    for _ in range(3):
        assert len(await claimed(house)) == 1
        house.clock.move(minutes=10)
        assert await rescue(house.database, house.actions, house.clock) == 1
        house.clock.move(minutes=10)
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code) == (State.DEAD, "retries_exhausted")
    assert await claimed(house) == []


async def test_a_holder_that_slept_through_its_lease_writes_nothing(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    house.crm.gate = gate = asyncio.Event()
    sleeper = asyncio.create_task(house.dispatcher().run_once())
    await house.crm.arrived.wait()
    house.clock.move(seconds=61)
    house.crm.gate = None
    assert await house.dispatcher().run_once() == 1
    before = await house.line(person.identity.id)
    gate.set()
    await sleeper
    assert await house.line(person.identity.id) == before
    assert [each.outcome for each in await list_attempts(house.database.reader, before[0].id)] == ["lost", "delivered"]


async def test_a_holder_that_lost_its_lease_while_it_waited_does_not_send(house: DeliveryHouse) -> None:
    await house.sign_up("ada@example.org")
    await house.budget.learn("crm", limit=1, interval_s=10)
    await house.budget.take("crm")

    async def oversleep(seconds: float) -> None:
        house.clock.move(seconds=seconds + 60)

    house.sleep = oversleep
    await house.dispatcher().run_once()
    assert len(house.crm.ledger) <= 1
    assert all(job.may_have_applied for job in house.crm.ledger)


async def test_workers_that_claim_at_once_never_share_a_row_or_a_person(house: DeliveryHouse) -> None:
    for number in range(12):
        person = await house.sign_up(f"p{number}@example.org")
        await house.change(person.identity.id, email=f"p{number}@example.org", news=True, name="x")
    claims = await asyncio.gather(*(claimed(house, limit=5) for _ in range(6)))
    rows = [row for rows in claims for row in rows]
    assert len({row.id for row in rows}) == len(rows) <= 12
    assert len({row.identity_id for row in rows}) == len(rows)
    assert {row.event_kind for row in rows} == {"identity.created"}


async def test_several_dispatchers_send_each_row_once_and_in_order(house: DeliveryHouse) -> None:
    people = []
    for number in range(15):
        person = (await house.sign_up(f"p{number}@example.org", name="0")).identity.id
        people.append(person)
        for step in range(1, 3):
            await house.change(person, email=f"p{number}@example.org", news=True, name=str(step))
    await asyncio.gather(*(house.dispatcher().run_once() for _ in range(4)))
    await house.dispatcher().run_once()
    assert len(house.crm.sent_ids()) == len(set(house.crm.sent_ids())) == 45
    for person in people:
        names = [
            job.context["identity"]["traits"]["name"] for job in house.crm.ledger if job.delivery.identity_id == person
        ]
        assert names == ["0", "1", "2"]
