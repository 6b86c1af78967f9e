"""People of an older system sign in at a real server: imported without a password, asked for once, kept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from http_target import Target, serve_target
from running import Answer, Server, request

pytestmark = pytest.mark.slow

OLD, ADA = "the-old-systems-own-password", "ada@example.org"
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
selfservice:
  default_browser_return_url: http://127.0.0.1:4455/
  methods:
    password:
      enabled: true
      config:
        haveibeenpwned_enabled: false
        migrate_hook:
          enabled: true
          config:
            url: {url}
            auth: {{type: api_key, config: {{name: X-Key, value: the-key, in: header}}}}
"""


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """An older system that knows OLD."""

    def judge(_: web.Request) -> web.Response:
        status = "password_match" if orjson.loads(found.seen[-1].body)["password"] == OLD else "no"
        return web.json_response({"status": status})

    async with serve_target() as found:
        found.answers["/check"] = judge
        yield found


@pytest.fixture
async def server(tmp_path: Path, target: Target) -> AsyncIterator[Server]:
    made = Server(tmp_path, CONFIG.format(folder=tmp_path, url=target.url("/check")), "--dev")
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


async def sign_in(server: Server, password: str, email: str = ADA) -> Answer:
    flow = await asyncio.to_thread(request, "GET", f"{server.public}/self-service/login/api")
    proof = {"method": "password", "identifier": email, "password": password}
    return await asyncio.to_thread(request, "POST", flow.body["ui"]["action"], proof)


async def test_who_was_imported_without_a_password_signs_in_with_the_old_one(server: Server, target: Target) -> None:
    person = {
        "schema_id": "default",
        "traits": {"email": ADA},
        "credentials": {"password": {"config": {"use_password_migration_hook": True}}},
    }
    made = await asyncio.to_thread(request, "POST", f"{server.admin}/admin/identities", person)
    assert made.status == 201, made.body
    assert (await sign_in(server, "a-wrong-password-1")).status == 400
    for _ in range(2):
        assert (await sign_in(server, OLD)).status == 200
    assert [orjson.loads(each.body)["password"] for each in target.seen] == ["a-wrong-password-1", OLD]
    assert {each.headers["x-key"] for each in target.seen} == {"the-key"}
    shown = f"{server.admin}/admin/identities/{made.body['id']}?include_credential=password"
    config = (await asyncio.to_thread(request, "GET", shown)).body["credentials"]["password"]["config"]
    assert config["hashed_password"].startswith("$2a$04$")
    assert not config.get("use_password_migration_hook")
    target.answers["/check"] = lambda _: web.Response(status=418)
    grace = {**person, "traits": {"email": "grace@example.org"}}
    assert (await asyncio.to_thread(request, "POST", f"{server.admin}/admin/identities", grace)).status == 201
    assert (await sign_in(server, OLD, "grace@example.org")).status == 502
    log = server.log.read_text()
    assert "password_migration_failed" in log
    assert not [secret for secret in (OLD, "the-key", target.url("/check")) if secret in log]
