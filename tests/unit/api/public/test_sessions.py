"""GET /sessions/whoami, with every kind of credential."""

import pytest

from doorward.clock import MovableClock
from doorward.identities.model import State
from doorward.storage.contract import Transaction
from public_port import JSON, Client, PublicPort, call, signed_up

EMAIL = "ada@example.org"


async def api_token(client: Client, email: str) -> str:
    flow = (await client.get("/self-service/registration/api")).json
    body = {"method": "password", "password": "correct-horse-9-battery", "traits": {"email": email}}
    token: str = (await client.post(flow["ui"]["action"], body)).json["session_token"]
    return token


async def test_a_browser_is_known_by_its_cookie(client: Client) -> None:
    done = (await signed_up(client, EMAIL)).json
    answer = await client.get("/sessions/whoami")
    assert answer.status == 200
    assert answer.header("x-kratos-authenticated-identity-id") == done["identity"]["id"]
    body = answer.json
    assert body["identity"]["traits"]["email"] == EMAIL
    assert body["authentication_methods"][0]["method"] == "password"
    assert "credentials" not in body["identity"]
    assert "metadata_admin" not in body["identity"]
    assert not answer.headers("set-cookie")


async def test_every_method_is_answered(client: Client) -> None:
    await signed_up(client, EMAIL)
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"):
        assert (await client.call(method, "/sessions/whoami")).status == 200


@pytest.mark.parametrize("header", ["x-session-token", "authorization"])
async def test_a_program_is_known_by_its_token(port: PublicPort, header: str) -> None:
    token = await api_token(port.client(), EMAIL)
    value = token if header == "x-session-token" else f"Bearer {token}"
    answer = await call(port.app, "GET", "/sessions/whoami", {**JSON, header: value})
    assert answer.json["identity"]["traits"]["email"] == EMAIL


async def test_a_token_beats_the_cookie_and_gives_its_session_to_the_browser(port: PublicPort, client: Client) -> None:
    await signed_up(client, EMAIL)
    token = await api_token(port.client(), "grace@example.org")
    answer = await client.get("/sessions/whoami", {**JSON, "x-session-token": token})
    assert answer.json["identity"]["traits"]["email"] == "grace@example.org"
    assert len(answer.headers("set-cookie")) == 1
    assert (await client.get("/sessions/whoami")).json["identity"]["traits"]["email"] == "grace@example.org"


async def test_all_refusals_are_alike(port: PublicPort, client: Client, clock: MovableClock) -> None:
    await signed_up(client, EMAIL)
    bad = [{}, {"x-session-token": "ory_st_x"}, {"authorization": "Bearer x"}, {"cookie": "ory_kratos_session=x"}]
    answers = [await call(port.app, "GET", "/sessions/whoami", {**JSON, **each}) for each in bad]
    answers.append(await client.get("/sessions/whoami", {**JSON, "x-session-token": "ory_st_x"}))
    clock.move(hours=25)
    answers.append(await client.get("/sessions/whoami"))
    assert {(each.status, each.body, each.header("ory-error-id")) for each in answers} == {(401, answers[0].body, "")}


async def test_an_inactive_person_is_nobody(port: PublicPort, client: Client) -> None:
    await signed_up(client, EMAIL)

    async def disable(tx: Transaction) -> None:
        await tx.execute("UPDATE identities SET state = :state", {"state": State.INACTIVE})

    await port.database.transaction(disable)
    assert (await client.get("/sessions/whoami")).status == 401


async def test_an_unknown_tokenizer_is_refused(client: Client) -> None:
    await signed_up(client, EMAIL)
    answer = await client.get("/sessions/whoami?tokenize_as=jwt")
    assert (answer.status, answer.header("ory-error-id")) == (400, "")
