"""What is decided before anything is sent: consent at send time, verified addresses, templates, erased people."""

import asyncio
import base64
from dataclasses import replace

import pytest

from delivery_house import CRM, YES, DeliveryHouse
from doorward.actions.model import Action
from doorward.delivery.contract import Hold, Job, Outcome
from doorward.identities.draft import NewConsent
from doorward.outbox.query import list_attempts
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from scripted_connector import TellingConnector, accept

NO = NewConsent("marketing", False, "News?", "1", "en", "flow")


async def test_without_consent_nothing_is_sent_and_the_reason_stays(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org", consents=())
    await house.dispatcher().run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code) == (State.SKIPPED, "no_consent")
    assert house.crm.ledger == []


async def test_a_yes_that_is_taken_back_before_the_send_stops_it(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    await house.change(person.identity.id, email="ada@example.org", news=False)
    await house.dispatcher().run_once()
    assert house.crm.ledger == []
    assert {each.reason_code for each in await house.line(person.identity.id)} == {"withdrawn"}


async def test_a_no_that_is_committed_while_the_batch_waits_for_its_budget_stops_it(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    await house.budget.learn("crm", limit=1, interval_s=10)
    await house.budget.take("crm")

    async def sleep(seconds: float) -> None:
        await house.change(person.identity.id, email="ada@example.org", news=False)
        house.clock.move(seconds=seconds)

    house.sleep = sleep
    await house.dispatcher().run_once()
    assert house.crm.ledger == []
    assert (await house.line(person.identity.id))[0].state is State.SKIPPED


async def test_a_withdrawal_is_told_to_a_connector_that_can_be_told(house: DeliveryHouse) -> None:
    telling = TellingConnector()
    house.targets.connectors["crm"] = telling
    person = await house.sign_up("ada@example.org")
    await house.dispatcher().run_once()
    await house.change(person.identity.id, email="ada@example.org", news=False)
    await house.dispatcher().run_once()
    assert len(telling.ledger) == 1
    assert telling.withdrawals
    newest = (await house.line(person.identity.id))[-1]
    assert (newest.state, newest.reason) == (State.SKIPPED, "The contact was told.")


async def test_held_until_the_address_is_verified(house: DeliveryHouse) -> None:
    house.actions.actions = [replace(CRM, when="verified")]
    person = await house.sign_up("ada@example.org")
    dispatcher = house.dispatcher()
    await dispatcher.run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.held_for) == (State.HELD, "address_verified")
    house.clock.move(hours=1)
    assert await dispatcher.run_once() == 0
    await house.verify(person.identity.id, "ada@example.org")
    await dispatcher.run_once()
    assert {each.state for each in await house.line(person.identity.id)} == {State.DELIVERED}


async def test_an_address_verified_during_the_send_does_not_leave_the_row_held(house: DeliveryHouse) -> None:
    """The event came while the row was leased, so it found nothing to release."""
    person = await house.sign_up("ada@example.org")
    house.crm.gate = asyncio.Event()

    def hold_unless_verified(job: Job) -> Outcome:
        if job.address_verified:
            return accept(job)
        return Hold("address_verified", "address_not_verified", "A contact with this e-mail exists.")

    house.crm.answer = hold_unless_verified
    running = asyncio.create_task(house.dispatcher().run_once())
    await house.crm.arrived.wait()
    await house.verify(person.identity.id, "ada@example.org")
    house.crm.gate.set()
    await running
    assert (await house.line(person.identity.id))[0].state is State.DELIVERED


async def test_the_sweep_releases_a_row_that_no_event_released(house: DeliveryHouse) -> None:
    house.actions.actions = [replace(CRM, when="verified")]
    person = await house.sign_up("ada@example.org")
    await house.dispatcher().run_once()

    async def verify_behind_our_back(tx: Transaction) -> None:
        await tx.execute(
            "UPDATE verifiable_addresses SET verified = :true, verified_at = :now WHERE identity_id = :id",
            {"true": True, "now": house.clock.now(), "id": person.identity.id},
        )

    await house.database.transaction(verify_behind_our_back)
    await house.dispatcher().run_once()
    assert (await house.line(person.identity.id))[0].state is State.DELIVERED


async def test_a_deletion_does_not_wait_behind_a_held_row(house: DeliveryHouse) -> None:
    house.actions.actions = [replace(CRM, when="verified")]
    person = await house.sign_up("ada@example.org")
    await house.dispatcher().run_once()
    await house.delete(person.identity.id)
    await house.dispatcher().run_once()
    assert [(each.event_kind, each.state) for each in await house.line(person.identity.id)] == [
        ("identity.created", State.SKIPPED),
        ("identity.deleted", State.DELIVERED),
    ]


async def test_a_person_whose_key_is_erased_is_not_sent(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")

    async def erase(tx: Transaction) -> bool:
        return await house.keys.erase(tx, person.identity.id)

    assert await house.database.transaction(erase)
    await house.dispatcher().run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code) == (State.SKIPPED, "erased")


async def test_an_action_that_is_gone_keeps_its_queue(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    house.actions.actions = []
    dispatcher = house.dispatcher()
    await dispatcher.run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code, delivery.attempts) == (State.PENDING, "unknown_action", 0)
    house.actions.actions = [CRM]
    house.clock.move(seconds=60)
    await dispatcher.run_once()
    assert (await house.line(person.identity.id))[0].state is State.DELIVERED


def with_template(jsonnet: str) -> Action:
    return replace(CRM, template=f"base64://{base64.b64encode(jsonnet.encode()).decode()}")


@pytest.mark.usefixtures("sandbox")
async def test_the_template_is_rendered_with_the_context_of_the_commit(house: DeliveryHouse) -> None:
    house.actions.actions = [with_template("function(ctx) {name: ctx.identity.traits.name}")]
    person = await house.sign_up("ada@example.org", name="Ada")
    await house.change(person.identity.id, email="ada@example.org", news=True, name="Bea")
    await house.dispatcher().run_once()
    assert [(job.rendered or "").replace(" ", "").replace("\n", "") for job in house.crm.ledger] == [
        '{"name":"Ada"}',
        '{"name":"Bea"}',
    ]
    assert len({each.template_version for each in await house.line(person.identity.id)}) == 1


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("jsonnet", "state", "code"),
    [
        ("function(ctx) error 'cancel: not this one'", State.SKIPPED, "template_cancelled"),
        ("function(ctx) ctx.nothing.here", State.DEAD, "template_error"),
        ("local f(n) = if n < 0 then 0 else f(n - 1) + f(n - 2); function(ctx) f(60)", State.DEAD, "template_cpu"),
    ],
)
async def test_a_template_that_gives_nothing(house: DeliveryHouse, jsonnet: str, state: State, code: str) -> None:
    house.actions.actions = [with_template(jsonnet)]
    person = await house.sign_up("ada@example.org")
    await house.dispatcher().run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code) == (state, code)
    assert house.crm.ledger == []
    assert len(await list_attempts(house.database.reader, delivery.id)) == (1 if state is State.DEAD else 0)


@pytest.mark.usefixtures("sandbox")
async def test_a_template_file_that_is_missing_pauses_the_action(house: DeliveryHouse) -> None:
    house.actions.actions = [replace(CRM, template="file:///nowhere.jsonnet")]
    person = await house.sign_up("ada@example.org", consents=(YES,))
    await house.dispatcher().run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code, delivery.attempts) == (State.PENDING, "template_invalid", 0)
    house.clock.move(hours=1)
    assert await house.dispatcher().run_once() == 0
