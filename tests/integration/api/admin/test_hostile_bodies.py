"""Whatever is sent to the admin endpoints of identities, it is their caller's mistake and never the server's."""

import random
from typing import Any

import pytest

from admin_identities import AdminIdentities
from public_port import JSON, call

PATH = "/admin/identities"
NAMES = (
    *(
        "traits",
        "credentials",
        "state",
        "schema_id",
        "external_id",
        "metadata_public",
        "metadata_admin",
        "email",
        "age",
    ),
    *(
        "verifiable_addresses",
        "recovery_addresses",
        "value",
        "via",
        "verified",
        "verified_at",
        "status",
        "id",
        "region",
    ),
    *("password", "oidc", "totp", "lookup_secret", "webauthn", "passkey", "code", "config", "hashed_password", "codes"),
    *("providers", "provider", "subject", "totp_url", "user_handle", "public_key", "is_passwordless", "op", "path"),
    *("identities", "create", "patch_id", "organization_id", "created_at", "identifiers", "type", "", "a.b", "\ud800"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, -(10**400), "", " ", "\0", "x", "\ud83d", "ada@example.org", "active"),
    *(
        "11111111-1111-4111-8111-111111111111",
        "2020-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59Z",
    ),
    *("email", "$2a$04$MyeEmejBMIUmktLiper8C.f117kX9qYzLV5mwlnaCUkqpLKrLMhzO", "$md5$", "{SSHA}", "replace", "add"),
    *("/traits/email", "/credentials/password", "/verifiable_addresses/0", "/metadata_public/-", "/created_at", "/"),
    *("otpauth://totp/x", "YQ==", "totp", [], {}),
)

PATHS = (
    *("/created_at", "/state_changed_at", "/updated_at", "/traits", "/traits/email", "/credentials/password/config"),
    *("/credentials/totp", "/credentials/code/identifiers", "/credentials/code/config", "/verifiable_addresses/0/id"),
    *(
        "/verifiable_addresses/0/verified_at",
        "/verifiable_addresses/0/verified",
        "/recovery_addresses",
        "/organization_id",
    ),
    *("/external_id", "/metadata_admin", "/schema_id", "/state", "/credentials/password/identifiers/0", "/region"),
)


def value(dice: random.Random, depth: int) -> Any:
    kind = dice.random()
    if depth == 0 or kind < 0.3:
        return dice.choice(VALUES)
    if kind < 0.85:
        return {dice.choice(NAMES): value(dice, depth - 1) for _ in range(dice.randrange(5))}
    return [value(dice, depth - 1) for _ in range(dice.randrange(4))]


def identity(dice: random.Random) -> Any:
    """Right but for a few fields."""
    body: dict[str, Any] = {"traits": {"email": f"p{dice.randrange(40)}@example.org"}}
    for _ in range(dice.randrange(3)):
        body[dice.choice(NAMES[:7])] = value(dice, 4)
    kind = dice.choice(NAMES[18:25])
    if dice.random() < 0.5:
        body["credentials"] = {kind: {"config": value(dice, 3)}}
    if dice.random() < 0.3:
        body["verifiable_addresses"] = [value(dice, 2)]
    return body


def operation(dice: random.Random) -> Any:
    path = "/".join(("", *(str(dice.choice(("traits", "credentials", "password", "0", *NAMES))) for _ in range(3))))
    return {
        "op": dice.choice(("add", "replace", "remove")),
        "path": path[: dice.randrange(60)],
        "value": value(dice, 2),
    }


def dumped(body: Any) -> bytes:
    """JSON with what no serialiser of ours would write: halves of surrogate pairs, numbers without end."""
    if isinstance(body, dict):
        return b"{" + b",".join(dumped(str(name)) + b":" + dumped(each) for name, each in body.items()) + b"}"
    if isinstance(body, list):
        return b"[" + b",".join(map(dumped, body)) + b"]"
    if isinstance(body, str):
        quoted = "".join(char if " " <= char <= "~" and char not in '"\\' else f"\\u{ord(char):04x}" for char in body)
        return f'"{quoted}"'.encode()
    return {None: b"null", True: b"true", False: b"false"}.get(body, str(body).encode())


@pytest.mark.parametrize("seed", range(6))
async def test_no_body_is_the_servers_fault(admin: AdminIdentities, seed: int) -> None:
    dice = random.Random(seed)
    made = [(await admin.make(f"q{number}@example.org"))["id"] for number in range(3)]
    headers = {**JSON, "host": "127.0.0.1:4434", "content-type": "application/json"}
    answered: dict[int, int] = {}
    for _ in range(150):
        one = f"{PATH}/{dice.choice(made)}"
        method, path, body = dice.choice(
            (
                ("POST", PATH, identity(dice)),
                ("POST", PATH, value(dice, 4)),
                ("PUT", one, identity(dice)),
                ("PATCH", one, [operation(dice) for _ in range(dice.randrange(4))]),
                ("PATCH", PATH, {"identities": [{"create": identity(dice)}, {"create": identity(dice)}]}),
                ("PATCH", PATH, value(dice, 4)),
            )
        )
        reply = await call(admin.app, method, path, headers, dumped(body))
        answered[reply.status] = answered.get(reply.status, 0) + 1
        assert reply.status < 500, (method, body, reply.text)
        shown = await admin.ask("GET", f"{PATH}?page_size=500&include_credential=password&include_credential=oidc")
        assert shown.status == 200, (method, body, shown.text)
    # The bodies are not only refused.
    assert sum(answered.get(status, 0) for status in (200, 201)) > 10


@pytest.mark.parametrize("path", PATHS)
async def test_no_patch_of_a_field_is_the_servers_fault(admin: AdminIdentities, path: str) -> None:
    made = (await admin.make("ada@example.org"))["id"]
    headers = {**JSON, "host": "127.0.0.1:4434", "content-type": "application/json"}
    for each in VALUES:
        body = dumped([{"op": "replace", "path": path, "value": each}])
        reply = await call(admin.app, "PATCH", f"{PATH}/{made}", headers, body)
        assert reply.status in (200, 400, 409), (each, reply.text)
        shown = await admin.ask("GET", f"{PATH}/{made}?include_credential=password&include_credential=totp")
        assert shown.status == 200, (each, shown.text)
