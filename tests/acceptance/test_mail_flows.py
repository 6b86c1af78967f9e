"""Verification and recovery by mail, through a real mail server: sign up, prove the address, forget the password."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from running import PASSWORD, Answer, Server, request, until
from smtp_server import Mail, SmtpServer, running_smtp

pytestmark = pytest.mark.slow

ADA = "ada@example.org"
NEW_PASSWORD = "another long pass phrase 42"
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
feature_flags: {{use_continue_with_transitions: true}}
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
courier: {{smtp: {{connection_uri: "smtp://127.0.0.1:{port}/?disable_starttls=true", from_address: id@example.org}}}}
selfservice:
  default_browser_return_url: http://127.0.0.1:4455/
  methods:
    password: {{enabled: true, config: {{haveibeenpwned_enabled: false}}}}
    code: {{enabled: true}}
  flows:
    registration:
      after: {{password: {{hooks: [{{hook: session}}]}}}}
    verification: {{enabled: true, use: code}}
    recovery: {{enabled: true, use: code, after: {{hooks: [{{hook: revoke_active_sessions}}]}}}}
"""


class House:
    """A server, its mail server, and what a native client does."""

    def __init__(self, server: Server, smtp: SmtpServer) -> None:
        self.server = server
        self.smtp = smtp

    async def ask(self, method: str, url: str, body: Any = None, token: str = "") -> Answer:
        headers = {"X-Session-Token": token} if token else {}
        return await asyncio.to_thread(request, method, url, body, headers)

    async def start(self, kind: str) -> Any:
        return (await self.ask("GET", f"{self.server.public}/self-service/{kind}/api")).body

    async def submit(self, flow: Any, **body: Any) -> Answer:
        return await self.ask("POST", flow["ui"]["action"], body)

    async def mail(self, number: int) -> Mail:
        """The mail with that number, from 1."""
        await asyncio.to_thread(until, f"mail {number}", lambda: len(self.smtp.mails) >= number)
        return self.smtp.mails[number - 1]

    async def is_signed_in(self, token: str) -> bool:
        return (await self.ask("GET", f"{self.server.public}/sessions/whoami", token=token)).status == 200

    async def address(self, identity_id: str) -> Any:
        shown = (await self.ask("GET", f"{self.server.admin}/admin/identities/{identity_id}")).body
        return shown["verifiable_addresses"][0]

    async def sign_in(self, password: str) -> Answer:
        flow = await self.start("login")
        return await self.submit(flow, method="password", identifier=ADA, password=password)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running_smtp(SmtpServer()) as smtp:
        server = Server(tmp_path, CONFIG.format(folder=tmp_path, port=smtp.port), "--dev")
        await asyncio.to_thread(server.start)
        yield House(server, smtp)
        await asyncio.to_thread(server.stop)


def code_in(mail: Mail) -> str:
    found = re.search(r"^\d{6}\r?$", mail.text(), re.MULTILINE)
    assert found, mail.text()
    return found[0].strip()


async def test_sign_up_verify_forget_recover(house: House) -> None:
    signed_up = await asyncio.to_thread(house.server.sign_up, ADA)
    assert signed_up.status == 200, signed_up.body
    identity_id = signed_up.body["identity"]["id"]
    assert (await house.address(identity_id))["verified"] is False

    mail = await house.mail(1)
    assert mail.recipients == (ADA,)
    link = re.search(r"https?://\S+[?&]flow=([0-9a-f-]{36})", mail.text())
    assert link, mail.text()
    flow_url = f"{house.server.public}/self-service/verification/flows?id={link[1]}"
    flow = (await house.ask("GET", flow_url)).body
    wrong = await house.submit(flow, method="code", code="000000")
    assert (await house.address(identity_id))["verified"] is False, wrong.body
    await house.submit(flow, method="code", code=code_in(mail))
    assert (await house.address(identity_id))["verified"] is True

    flow = await house.start("recovery")
    await house.submit(flow, method="code", email=ADA)
    mail = await house.mail(2)
    assert "recover" in mail.message["Subject"]
    recovered = await house.submit(flow, method="code", code=code_in(mail))
    assert recovered.status == 200, recovered.body
    steps = {each["action"]: each for each in recovered.body["continue_with"]}
    new_token = steps["set_ory_session_token"]["ory_session_token"]
    settings_id = steps["show_settings_ui"]["flow"]["id"]
    assert await house.is_signed_in(new_token)
    assert not await house.is_signed_in(signed_up.body["session_token"]), "whoever was signed in before is out"

    url = f"{house.server.public}/self-service/settings?flow={settings_id}"
    changed = await house.ask("POST", url, {"method": "password", "password": NEW_PASSWORD}, new_token)
    assert changed.status == 200, changed.body
    assert (await house.sign_in(PASSWORD)).status == 400
    assert (await house.sign_in(NEW_PASSWORD)).status == 200

    again = await house.submit(flow, method="code", code=code_in(mail))
    assert again.status != 200 or "continue_with" not in again.body, "a code works once"


async def test_a_stranger_gets_no_mail(house: House) -> None:
    flow = await house.start("recovery")
    answer = await house.submit(flow, method="code", email="nobody@example.org")
    assert answer.status == 200
    await asyncio.to_thread(house.server.sign_up, ADA)
    assert (await house.mail(1)).recipients == (ADA,)
    assert len(house.smtp.mails) == 1
