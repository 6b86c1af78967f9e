"""Sends that end at the same moment are settled together, and each is looked at before it goes, as if it were alone."""

import asyncio
from uuid import UUID, uuid4

import pytest

from delivery_house import DeliveryHouse
from doorward.clock import MovableClock
from doorward.delivery.contract import Delivered, Job, Outcome, Retry
from doorward.outbox.query import list_attempts
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from scripted_connector import ScriptedConnector

PEOPLE = 20


def one_by_one(house: DeliveryHouse, answer: ScriptedConnector | None = None) -> ScriptedConnector:
    """A target like a web_hook's: one row a send."""
    target = answer or ScriptedConnector(batch_limit=1)
    house.targets.connectors["crm"] = target
    return target


async def signed_up(house: DeliveryHouse, email: str) -> UUID:
    """The id of the person's delivery."""
    person = await house.sign_up(email)
    (delivery,) = await house.line(person.identity.id)
    return delivery.id


async def arrived(target: ScriptedConnector, count: int) -> None:
    async with asyncio.timeout(30):
        while len(target.ledger) < count:
            target.arrived.clear()
            await target.arrived.wait()


@pytest.mark.postgres
async def test_many_sends_cost_few_commits(postgres_dsn: str, clock: MovableClock) -> None:
    """PostgreSQL tells which transaction wrote a row."""
    database = open_database(postgres_dsn, clock)
    await database.start()
    await migrate(database, clock)
    house = DeliveryHouse(database, clock)
    target = one_by_one(house)
    target.gate = asyncio.Event()
    for number in range(PEOPLE):
        await house.sign_up(f"p{number}@example.org")
    running = asyncio.create_task(house.dispatcher(concurrency=PEOPLE).run_once())
    await arrived(target, PEOPLE)
    target.gate.set()
    await running
    told = await house.database.reader.fetch_one(
        "SELECT COUNT(*) AS delivered, COUNT(DISTINCT CAST(xmin AS text)) AS commits FROM deliveries "
        "WHERE state = 'delivered'"
    )
    assert told is not None
    assert told["delivered"] == PEOPLE
    assert told["commits"] <= PEOPLE / 4
    await database.close()


async def test_of_several_that_end_together_only_the_holders_write(house: DeliveryHouse) -> None:
    """The lease of one was lost while all were under way."""
    target = one_by_one(house)
    target.gate = asyncio.Event()
    lost, *kept = [await signed_up(house, f"p{number}@example.org") for number in range(4)]
    running = asyncio.create_task(house.dispatcher().run_once())
    await arrived(target, 4)

    async def rob(tx: Transaction) -> None:
        await tx.execute("UPDATE deliveries SET lease_token = :token WHERE id = :id", {"token": uuid4(), "id": lost})

    await house.database.transaction(rob)
    target.gate.set()
    await running
    assert [(await house.get(each)).state for each in kept] == [State.DELIVERED] * 3
    row = await house.get(lost)
    assert (row.state, row.attempts) == (State.LEASED, 0)
    assert await list_attempts(house.database.reader, lost) == []


async def test_each_failed_send_counts_for_the_breaker_though_they_are_settled_together(house: DeliveryHouse) -> None:
    def refuse(job: Job) -> Outcome:
        return Retry("http_503", "The target answered 503.", http_status=503)

    target = one_by_one(house, ScriptedConnector(batch_limit=1, answer=refuse))
    for number in range(PEOPLE):
        await house.sign_up(f"p{number}@example.org")
    await house.dispatcher(concurrency=PEOPLE).run_once()
    row = await house.database.reader.fetch_one(
        "SELECT breaker_failures, breaker_open_until FROM destinations WHERE name = 'crm'"
    )
    assert row is not None
    assert row["breaker_failures"] == house.settings.breaker.threshold
    assert row["breaker_open_until"] is not None
    assert len(target.ledger) <= PEOPLE


async def test_what_cannot_be_stored_harms_only_its_own_row(house: DeliveryHouse) -> None:
    """Neither engine takes such a number; one that a connector made of an answer must not undo its neighbours' ends."""

    def answer(job: Job) -> Outcome:
        is_odd = job.context["identity"]["traits"]["email"].startswith("odd")
        return Delivered(http_status=1 << 70 if is_odd else 200)

    one_by_one(house, ScriptedConnector(batch_limit=1, answer=answer))
    odd = await signed_up(house, "odd@example.org")
    good = [await signed_up(house, f"p{number}@example.org") for number in range(5)]
    await house.dispatcher().run_once()
    assert [(await house.get(each)).state for each in good] == [State.DELIVERED] * 5
    assert (await house.get(odd)).state is State.LEASED


async def test_words_that_cannot_be_stored_are_made_storable(house: DeliveryHouse) -> None:
    """PostgreSQL refuses NUL and lone surrogates; a target that answers with them would never be done with."""

    def answer(_job: Job) -> Outcome:
        return Delivered(summary="a\0b\ud800c\u00e9", external_id="x\0")

    house.crm.answer = answer
    odd = await signed_up(house, "odd@example.org")
    await house.dispatcher().run_once()
    found = await house.get(odd)
    assert (found.state, found.external_id) == (State.DELIVERED, "x\ufffd")
    (attempt,) = await list_attempts(house.database.reader, odd)
    assert attempt.summary == "a\ufffdb\ufffdc\u00e9"
