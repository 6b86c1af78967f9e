"""From a committed sign-up to a settled delivery, on both databases."""

from delivery_house import DeliveryHouse
from doorward.delivery.contract import Delivered, Discard, Retry
from doorward.outbox.query import list_attempts
from doorward.outbox.states import State


async def test_a_sign_up_arrives(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org", name="Ada")
    assert await house.dispatcher().run_once() == 1
    (delivery,) = await house.line(person.identity.id)
    assert delivery.state is State.DELIVERED
    assert delivery.external_id == f"x-{person.identity.id}"
    assert delivery.attempts == 1
    assert [job.context["identity"]["traits"]["name"] for job in house.crm.ledger] == ["Ada"]
    (attempt,) = await list_attempts(house.database.reader, delivery.id)
    assert (attempt.number, attempt.outcome, attempt.http_status) == (1, "delivered", 200)
    assert await house.dispatcher().run_once() == 0


async def test_many_people_go_out_in_full_batches(house: DeliveryHouse) -> None:
    for number in range(25):
        await house.sign_up(f"p{number}@example.org")
    assert await house.dispatcher().run_once() == 25
    assert sorted(house.crm.batches) == [5, 10, 10]
    assert len(set(house.crm.sent_ids())) == 25


async def test_a_failure_is_tried_again_later_and_the_last_one_ends_it(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    house.crm.answer = lambda job: Retry("http_503", "It is away.", http_status=503)
    dispatcher = house.dispatcher()
    await dispatcher.run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.attempts, delivery.reason_code) == (State.RETRYABLE, 1, "http_503")
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=10)
    assert await dispatcher.run_once() == 1
    house.clock.move(seconds=60)
    assert await dispatcher.run_once() == 1
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.attempts, delivery.reason_code) == (State.DEAD, 3, "retries_exhausted")
    assert delivery.reason is not None
    assert "It is away." in delivery.reason
    assert len(await list_attempts(house.database.reader, delivery.id)) == 3


async def test_one_bad_row_of_a_batch_does_not_harm_the_others(house: DeliveryHouse) -> None:
    people = [await house.sign_up(f"p{number}@example.org", name=str(number)) for number in range(3)]
    bad = people[1].identity.id
    house.crm.answer = lambda job: (
        Discard("bad_value", "No.") if job.delivery.identity_id == bad else Delivered("7", http_status=200)
    )
    await house.dispatcher().run_once()
    states = [(await house.line(each.identity.id))[0].state for each in people]
    assert states == [State.DELIVERED, State.DEAD, State.DELIVERED]


async def test_changes_of_one_person_arrive_one_after_another(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org", name="0")
    for number in range(1, 4):
        await house.change(person.identity.id, email="ada@example.org", news=True, name=str(number))
    await house.dispatcher().run_once()
    assert [job.context["identity"]["traits"]["name"] for job in house.crm.ledger] == ["0", "1", "2", "3"]
    assert house.crm.batches == [1, 1, 1, 1]
