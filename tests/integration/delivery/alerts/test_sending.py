"""Messages reach the receiver: signed, in order, once; again after failures and deaths, under the same id."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from delivery_house import DeliveryHouse
from doorward.delivery.alerts.model import Message, WatchSettings
from doorward.delivery.alerts.sender import DELAYS, GIVEN_UP_AFTER, LEASE, Receiver, Sender
from doorward.delivery.alerts.store import list_messages, list_recent
from doorward.delivery.alerts.watch import Watch
from doorward.delivery.pauses import pause, resume
from doorward.security.egress import Egress
from doorward.security.signing import SigningKeys
from doorward.storage.contract import Transaction
from http_target import Target

KEYS = SigningKeys((b"k" * 32,))
SETTINGS = WatchSettings(timedelta(minutes=10), timedelta(hours=1), has_receiver=True)


class Alerting:
    """What a process with a receiver does; `down` makes the receiver refuse."""

    def __init__(self, house: DeliveryHouse, target: Target, egress: Egress) -> None:
        self.house, self.target = house, target
        self.watch = Watch(house.database, house.clock, SETTINGS)
        self.egress = egress

    def sender(self) -> Sender:
        receiver = Receiver(self.target.url("/alerts"), KEYS)
        return Sender(self.house.database, self.house.clock, self.egress, receiver, self.house.metrics)

    def down(self, status: int = 503) -> None:
        self.target.answers["/alerts"] = lambda _: web.Response(status=status)

    def up(self) -> None:
        self.target.answers.clear()

    async def pause(self) -> None:
        async def work(tx: Transaction) -> None:
            await pause(tx, "destination", "crm", "token_invalid", "Revoked.", self.house.clock.now())

        await self.house.database.transaction(work)
        await self.watch.look()

    async def resume(self) -> None:
        async def work(tx: Transaction) -> bool:
            return await resume(tx, "destination", "crm", self.house.clock.now())

        await self.house.database.transaction(work)
        await self.watch.look()

    async def messages(self) -> list[Message]:
        alerts = await list_recent(self.house.database.reader, 10)
        return await list_messages(self.house.database.reader, [each.id for each in alerts])

    def arrived(self) -> list[tuple[str, int, str]]:
        """Type, number and id of what came in, each with a signature that holds."""
        found = []
        for each in self.target.seen:
            KEYS.verify(each.headers, each.body, self.house.clock.now())
            body: dict[str, Any] = json.loads(each.body)
            found.append((body["type"], body["data"]["number"], each.headers["webhook-id"]))
        return found

    def result(self, result: str) -> float | None:
        return self.house.metrics.registry.get_sample_value("doorward_alert_messages_total", {"result": result})


@pytest.fixture
def alerting(house: DeliveryHouse, target: Target, egress: Egress) -> Alerting:
    return Alerting(house, target, egress)


async def test_an_alert_and_its_end_arrive_once_with_several_senders(alerting: Alerting) -> None:
    await alerting.pause()
    senders = [alerting.sender() for _ in range(4)]
    assert sum(await asyncio.gather(*(each.send_due() for each in senders))) == 1
    await alerting.resume()
    assert sum(await asyncio.gather(*(each.send_due() for each in senders))) == 1
    assert sum(await asyncio.gather(*(each.send_due() for each in senders))) == 0
    first, second = alerting.arrived()
    assert (first[:2], second[:2]) == (("alert.raised", 1), ("alert.recovered", 2))
    assert first[2] != second[2]
    assert alerting.result("arrived") == 2


async def test_a_receiver_that_is_down_gets_everything_in_order_when_it_is_back(alerting: Alerting) -> None:
    alerting.down()
    await alerting.pause()
    for number, delay in enumerate(DELAYS[:4], 1):
        assert await alerting.sender().send_due() == 1
        assert await alerting.sender().send_due() == 0
        (message,) = await alerting.messages()
        assert (message.attempts, message.http_status, message.sent_at) == (number, 503, None)
        alerting.house.clock.move(seconds=delay.total_seconds())
    await alerting.resume()
    alerting.up()
    assert [await alerting.sender().send_due() for _ in range(3)] == [1, 1, 0]
    *failed, fifth, recovered = alerting.target.seen
    assert {each.headers["webhook-id"] for each in [*failed, fifth]} == {f"msg_{(await alerting.messages())[0].id}"}
    assert {each.body for each in failed} == {fifth.body}
    assert json.loads(recovered.body)["type"] == "alert.recovered"
    assert [each.sent_at is not None for each in await alerting.messages()] == [True, True]
    assert (alerting.result("failed"), alerting.result("arrived")) == (4, 2)


async def test_a_sender_that_dies_gives_its_message_back(alerting: Alerting) -> None:
    await alerting.pause()
    dying = asyncio.create_task(
        Sender(
            alerting.house.database,
            alerting.house.clock,
            alerting.egress,
            Receiver(alerting.target.url("/slow"), KEYS),
            alerting.house.metrics,
        ).send_due()
    )
    await alerting.target.arrived.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert await alerting.sender().send_due() == 0
    alerting.house.clock.move(seconds=LEASE.total_seconds())
    assert await alerting.sender().send_due() == 1
    one, two = alerting.target.seen
    assert (one.headers["webhook-id"], one.body) == (two.headers["webhook-id"], two.body)


async def test_one_who_slept_does_not_undo_what_another_did_meanwhile(alerting: Alerting) -> None:
    """A failure that comes late, after the message was tried again and arrived."""
    await alerting.pause()
    slow = Receiver(alerting.target.url("/slow"), KEYS)
    house = alerting.house
    sleeper = asyncio.create_task(Sender(house.database, house.clock, alerting.egress, slow, house.metrics).send_due())
    await alerting.target.arrived.wait()
    house.clock.move(seconds=LEASE.total_seconds())
    assert await alerting.sender().send_due() == 1
    alerting.target.answers["/slow"] = lambda _: web.Response(status=500)
    alerting.target.release.set()
    assert await sleeper == 1
    (message,) = await alerting.messages()
    assert (message.sent_at, message.problem, message.attempts) == (house.clock.now(), None, 2)
    assert await alerting.sender().send_due() == 0


async def test_what_never_arrives_is_given_up_and_does_not_hold_back_the_end(alerting: Alerting) -> None:
    alerting.down(410)
    await alerting.pause()
    await alerting.sender().send_due()
    alerting.house.clock.move(seconds=GIVEN_UP_AFTER.total_seconds())
    await alerting.resume()
    await alerting.sender().send_due()
    alerting.up()
    assert await alerting.sender().send_due() == 1
    first, second = await alerting.messages()
    assert first.given_up_at is not None
    assert first.problem == "The receiver answered 410."
    assert second.sent_at is not None


async def test_deliveries_go_on_while_the_receiver_is_down(alerting: Alerting) -> None:
    house = alerting.house
    alerting.down()
    await alerting.pause()
    await alerting.resume()
    await alerting.sender().send_due()
    person = (await house.sign_up("ada@example.org")).identity.id
    await house.dispatcher().run_once()
    assert [each.state for each in await house.line(person)] == ["delivered"]
    # A message that does not arrive is no trouble that an alert would be about.
    assert await alerting.watch.look() == []


async def test_without_a_receiver_no_message_is_written(house: DeliveryHouse, alerting: Alerting) -> None:
    alerting.watch = Watch(house.database, house.clock, WatchSettings(timedelta(minutes=10), timedelta(hours=1)))
    await alerting.pause()
    assert len(await list_recent(house.database.reader, 10)) == 1
    assert await alerting.messages() == []
