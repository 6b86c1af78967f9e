"""What is noticed, and that it is told once: by whichever process, through restarts, with its end. Both databases."""

import asyncio
from datetime import timedelta

import pytest

from delivery_house import DeliveryHouse
from doorward.delivery.alerts.model import Event, Kind, WatchSettings
from doorward.delivery.alerts.plan import CALM
from doorward.delivery.alerts.store import list_open, list_recent
from doorward.delivery.alerts.watch import KEPT, Told, Watch
from doorward.delivery.contract import Discard, Outcome, Pause, Retry, Snooze
from doorward.delivery.gauges import refresh_gauges
from doorward.delivery.pauses import Scope, pause, resume
from doorward.delivery.replay import discard_all, replay_all
from doorward.outbox.query import Filter
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database
from scripted_connector import accept

EVERY = timedelta(hours=1)
SETTINGS = WatchSettings(timedelta(minutes=10), EVERY)
Line = tuple[Event, Kind, str, str]


def watch(house: DeliveryHouse) -> Watch:
    """As a process that has just begun has it: it knows nothing."""
    return Watch(house.database, house.clock, SETTINGS)


async def told(house: DeliveryHouse) -> list[Line]:
    return lines(await watch(house).look())


def lines(found: list[Told]) -> list[Line]:
    return [(each.event, (at := each.alert.trouble.subject).kind, at.scope, at.name) for each in found]


async def set_pause(house: DeliveryHouse, scope: Scope, name: str, until_s: float | None = None) -> None:
    async def work(tx: Transaction) -> None:
        await pause(tx, scope, name, "paused_by_operator", "Audit.", house.clock.now(), until_s)

    await house.database.transaction(work)


async def end_pause(house: DeliveryHouse, scope: Scope, name: str) -> None:
    async def work(tx: Transaction) -> bool:
        return await resume(tx, scope, name, house.clock.now())

    assert await house.database.transaction(work)


@pytest.mark.parametrize(("scope", "name"), [("destination", "crm"), ("action", "news")])
async def test_a_persons_pause_and_its_end(house: DeliveryHouse, scope: Scope, name: str) -> None:
    assert await told(house) == []
    await set_pause(house, scope, name)
    assert await told(house) == [(Event.RAISED, Kind.PAUSED, scope, name)]
    for _ in range(3):
        house.clock.move(days=1)
        assert await told(house) == []
    await end_pause(house, scope, name)
    assert await told(house) == [(Event.RECOVERED, Kind.PAUSED, scope, name)]
    assert await told(house) == []
    await set_pause(house, scope, name)
    assert await told(house) == [(Event.RAISED, Kind.PAUSED, scope, name)]


@pytest.mark.parametrize(("scope", "name"), [("destination", "crm"), ("action", "crm")])
async def test_a_pause_that_an_answer_asked_for(house: DeliveryHouse, scope: Scope, name: str) -> None:
    await house.sign_up("ada@example.org")
    asked = Pause(scope, "token_invalid", "The token was revoked.")
    house.crm.answer = lambda job: Snooze("token_invalid", "The token was revoked.", 30.0, asked)
    await house.dispatcher().run_once()
    (found,) = await watch(house).look()
    assert lines([found]) == [(Event.RAISED, Kind.PAUSED, scope, name)]
    assert (found.alert.trouble.code, found.alert.trouble.reason) == ("token_invalid", "The token was revoked.")
    assert found.counts == ({"waiting": 1, "dead": 0} if scope == "destination" else {})


async def test_a_pause_that_is_renewed_each_time_it_ends_is_one(house: DeliveryHouse) -> None:
    await set_pause(house, "action", "tell", until_s=600.0)
    assert [event for event, *_ in await told(house)] == [Event.RAISED]
    for _ in range(5):
        house.clock.move(seconds=601)
        assert await told(house) == []
        await set_pause(house, "action", "tell", until_s=600.0)
        assert await told(house) == []
    house.clock.move(seconds=601)
    assert await told(house) == []
    house.clock.move(seconds=CALM.total_seconds())
    assert [event for event, *_ in await told(house)] == [Event.RECOVERED]


async def test_a_destination_that_is_away_until_it_answers(house: DeliveryHouse) -> None:
    def away(job: object) -> Outcome:
        return Retry("egress_connect", "Refused.")

    for number in range(12):
        await house.sign_up(f"p{number}@example.org")
    house.crm.answer = away
    dispatcher = house.dispatcher(concurrency=1)
    house.crm._batch_limit = 1
    await dispatcher.run_once()
    (found,) = await watch(house).look()
    assert (found.event, found.alert.trouble.code) == (Event.RAISED, "breaker_open")
    for _ in range(4):
        # Between two probes it is as far away as before.
        house.clock.move(seconds=90)
        assert await told(house) == []
        await dispatcher.run_once()
        assert await told(house) == []
    house.crm.answer = accept
    house.clock.move(seconds=90)
    await dispatcher.run_once()
    assert await told(house) == [(Event.RECOVERED, Kind.PAUSED, "destination", "crm")]


async def kill(house: DeliveryHouse, *names: str) -> None:
    house.crm.answer = lambda job: Discard("bad_value", "ada@example.org is no good.")
    for name in names:
        await house.sign_up(f"{name}@example.org")
    await house.dispatcher().run_once()


async def test_many_deaths_are_one_alert_and_more_of_them_another_after_a_while(house: DeliveryHouse) -> None:
    await kill(house, *"abcdefg")
    (first,) = await watch(house).look()
    assert lines([first]) == [(Event.RAISED, Kind.DEAD, "destination", "crm")]
    assert first.counts == {"waiting": 0, "dead": 7, "dead_by_code": {"bad_value": 7}}
    await kill(house, *"hi")
    house.clock.move(seconds=EVERY.total_seconds() - 1)
    assert await told(house) == []
    house.clock.move(seconds=1)
    (second,) = await watch(house).look()
    assert (second.event, second.counts["dead"]) == (Event.CHANGED, 9)
    house.clock.move(days=1)
    assert await told(house) == []


@pytest.mark.parametrize("act", ["replay", "discard"])
async def test_dead_ones_that_were_sent_again_or_given_up_are_told_as_over(house: DeliveryHouse, act: str) -> None:
    await kill(house, *"abc")
    assert [event for event, *_ in await told(house)] == [Event.RAISED]
    house.crm.answer = accept
    chosen = Filter((State.DEAD,))
    if act == "replay":
        assert (await replay_all(house.database, house.clock, chosen, "test")).replayed == 3
    else:
        assert await discard_all(house.database, house.clock, chosen, "test") == 3
    assert await told(house) == [(Event.RECOVERED, Kind.DEAD, "destination", "crm")]


async def test_the_oldest_that_waits_too_long_and_is_young_again(house: DeliveryHouse) -> None:
    await house.sign_up("ada@example.org")
    house.clock.move(minutes=10)
    assert await told(house) == []
    house.clock.move(seconds=1)
    (found,) = await watch(house).look()
    assert lines([found]) == [(Event.RAISED, Kind.WAITING, "destination", "crm")]
    assert (found.counts["waiting"], found.alert.trouble.since) == (1, house.clock.now() - timedelta(seconds=601))
    await house.sign_up("bob@example.org")
    house.clock.move(minutes=30)
    assert await told(house) == []
    await house.dispatcher().run_once()
    assert await told(house) == [(Event.RECOVERED, Kind.WAITING, "destination", "crm")]


async def test_what_is_held_does_not_wait(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id

    async def hold(tx: Transaction) -> int:
        return await tx.execute("UPDATE deliveries SET state = 'held', held_for = 'address_verified'")

    await house.database.transaction(hold)
    house.clock.move(days=2)
    assert await told(house) == []
    await house.verify(person, "ada@example.org")
    assert await told(house) == []
    house.clock.move(minutes=11)
    assert [kind for _, kind, *_ in await told(house)] == [Kind.WAITING]


async def test_several_processes_tell_each_thing_once(house: DeliveryHouse, dsn: str) -> None:
    others = [open_database(dsn, house.clock) for _ in range(3)]
    for each in others:
        await each.start()
    watches = [watch(house), *(Watch(each, house.clock, SETTINGS) for each in others)]

    async def all_look() -> list[Line]:
        return [line for found in await asyncio.gather(*(each.look() for each in watches)) for line in lines(found)]

    await kill(house, *"abc")
    await set_pause(house, "destination", "crm")
    await set_pause(house, "action", "tell")
    assert len(await all_look()) == 3
    await end_pause(house, "destination", "crm")
    await end_pause(house, "action", "tell")
    await kill(house, "d")
    await discard_all(house.database, house.clock, Filter((State.DEAD,)), "test")
    assert sorted(await all_look()) == [
        (Event.RECOVERED, Kind.DEAD, "destination", "crm"),
        (Event.RECOVERED, Kind.PAUSED, "action", "tell"),
        (Event.RECOVERED, Kind.PAUSED, "destination", "crm"),
    ]
    assert await list_open(house.database.reader) == []
    for each in others:
        await each.close()


async def test_the_gauges_count_what_waits_for_a_person(house: DeliveryHouse) -> None:
    async def read(name: str, **labels: str) -> float | None:
        await refresh_gauges(house.metrics, house.database, house.clock)
        return house.metrics.registry.get_sample_value(f"doorward_{name}", labels)

    await kill(house, *"ab")
    await set_pause(house, "action", "tell")
    await told(house)
    assert await read("dead_deliveries", destination="crm") == 2
    assert await read("action_paused", action="tell") == 1
    assert [await read("alerts_open", kind=kind) for kind in Kind] == [1, 1, 0]
    await end_pause(house, "action", "tell")
    await discard_all(house.database, house.clock, Filter((State.DEAD,)), "test")
    await told(house)
    assert await read("dead_deliveries", destination="crm") is None
    assert await read("action_paused", action="tell") is None
    assert [await read("alerts_open", kind=kind) for kind in Kind] == [0, 0, 0]


async def test_what_is_long_over_is_forgotten(house: DeliveryHouse) -> None:
    await set_pause(house, "destination", "crm")
    await told(house)
    await end_pause(house, "destination", "crm")
    await told(house)
    house.clock.move(seconds=KEPT.total_seconds() - 1)
    assert await watch(house).forget() == 0
    assert len(await list_recent(house.database.reader, 10)) == 1
    house.clock.move(seconds=1)
    assert await watch(house).forget() == 1
    assert await list_recent(house.database.reader, 10) == []
