"""How destinations are, as their rows tell."""

from delivery_house import DeliveryHouse
from doorward.delivery.breaker import CLOSED
from doorward.delivery.contract import Job, Outcome, Retry
from doorward.delivery.destinations import list_health, list_names


def lose(_job: Job) -> Outcome:
    return Retry("timeout", "No answer within 20 s.", may_have_applied=True)


async def test_a_destination_that_was_never_used(house: DeliveryHouse) -> None:
    [health] = await list_health(house.database, house.clock, ["crm"])
    assert (health.usage, health.last_answer, health.last_failure) == (None, None, None)
    assert health.breaker.state(house.clock.now()) == CLOSED
    assert await list_names(house.database) == []


async def test_the_last_answer_and_the_last_failure_are_told_apart(house: DeliveryHouse) -> None:
    await house.sign_up("ada@example.org")
    await house.dispatcher().run_once()
    house.clock.move(minutes=1)
    house.crm.answer = lose
    await house.sign_up("bob@example.org")
    await house.dispatcher().run_once()
    health, other = await list_health(house.database, house.clock, ["crm", "other"])
    assert health.last_answer is not None
    assert (health.last_answer.outcome, health.last_answer.http_status) == ("delivered", 200)
    assert health.last_failure is not None
    assert (health.last_failure.outcome, health.last_failure.reason) == ("failed", "No answer within 20 s.")
    assert health.last_failure.at > health.last_answer.at
    assert health.breaker.failures == 1
    assert other.last_answer is None
    assert await list_names(house.database) == ["crm"]


async def test_calls_are_counted_within_their_window(house: DeliveryHouse) -> None:
    await house.budget.learn("crm", limit=100, interval_s=10)
    for _ in range(3):
        assert await house.budget.take("crm", 2) == 0
    [health] = await list_health(house.database, house.clock, ["crm"])
    assert health.usage is not None
    assert (health.usage.used, health.usage.limit, health.usage.interval_s, health.usage.is_learned) == (
        6,
        100,
        10.0,
        False,
    )
    house.clock.move(seconds=11)
    await house.budget.learn("crm", limit=100, interval_s=10, remaining=90)
    [health] = await list_health(house.database, house.clock, ["crm"])
    assert health.usage is not None
    assert (health.usage.used, health.usage.is_learned) == (10, True)
