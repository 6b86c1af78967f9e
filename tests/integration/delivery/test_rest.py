"""What makes a destination or an action rest, and what ends the rest: pauses, breaker, budget."""

from dataclasses import replace
from datetime import timedelta

from delivery_house import CRM, RETRY, DeliveryHouse
from doorward.actions.model import RetryPolicy
from doorward.delivery.breaker import BreakerSettings, record_failure
from doorward.delivery.budget import SharedBudget
from doorward.delivery.contract import Discard, Job, Outcome, Pause, Retry, Snooze
from doorward.delivery.pauses import find_pause, list_pauses, pause, resume
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from scripted_connector import ScriptedConnector, accept


def refuse_token(job: Job) -> Outcome:
    return Snooze("unauthorised", "The token is refused.", 30.0, Pause("destination", "unauthorised", "Connect again."))


async def resumed(house: DeliveryHouse, scope: str, name: str) -> bool:
    async def work(tx: Transaction) -> bool:
        return await resume(tx, "action" if scope == "action" else "destination", name, house.clock.now())

    return await house.database.transaction(work)


async def test_a_refused_token_pauses_the_destination_and_keeps_the_queue(house: DeliveryHouse) -> None:
    people = [await house.sign_up(f"p{number}@example.org") for number in range(15)]
    house.crm.answer = refuse_token
    dispatcher = house.dispatcher(concurrency=1)
    await dispatcher.run_once()
    sent = len(house.crm.ledger)
    found = await find_pause(house.database.reader, "destination", "crm", house.clock.now())
    assert found is not None
    assert (found.code, found.reason, found.until) == ("unauthorised", "Connect again.", None)
    house.clock.move(days=3)
    await dispatcher.run_once()
    assert len(house.crm.ledger) == sent
    rows = [(await house.line(each.identity.id))[0] for each in people]
    assert {(each.state, each.attempts) for each in rows} == {(State.PENDING, 0)}
    house.crm.answer = accept
    assert await resumed(house, "destination", "crm")
    assert await dispatcher.run_once() == 15


async def test_an_action_pauses_alone(house: DeliveryHouse) -> None:
    other = replace(CRM, name="other", path="actions[1]")
    house.actions.actions = [CRM, other]
    blame = Pause("action", "property_missing", "Make the property.")
    house.crm.answer = lambda job: (
        Snooze("property_missing", "No such property.", 30.0, blame) if job.action.name == "crm" else accept(job)
    )
    await house.sign_up("ada@example.org")
    bob = await house.sign_up("bob@example.org")
    await house.dispatcher().run_once()
    assert [(each.scope, each.name) for each in await list_pauses(house.database.reader, house.clock.now())] == [
        ("action", "crm")
    ]
    house.clock.move(hours=1)
    await house.dispatcher().run_once()
    # The paused action's row stands first in the person's line, so what is behind it waits.
    assert [each.state for each in await house.line(bob.identity.id)] == [State.PENDING, State.PENDING]
    house.crm.answer = accept
    await resumed(house, "action", "crm")
    await house.dispatcher().run_once()
    assert [each.state for each in await house.line(bob.identity.id)] == [State.DELIVERED, State.DELIVERED]


async def test_a_pause_for_a_time_ends_by_itself_and_does_not_shorten_one_without_end(house: DeliveryHouse) -> None:
    await house.sign_up("ada@example.org")

    async def work(tx: Transaction) -> None:
        await pause(tx, "destination", "crm", "daily", "The day is spent.", house.clock.now(), until_s=3600)

    await house.database.transaction(work)
    assert await house.dispatcher().run_once() == 0
    house.clock.move(seconds=3601)
    assert await house.dispatcher().run_once() == 1

    async def both(tx: Transaction) -> None:
        await pause(tx, "destination", "crm", "unauthorised", "Connect again.", house.clock.now())
        await pause(tx, "destination", "crm", "daily", "The day is spent.", house.clock.now(), until_s=1)

    await house.database.transaction(both)
    house.clock.move(hours=1)
    found = await find_pause(house.database.reader, "destination", "crm", house.clock.now())
    assert found is not None
    assert found.code == "unauthorised"
    assert not await resumed(house, "destination", "elsewhere")


async def test_an_outage_opens_the_breaker_and_burns_no_attempts(house: DeliveryHouse) -> None:
    long = RetryPolicy(tuple(timedelta(minutes=30) for _ in range(9)), jitter=0.0)
    house.actions.actions = [replace(CRM, retry=long)]
    house.crm = ScriptedConnector(batch_limit=1, answer=lambda job: Retry("http_503", "Away.", http_status=503))
    house.targets.connectors["crm"] = house.crm
    people = [await house.sign_up(f"p{number}@example.org") for number in range(30)]
    dispatcher = house.dispatcher(concurrency=1)
    await dispatcher.run_once()
    assert len(house.crm.ledger) == 10
    house.clock.move(seconds=4)
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=2)
    assert await dispatcher.run_once() == 1
    # The probe failed: the next one comes after twice the time.
    house.clock.move(seconds=6)
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=6)
    house.crm.answer = accept
    await dispatcher.run_once()
    states = [(await house.line(each.identity.id))[0] for each in people]
    assert sum(each.state is State.DELIVERED for each in states) == 19
    assert max(each.attempts for each in states) == 1


async def test_after_an_outage_one_row_goes_first(house: DeliveryHouse) -> None:
    for number in range(15):
        await house.sign_up(f"p{number}@example.org")

    async def fail(tx: Transaction) -> float:
        return await record_failure(tx, "crm", house.clock.now(), BreakerSettings())

    assert [await house.database.transaction(fail) for _ in range(10)][-2:] == [0.0, 5.0]
    assert await house.dispatcher().run_once() == 0
    house.clock.move(seconds=6)
    assert await house.dispatcher().run_once() == 15
    assert (house.crm.batches[0], sorted(house.crm.batches[1:])) == (1, [4, 10])


async def test_one_row_that_always_fails_does_not_keep_the_breaker_open(house: DeliveryHouse) -> None:
    house.crm = ScriptedConnector(batch_limit=1)
    house.targets.connectors["crm"] = house.crm
    bad = (await house.sign_up("bad@example.org")).identity.id
    house.crm.answer = lambda job: (
        Retry("http_500", "Broken.", http_status=500) if job.delivery.identity_id == bad else accept(job)
    )
    for number in range(20):
        await house.sign_up(f"p{number}@example.org")
        await house.dispatcher().run_once()
        house.clock.move(seconds=61)
    assert (await house.line(bad))[0].state is State.DEAD
    assert len({job.delivery.identity_id for job in house.crm.ledger}) == 21


async def test_a_refusal_is_an_answer_and_closes_the_breaker(house: DeliveryHouse) -> None:
    house.crm = ScriptedConnector(batch_limit=1)
    house.targets.connectors["crm"] = house.crm
    house.crm.answer = lambda job: Discard("bad_value", "No.", 400)
    for number in range(30):
        await house.sign_up(f"p{number}@example.org")
    assert await house.dispatcher().run_once() == 30


class WitnessedBudget(SharedBudget):
    """The budget, which remembers when it said yes."""

    def __init__(self, house: DeliveryHouse) -> None:
        super().__init__(house.database, house.clock)
        self.house = house
        self.granted: list[float] = []

    async def take(self, destination: str, calls: int = 1) -> float:
        wait_s = await super().take(destination, calls)
        if wait_s == 0:
            self.granted.append(self.house.clock.now().timestamp())
        return wait_s


async def test_the_budget_is_kept_while_a_full_queue_goes_out(house: DeliveryHouse) -> None:
    house.crm = ScriptedConnector(batch_limit=2)
    house.targets.connectors["crm"] = house.crm
    house.budget = budget = WitnessedBudget(house)
    await budget.learn("crm", limit=3, interval_s=10)
    for number in range(20):
        await house.sign_up(f"p{number}@example.org")
    assert await house.dispatcher().run_once() == 20
    assert len(budget.granted) == len(house.crm.batches) == 10
    assert all(later - earlier >= 10 for earlier, later in zip(budget.granted, budget.granted[3:], strict=False))


async def test_rows_that_were_claimed_before_a_pause_do_not_go_out_into_it(house: DeliveryHouse) -> None:
    house.crm = ScriptedConnector(batch_limit=1)
    house.targets.connectors["crm"] = house.crm
    for number in range(10):
        await house.sign_up(f"p{number}@example.org")
    await house.budget.learn("crm", limit=1, interval_s=10)

    async def pause_meanwhile(seconds: float) -> None:
        async def work(tx: Transaction) -> None:
            await pause(tx, "destination", "crm", "by_hand", "Wait.", house.clock.now())

        await house.database.transaction(work)
        house.clock.move(seconds=seconds)

    house.sleep = pause_meanwhile
    assert await house.dispatcher().run_once() == 10
    # The one that has the only call may be about to send when another's wait brings the pause: it looks once more.
    assert len(house.crm.ledger) <= 1


async def test_a_wait_that_is_too_long_gives_the_rows_back(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    await house.budget.learn("crm", limit=1, interval_s=3600)
    await house.budget.take("crm")
    await house.dispatcher().run_once()
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code, delivery.attempts, delivery.snoozes) == (
        State.PENDING,
        "budget",
        0,
        1,
    )
    assert house.crm.ledger == []


async def test_another_destination_is_not_held_back(house: DeliveryHouse) -> None:
    house.actions.actions = [CRM, replace(CRM, name="mail", destination="mail", path="actions[1]", retry=RETRY)]
    mail = ScriptedConnector()
    house.targets.connectors["mail"] = mail
    house.crm.answer = refuse_token
    for number in range(3):
        await house.sign_up(f"p{number}@example.org")
    await house.dispatcher().run_once()
    assert len(mail.ledger) == 3
