"""Identities made, read, changed and deleted by administrators: shapes, conflicts, and the events of every change."""

from typing import Any
from uuid import uuid4

import pytest

from admin_identities import AdminIdentities

PATH = "/admin/identities"
TOTP = {"totp": {"config": {"totp_url": "otpauth://totp/x:y?secret=MFRGGZDFMZTWQ2LK"}}}
PASSWORD = {"password": {"config": {"password": "a"}}}


def provider(subject: str) -> dict[str, Any]:
    return {"oidc": {"config": {"providers": [{"provider": "google", "subject": subject}]}}}


async def test_what_is_made_is_read_back_with_secrets_only_where_asked_for(admin: AdminIdentities) -> None:
    made = await admin.make("Ada@example.org", credentials={**PASSWORD, **TOTP}, external_id="e 1/ü", state="inactive")
    path = f"{PATH}/{made['id']}"
    found = (await admin.ask("GET", path)).json
    assert found["credentials"]["password"]["identifiers"] == ["ada@example.org"]
    assert found["credentials"]["totp"]["identifiers"] == [made["id"]]
    assert not any("config" in each for each in found["credentials"].values())
    shown = (await admin.ask("GET", f"{path}?include_credential=password&include_credential=code")).json["credentials"]
    assert await admin.passwords.verify("a", shown["password"]["config"]["hashed_password"])
    assert shown["code"]["config"] == {"addresses": [{"channel": "email", "address": "ada@example.org"}]}
    assert "config" not in shown["totp"]
    assert (await admin.ask("GET", f"{PATH}/by/external/e%25201%2F%C3%BC")).status == 404
    by_name = await admin.ask("GET", f"{PATH}/by/external/e%201%2F%C3%BC")
    assert by_name.json == found
    assert admin.witness.kinds() == ["identity.created"]


async def test_a_create_answers_where_it_is(admin: AdminIdentities) -> None:
    answer = await admin.ask("POST", PATH, {"traits": {"email": "ada@example.org"}})
    assert answer.header("location") == f"http://a/identities/{answer.json['id']}"
    assert {kind: each["version"] for kind, each in answer.json["credentials"].items()} == {"password": 0, "code": 1}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "reason"),
        ({"traits": {"email": "bad"}}, "reason"),
        ({"traits": {"email": "a@example.org"}, "state": "asleep"}, "reason"),
        ({"traits": {"email": "a@example.org"}, "schema_id": "nobody"}, "reason"),
        ({"traits": {"email": "a@example.org"}, "unknown": 1}, "message"),
        ({"traits": {"email": "a@example.org"}, "state": 1}, "message"),
        ({"traits": {"email": "a@example.org"}, "credentials": {"password": {"config": {"plain": "x"}}}}, "message"),
        ({"traits": {"email": "a@example.org"}, "credentials": {"password": {"config": {}}}}, "reason"),
        ({"traits": {"email": "a@example.org"}, "credentials": {"passkey": {"config": {}}}}, "reason"),
        (
            {
                "traits": {"email": "a@example.org"},
                "credentials": {"password": {"config": {"hashed_password": "$secret$"}}},
            },
            "reason",
        ),
        ([], "message"),
    ],
)
async def test_what_cannot_be_made_is_told_without_an_id_and_without_a_value(
    admin: AdminIdentities, body: Any, told: str
) -> None:
    answer = await admin.ask("POST", PATH, body)
    assert answer.status == 400
    assert answer.json["error"][told]
    assert "id" not in answer.json["error"]
    assert answer.header("ory-error-id") == ""
    assert "$secret$" not in answer.text
    assert not admin.witness.events
    assert (await admin.ask("GET", PATH)).json == []


@pytest.mark.parametrize("external_id", ["e1", None])
async def test_nothing_is_left_of_what_is_taken(admin: AdminIdentities, external_id: str | None) -> None:
    await admin.make("ada@example.org", external_id="e1")
    other = "grace@example.org" if external_id else "ada@example.org"
    taken = await admin.ask("POST", PATH, {"traits": {"email": other}, "external_id": external_id})
    assert taken.status == 409
    assert len((await admin.ask("GET", PATH)).json) == 1
    assert admin.witness.kinds() == ["identity.created"]


async def test_a_given_address_keeps_its_proof_and_a_strange_one_is_dropped(admin: AdminIdentities) -> None:
    address = {"via": "email", "verified": True, "verified_at": "2020-02-02T02:02:02Z"}
    given = [{**address, "value": "ADA@example.org"}, {**address, "value": "grace@example.org"}]
    made = await admin.make("ada@example.org", verifiable_addresses=given)
    shown = made["verifiable_addresses"]
    assert [(each["value"], each["status"], each["verified_at"]) for each in shown] == [
        ("ada@example.org", "completed", "2020-02-02T02:02:02Z")
    ]


async def test_put_replaces_everything_but_the_credentials(admin: AdminIdentities) -> None:
    made = await admin.make(
        "ada@example.org", credentials=PASSWORD, metadata_public={"a": 1}, metadata_admin=[1], external_id="e1"
    )
    path = f"{PATH}/{made['id']}"
    answer = await admin.ask("PUT", path, {"traits": {"email": "ada@example.org", "age": 3}, "ignored": 1})
    assert answer.status == 200
    found = (await admin.ask("GET", f"{path}?include_credential=password")).json
    assert (found["metadata_public"], found["metadata_admin"], found.get("external_id")) == (None, None, None)
    assert found["traits"]["age"] == 3
    assert found["credentials"]["password"]["config"]["hashed_password"]
    assert admin.witness.kinds() == ["identity.created", "identity.updated"]


async def test_put_adds_accounts_and_codes_and_replaces_the_password(admin: AdminIdentities) -> None:
    codes = {"lookup_secret": {"config": {"codes": [{"code": "aaaa1111"}]}}}
    made = await admin.make("ada@example.org", credentials={**provider("s1"), **codes, **PASSWORD})
    path = f"{PATH}/{made['id']}"
    new = {"password": {"config": {"password": "b"}}}
    body = {"traits": {"email": "ada@example.org"}, "credentials": {**provider("s2"), **codes, **new}}
    assert (await admin.ask("PUT", path, body)).status == 200
    query = "&".join(f"include_credential={kind}" for kind in ("oidc", "lookup_secret", "password"))
    shown = (await admin.ask("GET", f"{path}?{query}")).json["credentials"]
    assert sorted(shown["oidc"]["identifiers"]) == ["google:s1", "google:s2"]
    assert [each["subject"] for each in shown["oidc"]["config"]["providers"]] == ["s1", "s2"]
    assert len(shown["lookup_secret"]["config"]["recovery_codes"]) == 2
    assert await admin.passwords.verify("b", shown["password"]["config"]["hashed_password"])
    assert (await admin.ask("PUT", path, body)).status == 409


async def test_a_verification_by_patch_is_announced(admin: AdminIdentities) -> None:
    made = await admin.make("ada@example.org")
    path = f"{PATH}/{made['id']}"
    patch = [{"op": "replace", "path": "/verifiable_addresses/0/verified", "value": True}]
    answer = await admin.ask("PATCH", path, patch)
    assert answer.json["verifiable_addresses"][0]["verified_at"]
    assert admin.witness.kinds() == ["identity.created", "address.verified", "identity.updated"]
    moved = await admin.ask("PATCH", path, [{"op": "replace", "path": "/traits/email", "value": "new@example.org"}])
    assert [each["verified"] for each in moved.json["verifiable_addresses"]] == [False]
    assert [event.seq for event in admin.witness.events] == [1, 2, 3, 4]


async def test_a_patch_that_fails_changes_nothing(admin: AdminIdentities) -> None:
    made = await admin.make("ada@example.org", metadata_public={"a": 1})
    path = f"{PATH}/{made['id']}"
    before = (await admin.ask("GET", path)).json
    patches: tuple[Any, ...] = (
        [{"op": "replace", "path": "/metadata_public/a", "value": 2}, {"op": "test", "path": "/state", "value": "x"}],
        [{"op": "replace", "path": "/traits/age", "value": -1}],
        [{"op": "replace", "path": "/state", "value": "asleep"}],
        [{"op": "replace", "path": "/id", "value": str(uuid4())}],
        [{"op": "add", "path": "/credentials/totp", "value": {}}],
        [{"op": "remove", "path": "/credentials"}],
        {},
    )
    for patch in patches:
        assert (await admin.ask("PATCH", path, patch)).status == 400
    assert (await admin.ask("GET", path)).json == before
    assert admin.witness.kinds() == ["identity.created"]


async def test_a_password_is_taken_away_and_its_name_stays_taken(admin: AdminIdentities) -> None:
    made = await admin.make("ada@example.org", credentials={**PASSWORD, **provider("s1")})
    path = f"{PATH}/{made['id']}"
    assert (await admin.ask("PATCH", path, [{"op": "remove", "path": "/credentials/password"}])).status == 200
    shown = (await admin.ask("GET", f"{path}?include_credential=password")).json["credentials"]["password"]
    assert (shown["config"], shown["identifiers"]) == ({}, ["ada@example.org"])
    assert (await admin.ask("POST", PATH, {"traits": {"email": "ADA@example.org"}})).status == 409


async def test_the_last_way_in_stays(admin: AdminIdentities) -> None:
    made = await admin.make("ada@example.org", credentials={**PASSWORD, **TOTP, **provider("s1")})
    path = f"{PATH}/{made['id']}/credentials"
    expected = (
        ("totp", 204),
        ("totp", 404),
        ("code", 400),
        ("nothing", 404),
        ("oidc", 400),
        ("oidc?identifier=google:nobody", 404),
        ("oidc?identifier=google:s1", 204),
        ("password", 400),
    )
    answered = [(kind, (await admin.ask("DELETE", f"{path}/{kind}")).status) for kind, _ in expected]
    assert answered == list(expected)


async def test_a_deleted_identity_is_gone_and_was_announced(admin: AdminIdentities) -> None:
    made = await admin.make("ada@example.org", external_id="e1")
    path = f"{PATH}/{made['id']}"
    assert (await admin.ask("DELETE", path)).status == 204
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", []), ("PUT", {"traits": {}})):
        assert (await admin.ask(method, path, body)).status == 404
    assert (await admin.ask("GET", f"{PATH}/by/external/e1")).status == 404
    assert (await admin.ask("GET", f"{PATH}/no-id")).status == 404
    assert admin.witness.kinds() == ["identity.created", "identity.deleted"]
