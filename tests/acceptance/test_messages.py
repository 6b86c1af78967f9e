"""Messages through a running server: from a transaction of one process to a real mail server, the admin API, the
development mailbox."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doorward.app.core import opened_core
from doorward.app.loading import Sources
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.storage.contract import Transaction
from running import Server, request, running, until
from smtp_server import SmtpServer, make_certificate, running_smtp, server_tls

pytestmark = pytest.mark.slow

CODE = "482913"
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
courier: {{smtp: {{connection_uri: "{uri}", from_address: no-reply@example.org, from_name: Example}}}}
"""


@pytest.fixture
async def smtp(tmp_path: Path) -> AsyncIterator[SmtpServer]:
    tls: ssl.SSLContext = server_tls(*make_certificate(tmp_path))
    async with running_smtp(SmtpServer(tls=tls, user="ada", password="p@ss:word")) as server:
        yield server


async def queue(server: Server, template: TemplateType, to: str) -> UUID:
    """As a flow does, in a process of its own."""
    async with opened_core(Sources((server.config,)), dev=True) as core:
        data = template_data(template, to, code=CODE, lifespan_s=900)

        async def work(tx: Transaction) -> UUID:
            return await core.courier.queue(tx, Message(template, Channel.EMAIL, to, data))

        return await core.database.transaction(work)


async def sent(server: Server, message_id: UUID, status: str = "sent") -> Any:
    def probe() -> Any:
        shown = request("GET", f"{server.admin}/admin/courier/messages/{message_id}").body
        return shown if shown.get("status") == status else None

    return await asyncio.to_thread(until, f"the message is {status}", probe)


async def test_mail_leaves_through_starttls_and_is_shown(tmp_path: Path, smtp: SmtpServer) -> None:
    uri = f"smtp://ada:p%40ss%3Aword@127.0.0.1:{smtp.port}/?skip_ssl_verify=true"
    server = Server(tmp_path, CONFIG.format(folder=tmp_path, uri=uri), "--dev")
    await asyncio.to_thread(server.start)
    try:
        message_id = await queue(server, TemplateType.RECOVERY_CODE_VALID, "ada@example.org")
        shown = await sent(server, message_id)
        [mail] = smtp.mails
        assert mail.is_encrypted
        assert mail.message["From"] == "Example <no-reply@example.org>"
        assert CODE in mail.text()
        assert [each["status"] for each in shown["dispatches"]] == ["success"]
        page = await asyncio.to_thread(request, "GET", f"{server.public}/ui/mailbox")
        assert CODE in str(page.body)
    finally:
        await asyncio.to_thread(server.stop)


async def test_without_a_mail_server_development_keeps_it_for_the_mailbox(tmp_path: Path) -> None:
    server = Server(tmp_path, f"dsn: sqlite://{tmp_path}/doorward.sqlite", "--dev")
    with running(server):
        message_id = await queue(server, TemplateType.LOGIN_CODE_VALID, "ada@example.org")
        shown = await sent(server, message_id)
        assert CODE in shown["body"]
