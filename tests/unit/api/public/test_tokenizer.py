"""whoami?tokenize_as=: the claims, what a mapper may change, and how what does not work is refused."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.api.public.tokenizer import MapperWithoutClaims, Tokenizer
from doorward.clock import MovableClock
from doorward.config.load import load
from doorward.errors import InvalidInput, Misconfigured
from doorward.identities.model import Identity, State
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.sessions.model import Session

KEY = b"a-secret-of-the-tests-of-32-bytes"
ID, SESSION = UUID(int=1), UUID(int=2)
ISSUER = "https://id.example.org/"


def base64_url(text: str) -> str:
    return "base64://" + base64.b64encode(text.encode()).decode()


KEYS = base64_url(
    json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": base64.urlsafe_b64encode(KEY).decode()}]})
)
NO_KEYS = base64_url('{"keys": []}')
MAPPERS = {
    "mapped": "local c = std.extVar('claims'); local s = std.extVar('session'); {claims: {sub: 'eve', sid: 'x',"
    " iss: 'https://other', exp: c.exp + 60, mail: s.identity.traits.email, list: std.objectFields(c)}}",
    "removes": "{claims: {jti: null}}",
    "no-claims": "{other: {}}",
    "text": "{claims: 'text'}",
    "number": "5",
    "fails": "error 'on purpose'",
    "cancels": "error 'cancel'",
    "broken": "{claims: ",
    "endless": "local f(x) = f(x + 1); {claims: f(0)}",
    "unknown": "{claims: {x: std.extVar('secret')}}",
    "escapes": "{claims: {}}) + (importstr '/etc/passwd'",
}


def tokenizer(folder: Path, clock: MovableClock, sandbox: Sandbox) -> Tokenizer:
    (folder / "keys.json").write_text(base64.b64decode(KEYS.removeprefix("base64://")).decode())
    templates: dict[str, Any] = {
        "plain": {"jwks_url": KEYS, "ttl": "10m"},
        "file": {"jwks_url": f"file://{folder / 'keys.json'}"},
        "external": {"jwks_url": KEYS, "subject_source": "external_id"},
        "no-keys": {"jwks_url": NO_KEYS},
        "no-file": {"jwks_url": f"file://{folder / 'none.json'}"},
        "http": {"jwks_url": "http://127.0.0.1:1/keys"},
        "bare": {"jwks_url": str(folder / "keys.json")},
        "no-mapper": {"jwks_url": KEYS, "claims_mapper_url": f"file://{folder / 'none.jsonnet'}"},
    }
    for name, text in MAPPERS.items():
        templates[name] = {"jwks_url": KEYS, "ttl": "10m", "claims_mapper_url": base64_url(text)}
    file = folder / "doorward.json"
    file.write_text(
        json.dumps(
            {
                "dsn": "memory",
                "identity": {"default_schema_id": "p", "schemas": [{"id": "p", "url": "base64://e30="}]},
                "session": {"whoami": {"tokenizer": {"templates": templates}}},
            }
        )
    )
    config = load([file], {}, {"dev": True}).checked()
    source = TemplateSource(Egress(EgressPolicy.from_config(config.clients.http, dev=True)), clock)
    return Tokenizer(config.session.whoami.tokenizer.templates, ISSUER, sandbox, source)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def made(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Tokenizer]:
    sandbox = Sandbox(1)
    await sandbox.start()
    yield tokenizer(tmp_path, clock, sandbox)
    await sandbox.close()


async def token(made: Tokenizer, clock: MovableClock, name: str, external_id: str | None = None) -> str:
    now = clock.now()
    traits = {"email": "ada@example.org"}
    identity = Identity(ID, "p", traits, State.ACTIVE, now, now, now, external_id=external_id)
    session = Session(SESSION, ID, True, "aal1", (), now, now, now)
    return await made.tokenize(name, session, identity, {"id": str(SESSION), "identity": {"traits": traits}}, now)


async def claims(made: Tokenizer, clock: MovableClock, name: str, external_id: str | None = None) -> dict[str, Any]:
    """The claims of a token that carries our signature."""
    head, body, signature = (await token(made, clock, name, external_id)).split(".")
    expected = hmac.new(KEY, f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "==") == expected
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return found


async def test_the_claims(made: Tokenizer, clock: MovableClock) -> None:
    found = await claims(made, clock, "plain")
    now = int(clock.now().timestamp())
    assert UUID(found.pop("jti")).version == 4
    assert found == {"iss": ISSUER, "sub": str(ID), "sid": str(SESSION), "iat": now, "nbf": now, "exp": now + 600}


async def test_without_ttl_it_ends_at_once(made: Tokenizer, clock: MovableClock) -> None:
    found = await claims(made, clock, "file")
    assert found["exp"] == found["iat"]


async def test_a_mapper_adds_and_changes_but_not_whose_it_is(made: Tokenizer, clock: MovableClock) -> None:
    found = await claims(made, clock, "mapped")
    assert (found["sub"], found["iss"]) == (str(ID), "https://other")
    assert found["exp"] == found["iat"] + 660
    assert found["mail"] == "ada@example.org"
    assert found["list"] == ["exp", "iat", "iss", "jti", "nbf", "sid", "sub"]


async def test_a_mapper_empties_a_claim(made: Tokenizer, clock: MovableClock) -> None:
    found = await claims(made, clock, "removes")
    assert found["jti"] is None
    assert found["iat"]


async def test_the_external_id(made: Tokenizer, clock: MovableClock) -> None:
    assert (await claims(made, clock, "external", "ext-7"))["sub"] == "ext-7"
    with pytest.raises(InvalidInput):
        await token(made, clock, "external")


@pytest.mark.parametrize(
    "name", ["nothing", "PLAIN", "", "no-keys", "fails", "cancels", "broken", "endless", "unknown", "escapes"]
)
async def test_what_is_refused(made: Tokenizer, clock: MovableClock, name: str) -> None:
    with pytest.raises(InvalidInput):
        await token(made, clock, name)


@pytest.mark.parametrize("name", ["no-file", "http", "bare", "no-mapper"])
async def test_what_the_operator_has_to_mend(made: Tokenizer, clock: MovableClock, name: str) -> None:
    with pytest.raises(Misconfigured):
        await token(made, clock, name)


@pytest.mark.parametrize("name", ["no-claims", "text", "number"])
async def test_a_mapper_without_claims(made: Tokenizer, clock: MovableClock, name: str) -> None:
    with pytest.raises(MapperWithoutClaims):
        await token(made, clock, name)
