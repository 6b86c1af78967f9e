"""What a worker heard before it slept over its lease says nothing about now: no pause, no breaker, no probe."""

import asyncio

import pytest

from delivery_house import DeliveryHouse
from doorward.delivery.breaker import Breaker, BreakerSettings, find_breaker
from doorward.delivery.contract import Job, Outcome, Pause, Retry, Snooze
from doorward.delivery.pauses import list_pauses
from scripted_connector import accept

REVOKED = Snooze("token_revoked", "The key.", 60.0, Pause("destination", "token_revoked", "The key."))
SILENT = Retry("away", "No answer.", http_status=503)
SPENT = Snooze("spent", "The day.", 60.0, Pause("action", "spent", "The day.", until_s=3600))


@pytest.mark.parametrize("stale", [REVOKED, SILENT, SPENT])
async def test_a_stale_answer_stops_nobody(house: DeliveryHouse, stale: Outcome) -> None:
    person = await house.sign_up("ada@example.org")
    house.crm.gate = gate = asyncio.Event()
    settings = BreakerSettings(threshold=1)
    sleeper = asyncio.create_task(house.dispatcher(breaker=settings).run_once())
    await house.crm.arrived.wait()
    house.clock.move(seconds=61)
    house.crm.gate = None
    assert await house.dispatcher(breaker=settings).run_once() == 1
    before = await house.line(person.identity.id)
    house.crm.answer = lambda job: stale
    gate.set()
    await sleeper
    assert await house.line(person.identity.id) == before
    assert await list_pauses(house.database.reader, house.clock.now()) == []
    assert await find_breaker(house.database.reader, "crm") == Breaker()


async def test_a_stale_success_closes_no_breaker(house: DeliveryHouse) -> None:
    await house.sign_up("ada@example.org")
    house.crm.gate = gate = asyncio.Event()
    settings = BreakerSettings(threshold=1)
    sleeper = asyncio.create_task(house.dispatcher(breaker=settings).run_once())
    await house.crm.arrived.wait()
    house.clock.move(seconds=61)
    house.crm.gate = None

    def fail(job: Job) -> Outcome:
        return SILENT

    house.crm.answer = fail
    await house.dispatcher(breaker=settings).run_once()
    before = await find_breaker(house.database.reader, "crm")
    assert before.open_until is not None
    house.crm.answer = accept
    gate.set()
    await sleeper
    assert await find_breaker(house.database.reader, "crm") == before
