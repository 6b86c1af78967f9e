"""What OWASP's ASVS asks of a whole server and no other test shows (docs/reference/asvs.md)."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from doorward.clock import MovableClock
from public_port import HTML, Client, public_port, signed_up
from running import PASSWORD, Answer, Server, exchange, request, running

pytestmark = pytest.mark.slow

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
selfservice:
  methods: {{password: {{config: {{haveibeenpwned_enabled: false}}}}}}
  flows: {{recovery: {{enabled: true}}, registration: {{style: unified}}}}
"""
PAGES = ("/ui/login", "/ui/registration", "/ui/recovery", "/ui/settings", "/ui/error", "/ui/welcome")
STRAY = (
    "/.git/config", "/.env", "/.DS_Store", "/doorward.yml", "/doorward.sqlite", "/ui/static", "/ui/static/",
    "/ui/static/page.js.bak", "/ui/static/style.css~", "/ui/static/page.js.map", "/ui/static/..%2frender.py",
    "/ui/static/%2e%2e/render.py", "/ui/templates/flow.html", "/ui/static/page.js%00.css", "/backup.zip",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("asvs")
    made = Server(folder, CONFIG.format(folder=folder), "--dev")
    with running(made):
        yield made


def submit(server: Server, kind: str, **body: Any) -> Answer:
    """A native client's form of a kind, filled in."""
    flow = request("GET", f"{server.public}/self-service/{kind}/api").body
    return request("POST", flow["ui"]["action"], {"method": "password", **body})


def sign_in(server: Server, email: str, password: str) -> Answer:
    return submit(server, "login", identifier=email, password=password)


def headers_of(
    server: Server, path: str, method: str = "GET", accept: str = "application/json"
) -> list[tuple[str, str]]:
    """As they went over the wire; names in lower case."""
    connection = http.client.HTTPConnection(urlsplit(server.public).netloc, timeout=20)
    try:
        connection.request(method, path, headers={"Accept": accept})
        answer = connection.getresponse()
        answer.read()
        return [(":status", str(answer.status)), *((name.lower(), value) for name, value in answer.getheaders())]
    finally:
        connection.close()


def described_paths(server: Server) -> list[str]:
    """What the server says that it can be asked, with an id that is not there in the place of each parameter."""
    document = request("GET", f"{server.public}/openapi.json").body
    return [re.sub(r"\{\w+\}", "x", path) for path, methods in document["paths"].items() if "get" in methods]


def test_nobody_is_there_before_somebody_signs_up(tmp_path: Path) -> None:
    fresh = Server(tmp_path, CONFIG.format(folder=tmp_path), "--dev")
    with running(fresh):
        assert fresh.told("identities", "list") == []
        for name in ("admin", "root", "doorward", "admin@example.org"):
            assert sign_in(fresh, name, name).status == 400


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("lower", "onlysmallletters"),
        ("digits", "8305927461"),
        ("blanks", "  two  blanks  around  "),
        ("emoji", "🦉🦉🦉 lechuza ねこ"),
        ("quotes", "'; DROP TABLE identities; --"),
        ("of-64", "pass phrase " * 5 + "abcd"),
        ("of-128", "long pass phrase" * 8),
    ],
)
def test_a_password_signs_in_as_it_was_typed(server: Server, name: str, password: str) -> None:
    email = f"{name}@example.org"
    assert submit(server, "registration", password=password, traits={"email": email}).status == 200
    assert sign_in(server, email, password).status == 200
    assert sign_in(server, email, f"{password} ").status == 400
    assert (
        sign_in(server, email, password.strip() if password != password.strip() else password.upper() + "x").status
        == 400
    )


def test_of_a_long_password_the_last_letter_counts(server: Server) -> None:
    password = "a very long pass phrase " * 20
    assert submit(server, "registration", password=f"{password}1", traits={"email": "long@example.org"}).status == 200
    assert sign_in(server, "long@example.org", f"{password}2").status == 400
    assert sign_in(server, "long@example.org", f"{password}1").status == 200


async def test_a_password_does_not_grow_old(tmp_path: Path) -> None:
    clock = MovableClock()
    async with public_port(tmp_path, clock) as port:
        assert (await signed_up(port.client(), "ada@example.org")).status == 200
        clock.move(days=1000)
        client: Client = port.client()
        flow = (await client.get("/self-service/login/api")).json
        action = urlsplit(flow["ui"]["action"])._replace(scheme="", netloc="").geturl()
        known = {"method": "password", "identifier": "ada@example.org", "password": "correct-horse-9-battery"}
        assert (await client.post(action, known)).status == 200


def test_recovery_asks_for_the_address_and_nothing_else(server: Server) -> None:
    flow = request("GET", f"{server.public}/self-service/recovery/api").body
    assert {node["attributes"]["name"] for node in flow["ui"]["nodes"]} == {"csrf_token", "email", "method"}


def test_a_session_token_in_the_address_opens_nothing(server: Server) -> None:
    token = server.sign_up("token@example.org").body["session_token"]
    whoami = f"{server.public}/sessions/whoami"
    assert request("GET", whoami, headers={"X-Session-Token": token}).status == 200
    for name in ("X-Session-Token", "session_token", "token", "access_token", "ory_kratos_session", "Authorization"):
        assert request("GET", f"{whoami}?{name}={token}").status == 401


def test_every_sign_in_has_a_token_of_its_own(server: Server) -> None:
    first = server.sign_up("twice@example.org").body
    others = [sign_in(server, "twice@example.org", PASSWORD).body for _ in range(3)]
    assert len({each["session_token"] for each in (first, *others)}) == 4
    assert len({each["session"]["id"] for each in (first, *others)}) == 4


def test_a_form_sets_its_own_fields_and_no_others(server: Server) -> None:
    more = {
        "id": "00000000-0000-4000-8000-000000000001",
        "state": "inactive",
        "schema_id": "staff",
        "external_id": "boss",
        "metadata_public": {"role": "admin"},
        "metadata_admin": {"role": "admin"},
        "credentials": {"password": {"config": {"hashed_password": "x"}}},
        "verifiable_addresses": [{"value": "mass@example.org", "verified": True, "via": "email"}],
        "session": {"authenticator_assurance_level": "aal2"},
    }
    answer = submit(server, "registration", password=PASSWORD, traits={"email": "mass@example.org"}, **more)
    assert answer.status == 200
    identity = server.told("identities", "get", answer.body["identity"]["id"])
    assert identity["id"] != more["id"]
    assert (identity["state"], identity["schema_id"]) == ("active", "default")
    assert not identity.get("external_id")
    assert not identity.get("metadata_public")
    assert not identity.get("metadata_admin")
    assert [each["verified"] for each in identity["verifiable_addresses"]] == [False] * len(
        identity["verifiable_addresses"]
    )
    assert answer.body["session"]["authenticator_assurance_level"] == "aal1"


@pytest.mark.parametrize("path", STRAY)
def test_nothing_lies_beside_the_pages(server: Server, path: str) -> None:
    answer = exchange(server.public, "GET", path)
    assert answer.status in (307, 404), answer.body
    if answer.status == 307:
        # A cleaned path, which is asked for in its turn.
        assert exchange(server.public, "GET", answer.headers["location"]).status == 404


def test_no_answer_names_its_software(server: Server) -> None:
    for path in (*PAGES, *described_paths(server), "/nothing"):
        found = dict(headers_of(server, path))
        assert not {"server", "x-powered-by", "via", "x-generator"} & set(found), path
        assert not re.search(r"uvicorn|starlette|python|doorward/\d", json.dumps(found), re.I), path


def test_every_answer_has_its_type_and_is_not_sniffed(server: Server) -> None:
    paths = described_paths(server)
    assert "/sessions/whoami" in paths
    static = re.findall(r'"(/ui/static/[^"]+)"', str(request("GET", f"{server.public}/ui/login").body))
    for path in (*PAGES, *paths, *static, "/nothing"):
        found = dict(headers_of(server, path))
        assert found["x-content-type-options"] == "nosniff", path
        kind = found["content-type"]
        assert kind.startswith(("application/json", "image/svg+xml")) or "charset=utf-8" in kind, path


def test_pages_ask_for_nothing_and_tell_nobody(server: Server) -> None:
    seen = 0
    for path in PAGES:
        found = dict(headers_of(server, path, accept=HTML["accept"]))
        if found[":status"] not in ("200", "400", "404"):
            continue
        seen += 1
        assert found["referrer-policy"] == "same-origin", path
        assert found["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in found["content-security-policy"], path
        assert "camera=()" in found["permissions-policy"], path
        assert "geolocation=()" in found["permissions-policy"], path
    assert seen
