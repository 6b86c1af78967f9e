"""/sessions: where else am I signed in, and how do I end that."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from doorward.clock import MovableClock
from doorward.identities.events import EventKind
from doorward.storage.contract import Transaction
from public_port import JSON, Client, PublicPort, call, signed_in_elsewhere, signed_up

EMAIL = "ada@example.org"
HTML = {"accept": "text/html"}


async def my_id(client: Client) -> str:
    return str((await signed_up(client, EMAIL)).json["identity"]["id"])


async def test_the_others_are_listed_newest_first(port: PublicPort, client: Client) -> None:
    me = await my_id(client)
    others = [str((await signed_in_elsewhere(port, me)).session.id) for _ in range(3)]
    answer = await client.get("/sessions")
    assert [each["id"] for each in answer.json] == others[::-1]
    assert answer.header("x-total-count") == "3"
    owner = answer.json[0]["identity"]
    assert (owner["id"], owner["schema_url"]) == (me, "")
    assert not {"verifiable_addresses", "metadata_admin", "credentials"} & set(owner)
    assert answer.json[0]["devices"][0]["user_agent"] == "other"
    paged = await client.get("/sessions?page=2&per_page=2")
    assert [each["id"] for each in paged.json] == others[:1]


async def test_only_good_ones_are_listed(port: PublicPort, client: Client, clock: MovableClock) -> None:
    me = await my_id(client)
    revoked = await signed_in_elsewhere(port, me)
    assert (await client.call("DELETE", f"/sessions/{revoked.session.id}")).status == 204
    assert (await client.get("/sessions")).json == []


async def test_one_is_ended(port: PublicPort, client: Client) -> None:
    me = await my_id(client)
    other = await signed_in_elsewhere(port, me)
    for _ in range(2):
        answer = await client.call("DELETE", f"/sessions/{other.session.id}")
        assert (answer.status, answer.body) == (204, b"")
    assert (await call(port.app, "GET", "/sessions/whoami", {"x-session-token": other.token})).status == 401
    revoked = [each for each in port.events.events if each.kind is EventKind.SESSION_REVOKED]
    assert [each.cause.context["session"]["id"] for each in revoked] == [str(other.session.id)]
    assert other.token not in str(revoked[0].cause.context)


async def test_not_the_one_that_asks_nor_what_is_no_id(client: Client) -> None:
    await my_id(client)
    own = (await client.get("/sessions/whoami")).json["id"]
    for each in (own, "nonsense", "%20"):
        assert (await client.call("DELETE", f"/sessions/{each}")).status == 400
    assert (await client.get("/sessions/whoami")).status == 200


async def test_a_strangers_session_stays(port: PublicPort, client: Client) -> None:
    await my_id(client)
    stranger = port.client()
    await signed_up(stranger, "eve@example.org")
    theirs = (await stranger.get("/sessions/whoami")).json["id"]
    for each in (theirs, str(uuid4())):
        assert (await client.call("DELETE", f"/sessions/{each}")).status == 204
    assert (await client.call("DELETE", "/sessions")).json == {"count": 0}
    assert (await stranger.get("/sessions/whoami")).status == 200


async def test_all_others_are_ended(port: PublicPort, client: Client) -> None:
    me = await my_id(client)
    tokens = [(await signed_in_elsewhere(port, me)).token for _ in range(2)]
    assert (await client.call("DELETE", "/sessions")).json == {"count": 2}
    assert (await client.call("DELETE", "/sessions")).json == {"count": 2}
    for token in tokens:
        assert (await call(port.app, "GET", "/sessions/whoami", {"x-session-token": token})).status == 401
    assert (await client.get("/sessions/whoami")).status == 200
    assert len([each for each in port.events.events if each.kind is EventKind.SESSION_REVOKED]) == 2


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("DELETE", f"/{uuid4()}")])
async def test_nobody_may(port: PublicPort, method: str, path: str) -> None:
    answer = await call(port.app, method, f"/sessions{path}", JSON)
    assert (answer.status, answer.header("ory-error-id"), answer.header("set-cookie")) == (401, "", "")


async def test_whoever_has_a_second_factor_has_to_show_it(port: PublicPort, client: Client) -> None:
    me = await my_id(client)
    higher = await signed_in_elsewhere(port, me, aal="aal2")

    async def link(tx: Transaction) -> None:
        await tx.execute(
            """
            INSERT INTO credentials (id, identity_id, type, config, version, created_at, updated_at)
            VALUES (:id, :identity, 'totp', :config, 0, :now, :now)
            """,
            {"id": uuid4(), "identity": me, "config": {"totp_url": "otpauth://totp/x"}, "now": port.clock.now()},
        )

    await port.database.transaction(link)
    for path in ("/sessions/whoami", "/sessions", "/sessions/whoami?tokenize_as=x"):
        answer = await client.get(path)
        assert (answer.status, answer.json["error"]["id"]) == (403, "session_aal2_required")
        assert answer.json["redirect_browser_to"] == f"{port.site.base_url}self-service/login/browser?aal=aal2"
        assert answer.json["error"]["details"] == {"redirect_browser_to": answer.json["redirect_browser_to"]}
    seen = await call(port.app, "GET", "/sessions/whoami", {"x-session-token": higher.token})
    assert (seen.status, seen.json["authenticator_assurance_level"]) == (200, "aal2")
    assert (await client.call("DELETE", "/sessions")).status == 200


async def test_the_cookie_follows_an_extension_once(port: PublicPort, client: Client, clock: MovableClock) -> None:
    await my_id(client)
    own = (await client.get("/sessions/whoami")).json["id"]
    clock.move(hours=1)

    async def extend(tx: Transaction) -> None:
        await tx.execute(
            "UPDATE sessions SET expires_at = :until WHERE id = :id",
            {"until": clock.now() + timedelta(hours=24), "id": own},
        )

    await port.database.transaction(extend)
    assert len((await client.get("/sessions/whoami")).headers("set-cookie")) == 1
    assert (await client.get("/sessions/whoami")).headers("set-cookie") == []


async def test_a_cookie_from_before_its_session_was_extended_is_still_good(
    port: PublicPort, client: Client, clock: MovableClock
) -> None:
    await my_id(client)
    own = (await client.get("/sessions/whoami")).json["id"]
    clock.move(hours=25)
    assert (await client.get("/sessions/whoami")).status == 401

    async def extend(tx: Transaction) -> None:
        await port.site.sessions.extend(tx, UUID(own))

    await port.database.transaction(extend)
    answer = await client.get("/sessions/whoami")
    assert (answer.status, len(answer.headers("set-cookie"))) == (200, 1)


async def test_there_is_nothing_to_exchange(client: Client) -> None:
    for query in ("", "?init_code=a", "?return_to_code=a", "?init_code=&return_to_code="):
        assert (await client.get(f"/sessions/token-exchange{query}")).status == 400
    assert (await client.get("/sessions/token-exchange?init_code=a&return_to_code=b")).status == 404
