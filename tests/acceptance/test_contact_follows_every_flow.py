"""One property of a contact is changed from every flow: by web_hooks of a plain Kratos file, and by `hook: hubspot`."""

import asyncio
import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from running import PASSWORD, TOKEN, Answer, Server, Simulator, connected, request, running, until
from smtp_server import SmtpServer, running_smtp

pytestmark = pytest.mark.slow

ADA = "ada@example.org"
PROPERTY = "jobtitle"
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
feature_flags: {{use_continue_with_transitions: true}}
courier: {{smtp: {{connection_uri: "smtp://127.0.0.1:{port}/?disable_starttls=true", from_address: id@example.org}}}}
selfservice:
  default_browser_return_url: http://127.0.0.1:4455/
  methods:
    password: {{enabled: true, config: {{haveibeenpwned_enabled: false}}}}
    profile: {{enabled: true}}
    code: {{enabled: true}}
  flows:
    registration: {{after: {{password: {{hooks: [{registration}, {{hook: session}}]}}}}}}
    login: {{after: {{password: {{hooks: [{login}]}}}}}}
    settings: {{after: {{profile: {{hooks: [{settings}]}}}}}}
    verification: {{enabled: true, use: code, after: {{hooks: [{verification}]}}}}
    recovery: {{enabled: true, use: code, after: {{hooks: [{recovery}]}}}}
"""
FLOWS = ("registration", "verification", "login", "settings", "recovery")
UPSERT = """
function(ctx) {{
  inputs: [{{
    id: ctx.identity.traits.email,
    idProperty: 'email',
    properties: {{ email: ctx.identity.traits.email, {property}: '{flow}' }},
  }}],
}}
"""
PROPERTIES = "function(ctx) {{ properties: {{ email: ctx.identity.traits.email, {property}: '{flow}' }} }}"


def template(text: str, flow: str) -> str:
    made = text.format(property=PROPERTY, flow=flow)
    return "base64://" + base64.b64encode(made.encode()).decode()


def web_hook(simulator: Simulator, flow: str, *, is_ignored: bool) -> str:
    url = f"{simulator.url}/crm/v3/objects/contacts/batch/upsert"
    auth = f'{{type: api_key, config: {{name: Authorization, value: "Bearer {TOKEN}", in: header}}}}'
    ignore = str(is_ignored).lower()
    return (
        f'{{hook: web_hook, config: {{url: "{url}", method: POST, body: "{template(UPSERT, flow)}", auth: {auth}, '
        f"response: {{ignore: {ignore}}}}}}}"
    )


def hubspot(flow: str) -> str:
    return (
        f'{{hook: hubspot, config: {{destination: hubspot, body: "{template(PROPERTIES, flow)}", basis: contract, '
        "why: The account team sees what happened last.}}"
    )


class Ada:
    """Somebody with a native app and a mailbox."""

    def __init__(self, server: Server, smtp: SmtpServer) -> None:
        self.server, self.smtp = server, smtp
        self.token = ""

    def start(self, kind: str) -> Any:
        headers = {"X-Session-Token": self.token} if kind == "settings" else {}
        return request("GET", f"{self.server.public}/self-service/{kind}/api", headers=headers).body

    def submit(self, flow: Mapping[str, Any], **body: Any) -> Answer:
        headers = {"X-Session-Token": self.token} if "settings" in flow["ui"]["action"] else {}
        answer = request("POST", flow["ui"]["action"], body, headers)
        assert answer.status == 200, answer.body
        return answer

    def mailed(self, pattern: str, number: int) -> str:
        until(f"mail {number}", lambda: len(self.smtp.mails) >= number)
        found = re.search(pattern, self.smtp.mails[number - 1].text(), re.MULTILINE)
        assert found, self.smtp.mails[number - 1].text()
        return found[1]

    def goes_through(self, flow: str) -> None:
        {
            "registration": self.registration,
            "verification": self.verification,
            "login": self.login,
            "settings": self.settings,
            "recovery": self.recovery,
        }[flow]()

    def registration(self) -> None:
        signed_up = self.server.sign_up(ADA)
        assert signed_up.status == 200, signed_up.body

    def verification(self) -> None:
        flow_id = self.mailed(r"[?&]flow=([0-9a-f-]{36})", 1)
        flow = request("GET", f"{self.server.public}/self-service/verification/flows?id={flow_id}").body
        self.submit(flow, method="code", code=self.mailed(r"^(\d{6})\r?$", 1))

    def login(self) -> None:
        answer = self.submit(self.start("login"), method="password", identifier=ADA, password=PASSWORD)
        self.token = answer.body["session_token"]

    def settings(self) -> None:
        self.submit(self.start("settings"), method="profile", traits={"email": ADA, "name": {"first": "Ada"}})

    def recovery(self) -> None:
        flow = self.start("recovery")
        self.submit(flow, method="code", email=ADA)
        self.submit(flow, method="code", code=self.mailed(r"^(\d{6})\r?$", 2))


def last_seen(simulator: Simulator) -> str | None:
    url = f"{simulator.url}/crm/v3/objects/contacts/{ADA}?idProperty=email&properties={PROPERTY}"
    answer = request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"})
    return answer.body["properties"].get(PROPERTY) if answer.status == 200 else None


def walk(server: Server, smtp: SmtpServer, simulator: Simulator) -> None:
    ada = Ada(server, smtp)
    for flow in FLOWS:
        ada.goes_through(flow)
        until(f"the {flow} at the contact", lambda flow=flow: last_seen(simulator) == flow)
    until("the end of the queue", lambda: not server.open_deliveries())
    assert simulator.emails() == [ADA]


@pytest.mark.parametrize("kind", ["waited for", "in the background", "hubspot"])
async def test_a_property_is_changed_from_every_flow(tmp_path: Path, simulator: Simulator, kind: str) -> None:
    async with running_smtp(SmtpServer()) as smtp:
        hooks = {
            flow: hubspot(flow) if kind == "hubspot" else web_hook(simulator, flow, is_ignored=kind != "waited for")
            for flow in FLOWS
        }
        config = CONFIG.format(folder=tmp_path, port=smtp.port, **hooks)
        if kind == "hubspot":
            server = await asyncio.to_thread(connected, tmp_path, simulator, config)
        else:
            server = Server(tmp_path, config, "--dev")

        def run() -> None:
            with running(server):
                walk(server, smtp, simulator)

        await asyncio.to_thread(run)
