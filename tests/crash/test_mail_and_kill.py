"""kill -9 around the sending of a mail. The witness is the mail server.

A mail is never lost. It comes twice only where the process died between the server's yes and the commit, and then under
the same Message-ID: no sender of SMTP can promise more (RFC 5321 4.5.4.2).
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doorward.app.core import opened_core
from doorward.app.loading import Sources
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.storage.contract import Transaction
from running import Server, request, until
from smtp_server import SmtpServer, running_smtp

pytestmark = pytest.mark.slow

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
delivery: {{lease_s: 5}}
courier: {{smtp: {{connection_uri: "smtp://127.0.0.1:{port}/?disable_starttls=true", from_address: id@example.org}}}}
"""


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with running_smtp(SmtpServer()) as server:
        yield server


async def queue(config: Path) -> UUID:
    async with opened_core(Sources((config,)), dev=True) as core:
        data = template_data(TemplateType.RECOVERY_CODE_VALID, "ada@example.org", code="482913")
        message = Message(TemplateType.RECOVERY_CODE_VALID, Channel.EMAIL, "ada@example.org", data)

        async def work(tx: Transaction) -> UUID:
            return await core.courier.queue(tx, message)

        return await core.database.transaction(work)


async def waited(what: str, probe: Any) -> None:
    await asyncio.to_thread(until, what, probe, 60)


@pytest.mark.parametrize(("gap", "copies"), [("connector.before_call", 1), ("connector.after_call", 2)])
async def test_a_kill_at_the_gap_loses_no_mail(tmp_path: Path, smtp: SmtpServer, gap: str, copies: int) -> None:
    server = Server(
        tmp_path,
        CONFIG.format(folder=tmp_path, port=smtp.port),
        "--dev",
        "--dispatcher",
        "inside",
        environment={"DOORWARD_FAILPOINTS": f"{gap}=kill@1"},
    )
    await asyncio.to_thread(server.start)
    try:
        message_id = await queue(server.config)
        process = server.process
        assert process is not None
        await waited("the kill", lambda: process.poll() is not None)
        server.environment = {}
        await asyncio.to_thread(server.start)
        url = f"{server.admin}/admin/courier/messages/{message_id}"
        await waited("the mail is sent", lambda: request("GET", url).body["status"] == "sent")
        assert len(smtp.mails) == copies
        assert {each.message["Message-ID"] for each in smtp.mails} == {f"<{message_id}@example.org>"}
        outcomes = [each["status"] for each in (await asyncio.to_thread(request, "GET", url)).body["dispatches"]]
        assert outcomes == ["success", "failed"], "the latest first"
    finally:
        await asyncio.to_thread(server.stop)
