"""Alerts by mail: one message per address and telling, queued with the alert; never about mail itself."""

from datetime import timedelta

import pytest

from delivery_house import DeliveryHouse
from doorward.courier.enqueue import Courier
from doorward.courier.model import Channel
from doorward.courier.query import list_messages
from doorward.delivery.alerts.mail import AlertMail
from doorward.delivery.alerts.model import WatchSettings
from doorward.delivery.alerts.watch import Watch
from doorward.delivery.pauses import pause, resume
from doorward.storage.contract import Transaction

ADDRESSES = ("ops@example.org", "boss@example.org")


@pytest.fixture
def watch(house: DeliveryHouse) -> Watch:
    courier = Courier(house.keys, house.clock, {Channel.EMAIL: "smtp", Channel.SMS: "courier_http"})
    mailer = AlertMail(courier, ADDRESSES, "http://127.0.0.1:4434/")
    return Watch(house.database, house.clock, WatchSettings(timedelta(minutes=10), timedelta(hours=1)), mailer)


async def stop(house: DeliveryHouse, name: str) -> None:
    async def work(tx: Transaction) -> None:
        await pause(tx, "destination", name, "token_invalid", "Revoked.", house.clock.now())

    await house.database.transaction(work)


async def recipients(house: DeliveryHouse) -> list[str]:
    found = await list_messages(house.database.reader, house.database.dialect, 20)
    assert {each.template_type for each in found} <= {"alert"}
    return sorted(each.recipient for each in found)


async def test_everybody_named_is_written_to_once_and_at_the_end(house: DeliveryHouse, watch: Watch) -> None:
    await stop(house, "crm")
    await watch.look()
    await watch.look()
    assert await recipients(house) == sorted(ADDRESSES)

    async def work(tx: Transaction) -> bool:
        return await resume(tx, "destination", "crm", house.clock.now())

    await house.database.transaction(work)
    await watch.look()
    assert await recipients(house) == sorted(ADDRESSES * 2)


async def test_trouble_of_mail_is_not_mailed(house: DeliveryHouse, watch: Watch) -> None:
    await stop(house, "mail")
    await watch.look()
    assert await recipients(house) == []
