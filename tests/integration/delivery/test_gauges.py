"""What the metrics tell of queues, dead letters and pauses, on both databases."""

from delivery_house import DeliveryHouse
from doorward.delivery.contract import Discard, Hold
from doorward.delivery.gauges import refresh_gauges
from doorward.delivery.replay import replay
from scripted_connector import accept


async def waiting_s(house: DeliveryHouse) -> float:
    """The age of the oldest waiting delivery, as it is read from the metrics."""
    await refresh_gauges(house.metrics, house.database, house.clock)
    return house.metrics.registry.get_sample_value("doorward_oldest_waiting_seconds", {"destination": "crm"}) or 0.0


async def test_the_age_of_the_oldest_counts_from_its_commit(house: DeliveryHouse) -> None:
    await house.sign_up("ada@example.org")
    house.clock.move(minutes=3)
    assert await waiting_s(house) == 180.0


async def test_a_dead_letter_was_not_waiting_until_its_replay(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id
    house.crm.answer = lambda job: Discard("bad_value", "No.")
    await house.dispatcher().run_once()
    house.clock.move(days=3)
    await replay(house.database, house.clock, (await house.line(person))[0].id, "test")
    house.clock.move(seconds=30)
    assert await waiting_s(house) == 30.0


async def test_what_was_held_was_not_waiting_until_its_release(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id
    house.crm.answer = lambda job: Hold("address_verified", "not_verified", "The address is not verified.")
    await house.dispatcher().run_once()
    house.clock.move(hours=2)
    assert await waiting_s(house) == 0.0
    await house.verify(person, "ada@example.org")
    house.clock.move(seconds=20)
    assert await waiting_s(house) == 20.0
    house.crm.answer = accept
    await house.dispatcher().run_once()
    assert await waiting_s(house) == 0.0
