"""Hostile input to every endpoint of both ports: whatever is sent, the answer is no 5xx that no upstream caused.

Endpoints come from the server's own description, so a new one is tried without a line here. Forms are sent to real
flows with the right CSRF token: what is behind the door is tried, too.
"""

import http.client
import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from running import PASSWORD, Server, request, running

pytestmark = pytest.mark.slow

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
selfservice:
  methods:
    code: {{passwordless_enabled: true}}
    link: {{enabled: true}}
    totp: {{enabled: true}}
    lookup_secret: {{enabled: true}}
  flows: {{recovery: {{enabled: true}}, verification: {{enabled: true}}}}
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
"""
KINDS = ("registration", "login", "settings", "recovery", "verification")
KNOWN = (
    "method",
    "password",
    "identifier",
    "csrf_token",
    "email",
    "code",
    "token",
    "traits",
    "traits.email",
    "screen",
    "resend",
    "totp_code",
    "totp_unlink",
    "lookup_secret",
    "lookup_secret_confirm",
    "lookup_secret_reveal",
    "transient_payload",
    "schema_id",
    "state",
    "credentials",
    "via",
    "metadata_public",
    "external_id",
    "identities",
    "identity_id",
    "expires_in",
    "session_token",
    "op",
    "path",
    "value",
    "recovery_address",
)
METHODS = ("password", "profile", "code", "link", "totp", "lookup_secret", "identifier_first", "oidc", "nonsense", "")
TEXTS = (
    *("", " ", "\0", "'", "%00", "../..", "a" * 5000, "\ud83d\ude00", "\u017f\u0130\u202e", "1e999", "-1", "null"),
    *("00000000-0000-4000-8000-000000000000", "ada@example.org", "http://[", "//evil.example.org", "<script>"),
)
ASKED = (*KNOWN, "id", "flow", "return_to", "refresh", "aal", "page_size", "page_token", "tokenize_as")
HEADERS = ("Accept", "Origin", "X-Session-Token", "Authorization", "Cookie", "X-Forwarded-For", "Accept-Language")
CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data")

texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=12), st.sampled_from(METHODS))
scalars = st.one_of(texts, st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KNOWN), inner, max_size=4)),
    max_leaves=8,
)
bodies = st.one_of(st.dictionaries(st.one_of(st.sampled_from(KNOWN), texts), values, max_size=5), values)
queries = st.dictionaries(st.one_of(st.sampled_from(ASKED), texts), texts)
headers = st.dictionaries(
    st.sampled_from(HEADERS),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=30),
    max_size=3,
)
budget = settings(
    max_examples=400,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@dataclass(frozen=True)
class Place:
    """One operation of one port."""

    base: str
    method: str
    path: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hostile")
    server = Server(folder, CONFIG.format(folder=folder), "--dev")
    with running(server):
        yield server


@pytest.fixture(scope="module")
def places(server: Server) -> list[Place]:
    found = []
    for base in (server.public, server.admin):
        described = request("GET", f"{base}/openapi.json").body["paths"]
        found += [Place(base, verb.upper(), path) for path, verbs in described.items() for verb in verbs]
    assert len(found) > 40
    return found


@budget
@given(data=st.data())
def test_no_operation_fails_over_what_it_is_sent(server: Server, places: list[Place], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(places))
    filled = "".join(
        urllib.parse.quote(data.draw(texts).encode("utf-8", "surrogatepass"), safe="") if part.startswith("{") else part
        for part in _parts(place.path)
    )
    query = _query(data.draw(queries))
    body = json.dumps(data.draw(bodies)).encode() if place.method in ("POST", "PUT", "PATCH", "DELETE") else None
    sent = {**data.draw(headers), "Content-Type": data.draw(st.sampled_from(CONTENT_TYPES))}
    status = _sent(place.base, place.method, f"{filled}?{query}", body, sent)
    assert status < 500 or status == 501, (place, filled, query, body, sent)


@budget
@given(kind=st.sampled_from(KINDS), is_browser=st.booleans(), body=bodies, again=bodies)
def test_no_form_fails_over_what_is_filled_in(
    server: Server, person: dict[str, str], kind: str, is_browser: bool, body: Any, again: Any
) -> None:
    """Two submits of one flow: the second meets what the first has left."""
    started, cookie = _start(server, person, kind, is_browser)
    if started is None:
        return
    token = next((node["attributes"].get("value", "") for node in started["ui"]["nodes"] or () if _is_csrf(node)), "")
    path = started["ui"]["action"].removeprefix(server.public)
    for each in (body, again):
        form = {"csrf_token": token, **each} if isinstance(each, dict) else each
        sent = {"Content-Type": "application/json", "Accept": "application/json"}
        sent |= {"Cookie": cookie} if is_browser else {"X-Session-Token": person["token"]} if kind == "settings" else {}
        status = _sent(server.public, "POST", path, json.dumps(form).encode(), sent)
        assert status < 500, (kind, is_browser, form)


@pytest.fixture(scope="module")
def person(server: Server) -> dict[str, str]:
    """Somebody who is signed in by token."""
    flow = request("GET", f"{server.public}/self-service/registration/api").body
    filled = {"method": "password", "password": PASSWORD, "traits": {"email": "hostile@example.org"}}
    return {"token": request("POST", flow["ui"]["action"], filled).body["session_token"]}


def _start(server: Server, person: dict[str, str], kind: str, is_browser: bool) -> tuple[dict[str, Any] | None, str]:
    """A new flow and the browser's cookies; None where a browser would have to sign in first."""
    if is_browser and kind == "settings":
        return None, ""
    sent = {"X-Session-Token": person["token"]} if kind == "settings" else {}
    answer = request("GET", f"{server.public}/self-service/{kind}/{'browser' if is_browser else 'api'}", headers=sent)
    assert answer.status == 200, answer.body
    return answer.body, answer.headers.get("set-cookie", "").partition(";")[0]


def _is_csrf(node: dict[str, Any]) -> bool:
    return bool(node["attributes"].get("name") == "csrf_token")


def _parts(path: str) -> list[str]:
    return [part for piece in path.split("{") for part in _split(piece)]


def _split(piece: str) -> list[str]:
    name, closing, rest = piece.partition("}")
    return ["{" + name, rest] if closing else [piece]


def _query(values: dict[str, str]) -> str:
    return urllib.parse.urlencode(
        {key.encode("utf-8", "surrogatepass"): value.encode("utf-8", "surrogatepass") for key, value in values.items()}
    )


def _sent(base: str, method: str, path: str, body: bytes | None, sent: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
    try:
        connection.request(method, path, body, sent)
        return connection.getresponse().status
    finally:
        connection.close()
