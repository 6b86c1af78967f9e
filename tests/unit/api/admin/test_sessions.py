"""Sessions as administrators see and end them, one by one and in bulk."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from starlette.types import ASGIApp

from doorward.api.admin.session_bulk import SessionBulkApi
from doorward.api.admin.sessions import AdminSessionsApi, SessionHouse
from doorward.clock import MovableClock
from doorward.flows.session_ending import SessionEnding
from doorward.identities.events import EventKind
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from doorward.observability.metrics import make_metrics
from doorward.sessions.model import Issued
from doorward.web.middleware import admin_stack
from flows_house import SCHEMA
from public_port import JSON, PublicPort, Reply, call, signed_in_elsewhere, signed_up

NOBODY = str(uuid4())


@dataclass(frozen=True, slots=True)
class AdminPort:
    """The endpoints over the database of the public port, and a person with three sessions, oldest first."""

    app: ASGIApp
    port: PublicPort
    person: str
    sessions: Sequence[Issued]

    async def ask(self, method: str, path: str, body: Any = None) -> Reply:
        headers = {**JSON, "host": "127.0.0.1:4434"}
        if body is None:
            return await call(self.app, method, path, headers)
        return await call(self.app, method, path, {**headers, "content-type": "application/json"}, orjson.dumps(body))

    def id(self, index: int) -> str:
        return str(self.sessions[index].session.id)

    async def status_of(self, index: int) -> int:
        """What whoami says to a session."""
        held = {"x-session-token": self.sessions[index].token}
        return (await call(self.port.app, "GET", "/sessions/whoami", held)).status


async def make_admin(port: PublicPort, *, is_extend_quick: bool = False) -> AdminPort:
    person = (await signed_up(port.client(), "ada@example.org")).json["identity"]["id"]
    schemas = SchemaRegistry([IdentitySchema("person", "base64://e30=", SCHEMA)], "person")
    ending = SessionEnding(IdentityService(schemas, port.events, port.clock), port.site.sessions, port.clock)
    house = SessionHouse(port.database, ending, port.clock, "http://p/", is_extend_quick)
    await port.database.transaction(lambda tx: ending.delete_all(tx, UUID(person), house.cause()))
    port.events.events.clear()
    routes = [*AdminSessionsApi(house).routes(), *SessionBulkApi(house).routes()]
    sessions = [await signed_in_elsewhere(port, person) for _ in range(3)]
    return AdminPort(admin_stack(routes, port.config.serve.admin, make_metrics()), port, person, sessions)


@pytest.fixture
async def admin(port: PublicPort) -> AdminPort:
    return await make_admin(port)


async def test_all_are_listed_page_by_page(admin: AdminPort) -> None:
    seen: list[str] = []
    path = "/admin/sessions?page_size=2"
    while path:
        answer = await admin.ask("GET", path)
        seen += [each["id"] for each in answer.json]
        links = {name: url for url, name in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.header("link"))}
        path = links.get("next", "")
    assert seen == [admin.id(2), admin.id(1), admin.id(0)]
    assert (await admin.ask("GET", "/sessions")).json == (await admin.ask("GET", "/admin/sessions")).json


async def test_what_a_list_shows(admin: AdminPort) -> None:
    plain = (await admin.ask("GET", "/admin/sessions")).json[0]
    assert (plain["identity"], plain["devices"]) == (None, None)
    full = (await admin.ask("GET", "/admin/sessions?expand=identity&expand=devices")).json[0]
    assert (full["identity"]["id"], full["devices"][0]["user_agent"]) == (admin.person, "other")
    assert full["identity"]["metadata_admin"] is None
    assert "verifiable_addresses" not in full["identity"]
    assert (await admin.ask("GET", "/admin/sessions?active=nonsense")).status == 400


async def test_only_good_ones_or_only_the_others(admin: AdminPort) -> None:
    await admin.ask("DELETE", f"/admin/sessions/{admin.id(1)}")
    for prefix in ("/admin/sessions", f"/admin/identities/{admin.person}/sessions"):
        good = (await admin.ask("GET", f"{prefix}?active=true")).json
        ended = (await admin.ask("GET", f"{prefix}?active=false")).json
        assert [each["id"] for each in good] == [admin.id(2), admin.id(0)]
        assert [each["id"] for each in ended] == [admin.id(1)]


async def test_one(admin: AdminPort) -> None:
    path = f"/admin/sessions/{admin.id(0)}"
    plain = (await admin.ask("GET", path)).json
    assert (plain["identity"], plain["devices"]) == (None, [])
    full = (await admin.ask("GET", f"{path}?expand=Identity&expand=devices")).json
    assert full["identity"]["verifiable_addresses"][0]["value"] == "ada@example.org"
    assert len(full["devices"]) == 1
    assert (await admin.ask("GET", f"{path}?expand=nonsense")).status == 400


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("DELETE", ""), ("PATCH", "/extend")])
async def test_none(admin: AdminPort, method: str, end: str) -> None:
    assert (await admin.ask(method, f"/admin/sessions/{NOBODY}{end}")).status == 404
    assert (await admin.ask(method, f"/admin/sessions/nonsense{end}")).status == 400


async def test_one_is_ended_and_can_still_be_read(admin: AdminPort) -> None:
    for _ in range(2):
        assert (await admin.ask("DELETE", f"/admin/sessions/{admin.id(0)}")).status == 204
    assert [await admin.status_of(index) for index in range(3)] == [401, 200, 200]
    assert not (await admin.ask("GET", f"/admin/sessions/{admin.id(0)}")).json["active"]
    events = admin.port.events.events
    assert [(each.kind, each.cause.source) for each in events] == [(EventKind.SESSION_REVOKED, "admin")]


async def test_a_session_that_expired_lives_again(admin: AdminPort, clock: MovableClock) -> None:
    clock.move(hours=25)
    assert await admin.status_of(0) == 401
    answer = await admin.ask("PATCH", f"/admin/sessions/{admin.id(0)}/extend")
    assert (answer.status, answer.json["active"], answer.json["devices"]) == (200, True, [])
    assert answer.json["identity"]["id"] == admin.person
    assert await admin.status_of(0) == 200


async def test_a_revoked_one_does_not(admin: AdminPort) -> None:
    await admin.ask("DELETE", f"/admin/sessions/{admin.id(0)}")
    answer = await admin.ask("PATCH", f"/admin/sessions/{admin.id(0)}/extend")
    assert (answer.status, answer.json["active"]) == (200, False)
    assert await admin.status_of(0) == 401


async def test_a_quick_extension_tells_nothing(port: PublicPort, clock: MovableClock) -> None:
    admin = await make_admin(port, is_extend_quick=True)
    clock.move(hours=23)
    answer = await admin.ask("PATCH", f"/admin/sessions/{admin.id(0)}/extend")
    assert (answer.status, answer.body) == (204, b"")
    clock.move(hours=2)
    assert [await admin.status_of(index) for index in range(2)] == [200, 401]


async def test_the_sessions_of_a_person(admin: AdminPort) -> None:
    path = f"/admin/identities/{admin.person}/sessions"
    answer = await admin.ask("GET", f"{path}?per_page=2&page=2")
    assert ([each["id"] for each in answer.json], answer.header("x-total-count")) == ([admin.id(0)], "3")
    assert answer.json[0]["identity"]["schema_url"] == ""
    assert len(answer.json[0]["devices"]) == 1
    nobody = await admin.ask("GET", f"/admin/identities/{NOBODY}/sessions")
    assert (nobody.status, nobody.json, nobody.header("x-total-count")) == (200, [], "0")


async def test_all_of_a_person_are_removed(admin: AdminPort) -> None:
    path = f"/admin/identities/{admin.person}/sessions"
    assert [(await admin.ask("DELETE", path)).status for _ in range(2)] == [204, 404]
    assert await admin.status_of(0) == 401
    assert (await admin.ask("GET", f"/admin/sessions/{admin.id(0)}")).status == 404
    assert len(admin.port.events.events) == 3
    for method in ("GET", "DELETE"):
        assert (await admin.ask(method, "/admin/identities/nonsense/sessions")).status == 400


async def test_many_are_ended_by_id(admin: AdminPort) -> None:
    order = {"action": "disable", "sessions": [admin.id(0), admin.id(0), NOBODY]}
    assert (await admin.ask("POST", "/admin/sessions", order)).json == {"processed": 1, "more": False}
    assert (await admin.ask("POST", "/admin/sessions", order)).json == {"processed": 0, "more": False}
    assert [await admin.status_of(index) for index in range(2)] == [401, 200]


async def test_many_are_removed_by_person(admin: AdminPort) -> None:
    stranger = admin.port.client()
    await signed_up(stranger, "eve@example.org")
    order = {"action": "delete", "identities": [admin.person, NOBODY]}
    assert (await admin.ask("POST", "/sessions", order)).json == {"processed": 3, "more": False}
    assert (await admin.ask("GET", f"/admin/sessions/{admin.id(0)}")).status == 404
    assert (await stranger.get("/sessions/whoami")).status == 200


async def test_everybody_is_signed_out_part_by_part(admin: AdminPort) -> None:
    for _ in range(500):
        await signed_in_elsewhere(admin.port, admin.person)
    order = {"action": "disable", "identities": ["*"]}
    answers = [(await admin.ask("POST", "/admin/sessions", order)).json for _ in range(3)]
    assert answers == [
        {"processed": 500, "more": True},
        {"processed": 3, "more": False},
        {"processed": 0, "more": False},
    ]


@pytest.mark.parametrize(
    "order",
    [
        {},
        [],
        {"action": "disable"},
        {"identities": [NOBODY]},
        {"action": "DISABLE", "identities": [NOBODY]},
        {"action": "disable", "identities": []},
        {"action": "disable", "identities": [NOBODY], "sessions": [NOBODY]},
        {"action": "disable", "identities": ["nonsense"]},
        {"action": "disable", "sessions": ["*"]},
        {"action": "disable", "identities": ["*", NOBODY]},
        {"action": "disable", "identities": [NOBODY] * 501},
        {"action": "disable", "identities": NOBODY},
        {"action": "disable", "identities": [1]},
        {"action": ["disable"], "identities": [NOBODY]},
    ],
)
async def test_orders_that_are_refused(admin: AdminPort, order: Any) -> None:
    answer = await admin.ask("POST", "/admin/sessions", order)
    assert (answer.status, answer.header("ory-error-id")) == (400, "")
    assert answer.json["error"]["reason"]


async def test_an_order_is_json(admin: AdminPort) -> None:
    headers = {**JSON, "host": "127.0.0.1:4434"}
    for kind, body in (("text/plain", b"{}"), ("application/json", b"{"), ("application/json", b"null")):
        answer = await call(admin.app, "POST", "/admin/sessions", {**headers, "content-type": kind}, body)
        assert answer.status == 400
