"""Leases shorter than a slow send: the heartbeat keeps them; where it cannot, the loser does not write."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from delivery_house import DeliveryHouse, Targets
from doorward.delivery.contract import Delivered, Job, Outcome
from doorward.outbox.claim import renew
from doorward.outbox.query import list_attempts
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from scripted_connector import ScriptedConnector

SHORT_S = 1.5
"""A little more than the margin that the last look asks for."""


class Patient(ScriptedConnector):
    """Answers once the lease that its rows were claimed with has been renewed so often."""

    def __init__(self, house: DeliveryHouse, renewals: int) -> None:
        super().__init__()
        self._house = house
        self._renewals = renewals

    async def send(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        self.ledger += jobs
        row = jobs[0].delivery
        for _ in range(self._renewals):
            held = (await self._house.get(row.id)).lease_until
            # Time goes on only as the heartbeat does, so that a busy machine cannot make it come too late.
            self._house.clock.move(seconds=SHORT_S / 3)
            for _ in range(10_000):
                if (await self._house.get(row.id)).lease_until != held:
                    break
                await asyncio.sleep(SHORT_S / 30)
        return {job.delivery.id: Delivered("x") for job in jobs}


async def test_a_send_that_outlasts_its_lease_is_written_once(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    slow = Patient(house, renewals=5)
    house.targets = Targets(crm=slow)
    began = house.clock.now()
    await house.dispatcher(lease_s=SHORT_S).run_once()
    (row,) = await house.line(person.identity.id)
    assert house.clock.now() - began > timedelta(seconds=SHORT_S)
    assert (row.state, row.attempts, len(slow.ledger)) == (State.DELIVERED, 1, 1)


async def test_who_could_not_renew_loses_and_does_not_write(house: DeliveryHouse) -> None:
    """The heartbeat finds its lease run out (the clock went on without it): the other's outcome stands."""
    person = await house.sign_up("ada@example.org")
    house.crm.gate = gate = asyncio.Event()
    slow = asyncio.create_task(house.dispatcher().run_once())
    await house.crm.arrived.wait()
    house.clock.move(seconds=61)
    house.crm.gate = None
    house.crm.answer = lambda job: Delivered("the other's")
    assert await house.dispatcher().run_once() == 1
    house.crm.answer = lambda job: Delivered("the loser's")
    gate.set()
    await slow
    (row,) = await house.line(person.identity.id)
    assert (row.state, row.external_id) == (State.DELIVERED, "the other's")
    assert [each.outcome for each in await list_attempts(house.database.reader, row.id)] == ["lost", "delivered"]


async def test_the_heartbeat_never_takes_back_a_lease_that_ran_out(house: DeliveryHouse) -> None:
    await house.sign_up("ada@example.org")
    house.crm.gate = asyncio.Event()
    slow = asyncio.create_task(house.dispatcher().run_once())
    await house.crm.arrived.wait()
    token = house.crm.ledger[0].delivery.lease_token
    assert token is not None

    async def beat(tx: Transaction) -> int:
        return await renew(tx, token, house.clock.now() + timedelta(seconds=60), house.clock.now())

    house.clock.move(seconds=59)
    assert await house.database.transaction(beat) == 1
    house.clock.move(seconds=60)
    assert await house.database.transaction(beat) == 0
    house.crm.gate.set()
    await slow
