"""The admin endpoints for messages on both databases."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.types import ASGIApp

from doorward.api.admin.courier import HIDDEN, CourierApi
from doorward.clock import MovableClock
from doorward.config.model_serve import AdminServe
from doorward.courier.enqueue import Courier
from doorward.courier.mailbox import Mailbox
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.courier.rendering import RenderedMessage
from doorward.ids import new_row_id
from doorward.observability.metrics import make_metrics
from doorward.outbox.model import Attempt
from doorward.outbox.store import insert_attempts
from doorward.security.cipher import Cipher
from doorward.storage.contract import Database, Transaction
from doorward.storage.identity_keys import IdentityKeys
from doorward.web.middleware import admin_stack
from public_port import JSON, Reply, call

ADA = "ada@example.org"
LIST = "/admin/courier/messages"
FAILED = {"code": 500, "status": "Internal Server Error", "message": "smtp_450: Later."}


@dataclass
class Desk:
    """The admin port's courier, and messages in states that a test wants."""

    database: Database
    clock: MovableClock

    def app(self, *, is_dev: bool = True) -> ASGIApp:
        return admin_stack(CourierApi(self.database, is_dev=is_dev).routes(), AdminServe(), make_metrics())

    async def ask(self, url: str, *, is_dev: bool = True) -> Reply:
        return await call(self.app(is_dev=is_dev), "GET", url, {**JSON, "host": "127.0.0.1:4434"})

    async def queue(
        self,
        to: str = ADA,
        template: TemplateType = TemplateType.LOGIN_CODE_VALID,
        channel: Channel = Channel.EMAIL,
    ) -> UUID:
        keys = IdentityKeys(Cipher(["a secret that is long enough"]), self.clock)
        courier = Courier(keys, self.clock, {Channel.EMAIL: "smtp", Channel.SMS: "courier_http"})

        async def work(tx: Transaction) -> UUID:
            data = template_data(template, to, code="123456")
            return await courier.queue(tx, Message(template, channel, to, data))

        return await self.database.transaction(work)

    async def end(self, message_id: UUID, state: str, *outcomes: str) -> None:
        now = self.clock.now()
        attempts = [
            Attempt(new_row_id(), message_id, number, now, now, outcome, None, "smtp_450", "Later.", None, "")
            for number, outcome in enumerate(outcomes, 1)
        ]

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE deliveries SET state = :state, attempts = :tries WHERE id = :id",
                {"state": state, "tries": len(outcomes), "id": message_id},
            )
            await insert_attempts(tx, attempts)

        await self.database.transaction(work)


@pytest.fixture
def desk(database: Database, clock: MovableClock) -> Desk:
    return Desk(database, clock)


def next_page(reply: Reply) -> str | None:
    found = re.search(r'<([^>]+)>; rel="next"', reply.header("link"))
    return found[1] if found else None


async def test_a_message_with_its_tries(desk: Desk) -> None:
    message_id = await desk.queue()
    await desk.end(message_id, "delivered", "failed", "delivered")
    words = RenderedMessage("Use code 123456 to log in", "123456", "")
    await Mailbox(desk.database, desk.clock).keep(message_id, words)
    shown = (await desk.ask(f"{LIST}/{message_id}")).json
    dispatches = shown.pop("dispatches")
    assert shown.pop("created_at") == shown.pop("updated_at")
    assert shown == {
        "id": str(message_id),
        "status": "sent",
        "type": "email",
        "recipient": ADA,
        "subject": "Use code 123456 to log in",
        "body": "123456",
        "template_type": "login_code_valid",
        "channel": "email",
        "send_count": 2,
    }
    assert [(each["status"], each["error"], each["message_id"]) for each in dispatches] == [
        ("success", None, str(message_id)),
        ("failed", {**FAILED, "reason": "The mail could not be sent."}, str(message_id)),
    ]


async def test_a_text_message_has_an_empty_subject(desk: Desk) -> None:
    message_id = await desk.queue()
    await Mailbox(desk.database, desk.clock).keep(message_id, RenderedMessage("", "Your code is 123456"))
    shown = (await desk.ask(f"{LIST}/{message_id}")).json
    assert (shown["subject"], shown["body"]) == ("", "Your code is 123456")
    [listed] = (await desk.ask(LIST, is_dev=False)).json
    assert (listed["subject"], listed["body"]) == (HIDDEN, HIDDEN)


async def test_why_a_text_message_failed(desk: Desk) -> None:
    message_id = await desk.queue(channel=Channel.SMS)
    await desk.end(message_id, "retryable", "failed")
    [dispatch] = (await desk.ask(f"{LIST}/{message_id}")).json["dispatches"]
    assert dispatch["error"] == FAILED


async def test_outside_development_nobody_reads_what_was_sent(desk: Desk) -> None:
    message_id = await desk.queue()
    await Mailbox(desk.database, desk.clock).keep(message_id, RenderedMessage("123456", "123456", ""))
    for url in (LIST, f"{LIST}/{message_id}"):
        answer = await desk.ask(url, is_dev=False)
        assert "123456" not in answer.text
        assert HIDDEN in answer.text


async def test_pages_are_complete_and_filtered(desk: Desk) -> None:
    made = [await desk.queue(to, template) for to in (ADA, "eve@example.org") for template in list(TemplateType)[:4]]
    url: str | None = f"{LIST}?page_size=3"
    found: list[str] = []
    while url is not None:
        answer = await desk.ask(url)
        found += [each["id"] for each in answer.json]
        url = next_page(answer)
    assert found == [str(each) for each in reversed(made)]
    mine = (await desk.ask(f"{LIST}?recipient={ADA}")).json
    assert [each["id"] for each in mine] == [str(each) for each in reversed(made[:4])]
    assert (await desk.ask(f"{LIST}?recipient={ADA.upper()}")).json == []


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("pending", "queued"),
        ("retryable", "queued"),
        ("held", "queued"),
        ("leased", "processing"),
        ("delivered", "sent"),
        ("dead", "abandoned"),
        ("cancelled", "abandoned"),
        ("skipped", "abandoned"),
    ],
)
async def test_states_have_the_words_of_kratos(desk: Desk, state: str, status: str) -> None:
    message_id = await desk.queue()
    await desk.end(message_id, state)
    [shown] = (await desk.ask(f"{LIST}?status={status}")).json
    assert (shown["id"], shown["status"]) == (str(message_id), status)
    others = {"queued", "processing", "sent", "abandoned"} - {status}
    query = "&".join(f"status={each}" for each in sorted(others))
    assert (await desk.ask(f"{LIST}?{query}")).json == []


@pytest.mark.parametrize(
    ("query", "code"),
    [("status=SENT", 400), ("status=", 400), ("page_token=nonsense", 400), ("page_size=abc", 500)],
)
async def test_what_cannot_be_read(desk: Desk, query: str, code: int) -> None:
    answer = await desk.ask(f"{LIST}?{query}")
    body: Any = answer.json
    assert answer.status == 400
    assert body["error"]["code"] == code


async def test_what_is_not_there(desk: Desk) -> None:
    assert (await desk.ask(f"{LIST}/{uuid4()}")).status == 404
    assert (await desk.ask(f"{LIST}/nonsense")).status == 400


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        (TemplateType.CREDENTIALS_CHANGED, "stub"),
        (TemplateType.ALERT, "stub"),
        (TemplateType.RECOVERY_CODE_VALID, "recovery_code_valid"),
    ],
)
async def test_messages_of_our_own_have_a_name_that_clients_know(
    desk: Desk, template: TemplateType, shown: str
) -> None:
    message_id = await desk.queue(template=template)
    assert (await desk.ask(f"{LIST}/{message_id}")).json["template_type"] == shown
    listed = (await desk.ask(LIST)).json
    assert [each["template_type"] for each in listed] == [shown]
