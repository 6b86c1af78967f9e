"""A message from the transaction that queues it to the mail server, on both databases."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from delivery_house import DeliveryHouse
from doorward.actions.model import Action, RetryPolicy, Trigger
from doorward.actions.template import TemplateSource
from doorward.clock import MovableClock
from doorward.connectors.letters import LetterConnector
from doorward.connectors.smtp.carrier import SmtpCarrier
from doorward.connectors.smtp.settings import Sender
from doorward.connectors.smtp.settings import SmtpServer as Server
from doorward.courier.destinations import FIRST, action_of
from doorward.courier.enqueue import QUEUED, Courier
from doorward.courier.mailbox import Mailbox, find_mail
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.courier.query import MessageFilter, MessageStatus, find_message, list_messages
from doorward.courier.rendering import MessageRenderer
from doorward.outbox.states import State
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.storage.contract import Database, Transaction
from doorward.storage.types import read_bytes
from smtp_server import SmtpServer, running_smtp

MAIL = Action(
    name=action_of(Channel.EMAIL),
    trigger=Trigger(QUEUED),
    connector="smtp",
    destination="mail",
    path="courier",
    settings={},
    retry=RetryPolicy((timedelta(seconds=1), timedelta(seconds=5)), jitter=0.0),
)
CODE = "731904"


class Post:
    """A house with a courier and a mail server."""

    def __init__(self, database: Database, clock: MovableClock, server: SmtpServer) -> None:
        self.house = DeliveryHouse(database, clock, MAIL)
        self.server = server
        self.clock = clock
        self.database = database
        self.courier = Courier(self.house.keys, clock, {Channel.EMAIL: "smtp", Channel.SMS: "courier_http"})
        self.mailbox: Mailbox | None = None

    def open(self) -> list[LetterConnector]:
        """Connects the destinations of mail; whoever calls closes them."""
        source = TemplateSource(Egress(EgressPolicy()), self.clock)
        settings = Server("127.0.0.1", self.server.port, is_implicit_tls=False, is_plain=True, tls=None)
        made = []
        for name in ("mail", "mail:recovery"):
            carrier = SmtpCarrier(settings, Sender("no-reply@example.org"))
            made.append(LetterConnector(carrier, MessageRenderer({}, source), self.mailbox, self.clock))
            self.house.targets.connectors[name] = made[-1]
        return made

    async def queue(self, template: TemplateType, to: str, **changes: object) -> UUID:
        data = template_data(template, to, code=CODE, lifespan_s=900)
        message = replace(Message(template, Channel.EMAIL, to, data), **changes)  # type: ignore[arg-type]

        async def work(tx: Transaction) -> UUID:
            return await self.courier.queue(tx, message)

        return await self.database.transaction(work)

    async def send(self) -> None:
        await self.house.dispatcher(first=FIRST).run_once()


@pytest.fixture
async def post(database: Database, clock: MovableClock) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_smtp(SmtpServer()))
        made = Post(database, clock, server)
        for each in made.open():
            stack.push_async_callback(each.close)
        yield made


async def payload_of(post: Post, message_id: UUID) -> bytes:
    row = await post.database.reader.fetch_one("SELECT payload FROM deliveries WHERE id = :id", {"id": message_id})
    assert row is not None
    return read_bytes(row["payload"])


async def test_a_mail_goes_out_and_what_was_in_it_is_gone(post: Post) -> None:
    message_id = await post.queue(TemplateType.RECOVERY_CODE_VALID, "ada@example.org")
    assert CODE.encode() not in await payload_of(post, message_id)
    assert len(await payload_of(post, message_id)) > 100
    await post.send()
    [mail] = post.server.mails
    assert mail.recipients == ("ada@example.org",)
    assert CODE in mail.text()
    assert CODE in mail.text("html")
    assert (await post.house.get(message_id)).state is State.DELIVERED
    assert await payload_of(post, message_id) == b""


async def test_a_transaction_that_fails_sends_nothing(post: Post) -> None:
    async def work(tx: Transaction) -> None:
        data = template_data(TemplateType.LOGIN_CODE_VALID, "ada@example.org", code=CODE)
        await post.courier.queue(tx, Message(TemplateType.LOGIN_CODE_VALID, Channel.EMAIL, "ada@example.org", data))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await post.database.transaction(work)
    await post.send()
    assert post.server.mails == []


async def test_recovery_is_sent_before_what_was_queued_earlier(post: Post) -> None:
    for number in range(3):
        await post.queue(TemplateType.VERIFICATION_CODE_VALID, f"v{number}@example.org")
    await post.queue(TemplateType.RECOVERY_CODE_VALID, "locked.out@example.org")
    await post.house.dispatcher(first=FIRST, concurrency=1).run_once()
    started = [mail.recipients[0] for mail in post.server.mails]
    assert "locked.out@example.org" in started[:2]
    assert len(started) == 4


async def test_two_messages_to_one_person_wait_for_nobody(post: Post) -> None:
    """The first is put off by the server; the second, newer code goes out at once."""
    post.server.answers["RCPT"] = ["450 4.2.0 greylisted"]
    first = await post.queue(TemplateType.LOGIN_CODE_VALID, "ada@example.org")
    await post.send()
    second = await post.queue(TemplateType.LOGIN_CODE_VALID, "ada@example.org")
    await post.send()
    assert (await post.house.get(first)).state is State.RETRYABLE
    assert (await post.house.get(second)).state is State.DELIVERED
    post.clock.move(seconds=2)
    await post.send()
    assert (await post.house.get(first)).state is State.DELIVERED


async def test_given_up_after_the_configured_tries(post: Post) -> None:
    post.server.answers["RCPT"] = ["450 4.2.0 later"] * 3
    message_id = await post.queue(TemplateType.LOGIN_CODE_VALID, "ada@example.org")
    for _ in range(3):
        await post.send()
        post.clock.move(seconds=10)
    assert (await post.house.get(message_id)).state is State.DEAD
    found = await find_message(post.database.reader, message_id)
    assert found is not None
    message, attempts = found
    assert (message.status, message.sends) == (MessageStatus.ABANDONED, 3)
    assert [each.outcome for each in attempts] == ["failed"] * 3


async def test_what_has_expired_is_not_sent(post: Post) -> None:
    until = post.clock.now() + timedelta(minutes=15)
    message_id = await post.queue(TemplateType.LOGIN_CODE_VALID, "ada@example.org", useful_until=until)
    post.clock.move(seconds=901)
    await post.send()
    delivery = await post.house.get(message_id)
    assert (delivery.state, delivery.reason_code) == (State.DEAD, "message_expired")
    assert await payload_of(post, message_id) == b""
    assert post.server.mails == []


async def test_lists(post: Post) -> None:
    sent = await post.queue(TemplateType.RECOVERY_CODE_VALID, "ada@example.org")
    await post.send()
    post.server.answers["RCPT"] = ["550 5.1.1 nobody"]
    dead = await post.queue(TemplateType.VERIFICATION_CODE_VALID, "ada@example.org")
    await post.send()
    queued = await post.queue(TemplateType.RECOVERY_CODE_INVALID, "eve@example.org")
    reader, dialect = post.database.reader, post.database.dialect

    async def ids(**chosen: object) -> list[UUID]:
        found = await list_messages(reader, dialect, 10, chosen=MessageFilter(**chosen))  # type: ignore[arg-type]
        return [each.id for each in found]

    assert await ids() == [queued, dead, sent]
    assert await ids(recipient="ada@example.org") == [dead, sent]
    assert await ids(recipient="ADA@example.org") == []
    assert await ids(statuses=(MessageStatus.SENT,)) == [sent]
    assert await ids(statuses=(MessageStatus.ABANDONED, MessageStatus.QUEUED)) == [queued, dead]
    second = await list_messages(reader, dialect, 1, before=queued)
    assert [each.id for each in second] == [dead]
    assert second[0].plain is None


async def test_the_development_mailbox_keeps_what_was_sent(post: Post) -> None:
    post.mailbox = Mailbox(post.database, post.clock)
    made = post.open()
    message_id = await post.queue(TemplateType.RECOVERY_CODE_VALID, "ada@example.org")
    await post.send()
    for each in made:
        await each.close()
    mail = await find_mail(post.database.reader, message_id)
    assert mail is not None
    assert CODE in mail.plain
    assert [each.id for each in await post.mailbox.list_mails()] == [message_id]
