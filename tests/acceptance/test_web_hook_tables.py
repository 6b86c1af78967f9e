"""Kratos's own tables of what web_hooks send and what their answers do, row by row, against a running server.

After TestWebHooks of its `web_hook_integration_test.go`, told in our own words; what is meant to differ is in
`docs/reference/compatibility.md`.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hook_sink import Arrived, HookSink, running_sink
from running import PASSWORD, Answer, Server, request, until
from smtp_server import SmtpServer, running_smtp

pytestmark = pytest.mark.slow

METHODS = ("CONNECT", "DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT", "GARBAGE", "TRACE")
AUTHS: Mapping[str, tuple[Any, dict[str, list[str]]]] = {
    "none": (None, {}),
    "header": ({"type": "api_key", "config": {"name": "My-Key", "value": "My-Key-Value", "in": "header"}},
               {"my-key": ["My-Key-Value"]}),
    "cookie": ({"type": "api_key", "config": {"name": "My-Key", "value": "My-Key-Value", "in": "cookie"}},
               {"cookie": ["My-Key=My-Key-Value"]}),
    "basic": ({"type": "basic_auth", "config": {"user": "My-User", "password": "Super-Secret"}},
              {"authorization": ["Basic TXktVXNlcjpTdXBlci1TZWNyZXQ="]}),
}  # fmt: skip
TEMPLATE = """
function(ctx) std.prune({
  flow_id: ctx.flow.id,
  identity_id: if std.objectHas(ctx, 'identity') then ctx.identity.id,
  session_id: if std.objectHas(ctx, 'session') then ctx.session.id,
  headers: ctx.request_headers,
  url: ctx.request_url,
  method: ctx.request_method,
  cookies: ctx.request_cookies,
  transient_payload: if std.objectHas(ctx.flow, 'transient_payload') then ctx.flow.transient_payload,
})
"""
SENT = {
    "User-Agent": "Foo-Bar-Browser",
    "Valid-Header": "Present",
    "Invalid-Header": "ignored",
    "Some-Header": "Some-Value",
    # Those that programs may send along: a CDN's.
    "Cookie": "cf_one=1; cf_two=two; cf_one=last",
}
COOKIES = {"cf_one": "last", "cf_two": "two"}
ALWAYS = {"flow_id", "headers", "url", "method", "cookies"}
WITH_PERSON = ALWAYS | {"identity_id", "transient_payload"}
WITH_SESSION = WITH_PERSON | {"session_id"}
MESSAGE = {"id": 1234, "text": "error message", "type": "info"}
BLOCK = (400, {"messages": [{"instance_ptr": "#/traits/username", "messages": [MESSAGE]}]})
FLOWS: Mapping[str, Any] = {
    "registration": {"style": "unified"},
    "login": {},
    "settings": {},
    "recovery": {"enabled": True, "use": "code"},
    "verification": {"enabled": True, "use": "code"},
}


def hook(sink: HookSink, name: str, method: str = "POST", **more: Any) -> dict[str, Any]:
    body = "base64://" + base64.b64encode(TEMPLATE.encode()).decode()
    return {"hook": "web_hook", "config": {"url": sink.url(name), "method": method, "body": body, **more}}


class House:
    """A server with its targets and its mail server, and what a native client does."""

    def __init__(self, server: Server, sink: HookSink, smtp: SmtpServer) -> None:
        self.server = server
        self.sink = sink
        self.smtp = smtp

    async def ask(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        sent = {**SENT, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await asyncio.to_thread(request, method, url, body, sent)

    async def start(self, kind: str, **headers: str) -> Answer:
        return await self.ask("GET", f"{self.server.public}/self-service/{kind}/api", **headers)

    async def submit(self, flow: Any, body: Any, **headers: str) -> Answer:
        return await self.ask("POST", flow["ui"]["action"], {**body, "transient_payload": {"stuff": 1}}, **headers)

    async def sign_up(self, email: str, **more: Any) -> Answer:
        flow = (await self.start("registration")).body
        body = {"method": "password", "password": PASSWORD, "traits": {"email": email, **more}}
        return await self.submit(flow, body)

    async def sign_in(self, email: str) -> Answer:
        flow = (await self.start("login")).body
        return await self.submit(flow, {"method": "password", "identifier": email, "password": PASSWORD})

    async def save(self, email: str, name: str, token: str) -> Answer:
        flow = (await self.start("settings", X_Session_Token=token)).body
        body = {"method": "profile", "traits": {"email": email, "name": {"first": name}}}
        return await self.submit(flow, body, X_Session_Token=token)

    async def prove(self, kind: str, email: str) -> Answer:
        """Recovery or verification, up to the code that came by mail."""
        flow = (await self.start(kind)).body
        number = len(self.smtp.mails)
        await self.submit(flow, {"method": "code", "email": email})
        await asyncio.to_thread(until, "the mail", lambda: len(self.smtp.mails) > number)
        found = re.search(r"^\d{6}\r?$", self.smtp.mails[-1].text(), re.MULTILINE)
        assert found
        return await self.submit(flow, {"method": "code", "code": found[0].strip()})

    async def take(self, count: int) -> list[Arrived]:
        return await asyncio.to_thread(self.sink.take, count)

    async def identity(self, identity_id: str) -> Any:
        return (await self.ask("GET", f"{self.server.admin}/admin/identities/{identity_id}")).body


@asynccontextmanager
async def opened(folder: Path, sink: HookSink, flows: Mapping[str, Any]) -> AsyncIterator[House]:
    async with running_smtp(SmtpServer()) as smtp:
        mail = {
            "connection_uri": f"smtp://127.0.0.1:{smtp.port}/?disable_starttls=true",
            "from_address": "id@example.org",
        }
        config = {
            "dsn": f"sqlite://{folder}/doorward.sqlite",
            "hashers": {"algorithm": "bcrypt", "bcrypt": {"cost": 4}},
            "courier": {"smtp": mail},
            "clients": {"web_hook": {"header_allowlist": ["User-Agent", "valid-header", "Host"]}},
            "feature_flags": {"use_continue_with_transitions": True},
            "selfservice": {
                "default_browser_return_url": "http://127.0.0.1:4455/",
                "methods": {
                    "password": {"enabled": True, "config": {"haveibeenpwned_enabled": False}},
                    "code": {"enabled": True},
                },
                "flows": {kind: {**own, **flows.get(kind, {})} for kind, own in FLOWS.items()},
            },
        }
        server = Server(folder, "\n".join(f"{key}: {json.dumps(value)}" for key, value in config.items()), "--dev")
        await asyncio.to_thread(server.start)
        try:
            yield House(server, sink, smtp)
        finally:
            await asyncio.to_thread(server.stop)


def check_shape(arrived: list[Arrived], phase: str, keys: set[str], method: str, url: str) -> None:
    """Each of the table's rows: its authentication, its method, and a body with these keys."""
    found = {each.name: each for each in arrived}
    assert set(found) == {f"{phase}-{auth}-{kind}" for auth in AUTHS for kind in METHODS}
    for auth, (_, expected) in AUTHS.items():
        for kind in METHODS:
            one = found[f"{phase}-{auth}-{kind}"]
            assert one.method == kind
            assert {name: one.headers.get(name) for name in expected} == expected, one
            assert one.headers["content-type"] == ["application/json"]
            assert all(len(one.headers[f"ory-webhook-{name}-id"][0]) == 36 for name in ("request", "trigger"))
            if kind == "TRACE":
                assert one.body == b""
                continue
            body = one.json
            assert set(body) == keys
            assert (body["method"], body["url"].partition("?")[0]) == (method, url)
            assert body["cookies"] == COOKIES
            assert body["headers"] == {"User-Agent": ["Foo-Bar-Browser"], "Valid-Header": ["Present"]}
            assert body.get("transient_payload", {"stuff": 1}) == {"stuff": 1}


def in_each_phase(every: Callable[[str], list[dict[str, Any]]]) -> dict[str, Any]:
    """The flows with the hooks that `every` makes for a phase; a sign-up ends in a session."""
    return {
        "login": {"before": {"hooks": every("pl")}, "after": {"password": {"hooks": every("l")}}},
        "registration": {
            "before": {"hooks": every("pr")},
            "after": {"password": {"hooks": [*every("r"), {"hook": "session"}]}},
        },
        "settings": {"after": {"profile": {"hooks": every("s")}}},
        "recovery": {"after": {"hooks": every("rec")}},
        "verification": {"after": {"hooks": every("v")}},
    }


async def test_what_is_sent_by_phase_authentication_and_method(tmp_path: Path) -> None:
    def every(sink: HookSink, phase: str) -> list[dict[str, Any]]:
        return [
            hook(sink, f"{phase}-{name}-{method}", method, **({"auth": auth} if auth else {}))
            for name, (auth, _) in AUTHS.items()
            for method in METHODS
        ]

    with running_sink() as sink:
        async with opened(tmp_path, sink, in_each_phase(partial(every, sink))) as house:
            count, own = len(AUTHS) * len(METHODS), f"{house.server.public}/self-service"
            signed_up = await house.sign_up("ada@example.org")
            assert signed_up.status == 200, signed_up.body
            arrived = await house.take(2 * count)
            check_shape(arrived[:count], "pr", ALWAYS, "GET", f"{own}/registration/api")
            check_shape(arrived[count:], "r", WITH_PERSON, "POST", f"{own}/registration")
            await until_mailed(house, 1)
            token = (await house.sign_in("ada@example.org")).body["session_token"]
            arrived = await house.take(2 * count)
            check_shape(arrived[:count], "pl", ALWAYS, "GET", f"{own}/login/api")
            check_shape(arrived[count:], "l", WITH_SESSION, "POST", f"{own}/login")
            assert (await house.save("ada@example.org", "Ada", token)).status == 200
            check_shape(await house.take(count), "s", WITH_SESSION, "POST", f"{own}/settings")
            for kind, phase in (("recovery", "rec"), ("verification", "v")):
                assert (await house.prove(kind, "ada@example.org")).status == 200
                check_shape(await house.take(count), phase, WITH_PERSON, "POST", f"{own}/{kind}")


async def until_mailed(house: House, count: int) -> None:
    await asyncio.to_thread(until, "the mail", lambda: len(house.smtp.mails) >= count)


def blocked(answer: Answer) -> Any:
    """The one message on the field that the target named."""
    assert answer.status == 400, answer.body
    messages = {node["attributes"]["name"]: node["messages"] for node in answer.body["ui"]["nodes"]}
    assert not answer.body["ui"].get("messages")
    assert {name for name, found in messages.items() if found} == {"traits.username"}
    return messages["traits.username"]


async def test_interruption_by_phase_and_method(tmp_path: Path) -> None:
    methods = [each for each in METHODS if each != "GARBAGE"]

    def every(sink: HookSink, phase: str) -> list[dict[str, Any]]:
        return [hook(sink, f"{phase}-{method}", method, can_interrupt=True) for method in methods]

    with running_sink() as sink:
        for phase in ("pl", "l", "pr", "r", "s", "rec", "v"):
            sink.answers |= {f"{phase}-{method}": (200, None) for method in methods}
        async with opened(tmp_path, sink, in_each_phase(partial(every, sink))) as house:
            assert (await house.sign_up("ada@example.org")).status == 200
            # Not called again once the person is stored.
            assert len(await house.take(2 * len(methods))) == 2 * len(methods)
            await until_mailed(house, 1)
            token = (await house.sign_in("ada@example.org")).body["session_token"]
            assert (await house.save("ada@example.org", "Ada", token)).status == 200
            for kind in ("recovery", "verification"):
                assert (await house.prove(kind, "ada@example.org")).status == 200
            for method in methods:
                await block_each(house, method, token)


async def block_each(house: House, method: str, token: str) -> None:
    """The target of each phase in turn objects."""
    sink = house.sink

    async def told(phase: str, make: Any) -> Answer:
        sink.answers[f"{phase}-{method}"] = BLOCK
        answer: Answer = await make
        sink.answers[f"{phase}-{method}"] = (200, None)
        return answer

    for phase, kind in (("pl", "login"), ("pr", "registration")):
        before = await told(phase, house.start(kind))
        assert before.status == 400
        (message,) = before.body["error"]["details"]["messages"]
        assert message == MESSAGE
    assert blocked(await told("l", house.sign_in("ada@example.org"))) == [MESSAGE]
    assert blocked(await told("r", house.sign_up(f"{method.lower()}@example.org"))) == [MESSAGE]
    assert blocked(await told("s", house.save("ada@example.org", method, token))) == [MESSAGE]
    recovery = await told("rec", house.prove("recovery", "ada@example.org"))
    assert (recovery.status, recovery.body["error"]["code"]) == (500, 500)
    (item,) = recovery.body["error"]["details"]["continue_with"]
    assert item["action"] == "show_recovery_ui"
    verification = await told("v", house.prove("verification", "ada@example.org"))
    assert verification.status == 410
    for kind, flow_id in (("recovery", item["flow"]["id"]), ("verification", verification.body["use_flow_id"])):
        fresh = await house.ask("GET", f"{house.server.public}/self-service/{kind}/flows?id={flow_id}")
        messages = {node["attributes"]["name"]: node["messages"] for node in fresh.body["ui"]["nodes"]}
        assert messages["traits.username"] == [MESSAGE]


EXTERNAL = "original-external-id"


@pytest.fixture
async def patching(tmp_path: Path) -> AsyncIterator[House]:
    """Two targets after a registration: the first one makes the start of the table, the second the row's change."""
    with running_sink() as sink:
        hooks = [hook(sink, name, response={"parse": True}) for name in ("first", "second")]
        flows = {"registration": {"after": {"password": {"hooks": hooks}}}}
        start = {"metadata_public": {"public": "data"}, "metadata_admin": {"admin": "data"}, "external_id": EXTERNAL}
        sink.answers["first"] = (200, {"identity": start})
        async with opened(tmp_path, sink, flows) as house:
            yield house


async def test_identity_fields_that_a_target_replaces(patching: House) -> None:
    other = "other@example.org"
    rows: list[tuple[Any, dict[str, Any]]] = [
        ({}, {}),
        ({"identity": {}}, {}),
        ({"identity": {"traits": {"email": other}}}, {"email": other}),
        ({"identity": {"state": "inactive"}}, {"state": "inactive"}),
        ({"identity": {"metadata_public": {"useful": "metadata"}}}, {"metadata_public": {"useful": "metadata"}}),
        ({"identity": {"metadata_admin": {"useful": "data"}}}, {"metadata_admin": {"useful": "data"}}),
        ({"identity": {"external_id": "updated"}}, {"external_id": "updated"}),
        ({"identity": {"external_id": ""}}, {"external_id": None}),
    ]
    rows += [
        ({"identity": {"traits": {"email": other}, f"{kind}_addresses": [{"value": other, "via": "email"}]}},
         {"email": other})
        for kind in ("verifiable", "recovery")
    ]  # fmt: skip
    for number, (answer, changed) in enumerate(rows):
        patching.sink.answers["second"] = (200, answer)
        email = f"row{number}@example.org"
        done = await patching.sign_up(email)
        closed = changed.get("state") == "inactive"
        assert done.status == (400 if closed else 200), done.body
        listed = await patching.ask(
            "GET", f"{patching.server.admin}/admin/identities?credentials_identifier={changed.get('email', email)}"
        )
        (stored,) = listed.body
        found = {
            "email": stored["traits"]["email"],
            "state": stored["state"],
            "metadata_public": stored["metadata_public"],
            "metadata_admin": stored["metadata_admin"],
            "external_id": stored.get("external_id"),
        }
        start = {
            "email": email,
            "state": "active",
            "metadata_public": {"public": "data"},
            "metadata_admin": {"admin": "data"},
            "external_id": EXTERNAL,
        }
        assert found == {**start, **changed}
        for kind in ("verifiable", "recovery"):
            assert [each["value"] for each in stored[f"{kind}_addresses"]] == [found["email"]]
        assert not stored["verifiable_addresses"][0]["verified"]
        gone = await patching.ask("DELETE", f"{patching.server.admin}/admin/identities/{stored['id']}")
        assert gone.status == 204


@pytest.mark.parametrize("phase", ["login", "registration"])
async def test_statuses_where_nobody_reads_the_answer(tmp_path: Path, phase: str) -> None:
    """In the request, and as a delivery that the request waits for; credentials that are refused are an answer, too."""
    key = {"type": "api_key", "config": {"name": "Key", "value": "no", "in": "header"}}
    with running_sink() as sink:
        flows = {phase: {"after": {"password": {"hooks": [hook(sink, "plain", auth=key)]}}}}
        async with opened(tmp_path, sink, flows) as house:
            await house.sign_up("ada@example.org")
            sink.arrived.clear()

            async def answered(number: int) -> Answer:
                if phase == "login":
                    return await house.sign_in("ada@example.org")
                return await house.sign_up(f"{number}@example.org")

            for status in (200, 299, 300, 399):
                sink.answers["plain"] = (status, None)
                assert (await answered(status)).status == 200
            for status in (400, 404, 499, 401):
                sink.answers["plain"] = (status, None)
                failed = await answered(status)
                assert (failed.status, failed.body["error"]["code"]) == (502, 502), (status, failed.body)
            if phase == "login":
                sink.arrived.clear()
                sink.answers["plain"] = (599, None)
                failed = await answered(599)
                assert (failed.status, failed.body["error"]["code"]) == (400, 500)
                assert len(sink.arrived) == 3
            else:
                # The hook rests until its credentials are mended: the next one hears so at once.
                failed = await answered(402)  # the number makes the address only
                assert (failed.status, failed.body["error"]["code"]) == (502, 502), failed.body
