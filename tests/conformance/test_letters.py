"""The connector suite, called for messages: by SMTP, by HTTP, and where nothing is configured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from conformance.connector_suite import check_connector, check_lapsed, check_troubled
from conformance.test_connectors import job
from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.clock import MovableClock
from doorward.config.model_courier import RequestConfig
from doorward.connectors.courier_http import HttpCarrier, read_request
from doorward.connectors.letters import Carrier, LetterConnector, MailboxCarrier, NoCarrier
from doorward.connectors.smtp.carrier import SmtpCarrier
from doorward.connectors.smtp.settings import Sender
from doorward.connectors.smtp.settings import SmtpServer as Server
from doorward.courier.model import TemplateType, template_data
from doorward.courier.rendering import MessageRenderer
from doorward.delivery.contract import Job
from doorward.security.egress import Egress, EgressPolicy
from http_target import serve_target
from running import free_port
from smtp_server import SmtpServer, running_smtp

ADA, CODE, PASSWORD = "ada@example.org", "482913", "p-of-the-server"


def letter_job() -> Job:
    data = template_data(TemplateType.RECOVERY_CODE_VALID, ADA, code=CODE)
    context: dict[str, Any] = {
        "recipient": ADA,
        "message_type": "email",
        "template_type": "recovery_code_valid",
        "template_data": data,
        "useful_until": None,
    }
    made = job("http://127.0.0.1/")
    return replace(made, delivery=replace(made.delivery, identity_id=uuid4()), context=context, rendered=None)


@asynccontextmanager
async def connecting(carrier: Carrier) -> AsyncIterator[LetterConnector]:
    clock = MovableClock()
    connector = LetterConnector(
        carrier, MessageRenderer({}, TemplateSource(Egress(EgressPolicy()), clock)), None, clock
    )
    yield connector
    await connector.close()


def by_smtp(port: int, user: str = "") -> SmtpCarrier:
    server = Server(
        "127.0.0.1", port, is_implicit_tls=False, is_plain=True, tls=None, user=user, password=PASSWORD if user else ""
    )
    return SmtpCarrier(server, Sender("id@example.org"))


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"RCPT": [f"450 4.2.0 <{ADA}> later"] * 9},
        {"RCPT": [f"550 5.1.1 <{ADA}> nobody"] * 9},
        {"END": ["HANGUP"] * 9},
        {"AUTH": ["535 5.7.8 no"] * 9},
        {"EHLO": ["nonsense"] * 9},
    ],
)
async def test_smtp(answers: dict[str, list[str]]) -> None:
    async with (
        running_smtp(SmtpServer(answers=answers)) as server,
        connecting(by_smtp(server.port, "ada")) as connector,
    ):
        await check_connector(connector, [letter_job() for _ in range(3)], [ADA, CODE, PASSWORD])
        await check_lapsed(connector, [letter_job()], lambda: len(server.commands))


async def test_smtp_without_a_server() -> None:
    async with connecting(by_smtp(free_port())) as connector:
        await check_troubled(connector, [letter_job()], [ADA, CODE])


@pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 500])
async def test_http(status: int) -> None:
    egress, sandbox, clock = Egress(EgressPolicy()), Sandbox(1), MovableClock()
    await egress.start()
    await sandbox.start()
    async with serve_target() as target:
        target.answers["/mail"] = lambda _: web.Response(status=status)
        auth = {"type": "basic_auth", "config": {"user": "ada", "password": PASSWORD}}
        settings = read_request(RequestConfig(url=target.url("/mail"), auth=auth), "courier.http.request_config")
        async with connecting(
            HttpCarrier(settings, egress, sandbox, TemplateSource(egress, clock), clock)
        ) as connector:
            await check_connector(connector, [letter_job() for _ in range(2)], [ADA, CODE, PASSWORD])
            await check_lapsed(connector, [letter_job()], lambda: len(target.seen))
    await sandbox.close()
    await egress.close()


@pytest.mark.parametrize("carrier", [MailboxCarrier(), NoCarrier("no_channel", "No way is configured.")])
async def test_without_a_way_out(carrier: Carrier) -> None:
    async with connecting(carrier) as connector:
        await check_connector(connector, [letter_job() for _ in range(2)], [ADA, CODE])
