"""A key is revoked at HubSpot: the operator's receiver hears of it once, signed, and of the end.

Two processes deliver and watch.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from doorward.security.signing import SigningKeys
from http_target import Target, serve_target
from running import BIN, TOKEN, Program, Server, Simulator, connected, request, running, until

pytestmark = pytest.mark.slow

SECRET = "whsec_" + base64.b64encode(b"a receiver knows this key as well").decode()
KEYS = SigningKeys.parse([SECRET])
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
alerts: {{url: "{url}", signing_secrets: [env:ALERT_KEY], email: [ops@example.org]}}
"""


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as target:
        yield target


@pytest.fixture
def server(tmp_path: Path, simulator: Simulator, target: Target, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Connected, with two processes, each with a dispatcher and a watch."""
    monkeypatch.setenv("ALERT_KEY", SECRET)
    url = target.url("/alerts?key=a-word-of-the-url")
    return connected(tmp_path, simulator, CONFIG.format(folder=tmp_path, url=url), "--workers", "2")


def arrived(target: Target) -> list[dict[str, Any]]:
    """What came in, each with a signature that holds and an id of its own."""
    for each in target.seen:
        KEYS.verify(each.headers, each.body, datetime.now(UTC))
    assert len({each.headers["webhook-id"] for each in target.seen}) == len(target.seen)
    return [json.loads(each.body) for each in target.seen]


async def waited(what: str, probe: Callable[[], Any]) -> Any:
    """`until`, while the receiver goes on answering."""
    return await asyncio.to_thread(until, what, probe, 60)


async def test_a_revoked_token_is_told_once_and_so_is_its_recovery(
    server: Server, simulator: Simulator, target: Target
) -> None:
    with running(server):
        assert (await asyncio.to_thread(server.sign_up, "ada@example.org", newsletter=True)).status == 200
        await waited("the first contact", lambda: simulator.find_contact("ada@example.org"))
        revoke = {"kind": "act", "action": "revoke_token", "token": TOKEN, "count": 1}
        assert (await asyncio.to_thread(request, "POST", f"{simulator.url}/_sim/faults", revoke)).status < 300
        for number in range(5):
            await asyncio.to_thread(server.sign_up, f"p{number}@example.org", newsletter=True)
        await waited("the alert", lambda: target.seen)

        restored = {"name": "doorward", "token": TOKEN}
        assert (await asyncio.to_thread(request, "POST", f"{simulator.url}/_sim/tokens", restored)).status < 300
        resumed = await asyncio.to_thread(server.command, "pauses", "resume", "destination", "hubspot")
        assert resumed.returncode == 0, resumed.stderr
        await waited("the recovery", lambda: len(target.seen) > 1)
        await waited("the last contact", lambda: simulator.find_contact("p4@example.org"))
        shown = await asyncio.to_thread(server.told, "alerts", "list")

    raised, recovered = arrived(target)
    assert (raised["type"], recovered["type"]) == ("alert.raised", "alert.recovered")
    data = raised["data"]
    assert (data["kind"], data["scope"], data["name"]) == ("paused", "destination", "hubspot")
    assert data["reason"]
    assert "doorward pauses resume destination hubspot" in data["commands"]
    assert recovered["data"]["id"] == data["id"]
    assert [(each["name"], each["sent"], each["told"]) for each in shown] == [("hubspot", "2 of 2", 2)]
    log = server.log.read_text()
    assert log.count(" alert_raised ") == log.count(" alert_recovered ") == 1
    everything = log + json.dumps([raised, recovered, shown])
    assert not [word for word in (TOKEN, SECRET, "example.org", "a-word-of-the-url") if word in everything]


UNDELIVERED = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
alerts: {{url: "{alerts}", signing_secrets: [env:ALERT_KEY], waiting_longer_than: 1s}}
actions:
  - name: tell
    on: [identity.created]
    hook: web_hook
    config: {{url: "{hook}", method: POST, body: "base64://ZnVuY3Rpb24oY3R4KSBjdHg="}}
"""


async def test_that_no_dispatcher_runs_is_told_by_those_who_only_answer(
    tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_KEY", SECRET)
    config = UNDELIVERED.format(folder=tmp_path, alerts=target.url("/alerts"), hook=target.url("/hook"))
    server = Server(tmp_path, config, "--dev", "--only", "public,admin")
    arguments = [str(BIN / "doorward"), "serve", "--config", str(server.config), "--dev", "--only", "dispatcher"]
    dispatcher = Program(arguments, tmp_path / "dispatcher.log")

    def alerts() -> list[str]:
        return [json.loads(each.body)["type"] for each in target.seen if each.path == "/alerts"]

    with running(server):
        assert (await asyncio.to_thread(server.sign_up, "ada@example.org")).status == 200
        await waited("the alert", alerts)
        assert [each.path for each in target.seen] == ["/alerts"]
        assert arrived(target)[0]["data"]["kind"] == "waiting"
        with running(dispatcher):
            await waited("the recovery", lambda: len(alerts()) > 1)
    assert alerts() == ["alert.raised", "alert.recovered"]
    assert [each.path for each in target.seen].count("/hook") == 1
