"""`doorward alerts`, as it is typed: what is listed, and what a test message is answered."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from doorward.cli.main import main
from doorward.clock import SystemClock
from doorward.config.model_delivery import AlertsConfig
from doorward.delivery.alerts.model import WatchSettings
from doorward.delivery.alerts.watch import Watch
from doorward.storage.engine import open_database
from http_target import Target, serve_target

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as target:
        yield target


class Program:
    """The program with a configuration of its own; commands run in a thread, so that the receiver can answer."""

    def __init__(self, folder: Path, alerts: dict[str, Any]) -> None:
        self.file = folder / "doorward.yml"
        self.dsn = f"sqlite://{folder}/doorward.sqlite"
        self.file.write_text(json.dumps({"dsn": self.dsn, "alerts": alerts}))

    async def run(self, *words: str, code: int = 0) -> Result:
        arguments = [*words, "--config", str(self.file), "--dev"]
        result = await asyncio.to_thread(CliRunner().invoke, main, arguments)
        assert result.exit_code == code, result.output
        return result

    async def json(self, *words: str) -> Any:
        return json.loads((await self.run(*words, "--json")).stdout)

    async def look(self) -> None:
        """As a server does every few seconds."""
        database = open_database(self.dsn, SystemClock())
        await database.start()
        defaults = AlertsConfig()
        settings = WatchSettings(defaults.waiting_longer_than, defaults.every, has_receiver=True)
        await Watch(database, SystemClock(), settings).look()
        await database.close()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target) -> Program:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOORWARD_CONFIG", raising=False)
    return Program(tmp_path, {"url": target.url("/alerts/a-secret-word"), "signing_secrets": [SECRET]})


async def test_a_test_message_is_sent_at_once_and_its_answer_shown(program: Program, target: Target) -> None:
    told = await program.json("alerts", "test")
    (seen,) = target.seen
    assert told == {
        "webhook_id": seen.headers["webhook-id"],
        "http_status": 200,
        "arrived": True,
        "problem": None,
    }
    assert json.loads(seen.body)["type"] == "alert.test"
    assert "The receiver answered 200" in (await program.run("alerts", "test")).stdout
    assert await program.json("alerts", "list") == []


async def test_a_receiver_that_refuses_ends_the_command_in_failure(program: Program, target: Target) -> None:
    target.answers["/alerts/a-secret-word"] = lambda _: web.Response(status=403)
    failed = await program.run("alerts", "test", code=1)
    assert "The receiver answered 403. [alert_not_received]" in failed.output
    assert "a-secret-word" not in failed.output


async def test_without_an_address_it_says_what_to_set(tmp_path: Path, program: Program) -> None:
    failed = await Program(tmp_path, {}).run("alerts", "test", code=1)
    assert "alerts.url" in failed.output
    assert "[no_receiver]" in failed.output


async def test_the_list_says_what_is_wrong_what_to_do_and_who_was_told(program: Program) -> None:
    assert "Nothing found." in (await program.run("alerts", "list")).stdout
    await program.run("pauses", "pause", "destination", "crm", "--reason", "Audit of ada@example.org")
    await program.look()
    (shown,) = await program.json("alerts", "list")
    assert (shown["kind"], shown["name"], shown["code"]) == ("paused", "crm", "paused_by_operator")
    assert (shown["what"], shown["ended_at"], shown["sent"]) == ("The destination crm is paused.", None, "0 of 1")
    assert [each["attempts"] for each in shown["messages"]] == [0]
    await program.run("pauses", "resume", "destination", "crm")
    await program.look()
    (over,) = await program.json("alerts", "list")
    assert (over["id"], over["what"], over["sent"]) == (
        shown["id"],
        "The destination crm is no longer paused.",
        "0 of 2",
    )
    assert over["ended_at"] >= over["since"]
    assert "no longer paused" in (await program.run("alerts", "list", "--limit", "1")).stdout
