"""GET /self-service/errors, and how errors get there."""

from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.ids import new_secret_id
from public_port import HTML, Client, PublicPort, public_port

EVIL = "/self-service/registration/browser?return_to=https://evil.example.net/"
SECRETS = "secrets: {default: [a-secret-of-32-characters-or-more-1]}\n"


async def stored(client: Client) -> str:
    """The id of an error that this browser met."""
    answer = await client.get(EVIL, HTML)
    assert answer.status == 303
    return answer.header("location").partition("id=")[2]


async def test_a_browser_is_sent_to_the_error_page(client: Client) -> None:
    error_id = await stored(client)
    body = (await client.get(f"/self-service/errors?id={error_id}")).json
    assert body["id"] == error_id
    assert body["error"]["id"] == "self_service_flow_return_to_forbidden"
    assert body["error"]["code"] == 400


async def test_a_program_gets_it_at_once(client: Client) -> None:
    answer = await client.get(EVIL)
    assert (answer.status, answer.header("ory-error-id")) == (400, "self_service_flow_return_to_forbidden")


@pytest.mark.parametrize("query", ["", "?id=", "?id=nonsense", f"?id={new_secret_id()}", "?error=x"])
async def test_unknown_ids(client: Client, query: str) -> None:
    answer = await client.get(f"/self-service/errors{query}")
    assert (answer.status, answer.header("ory-error-id")) == (404, "")


async def test_the_sample(client: Client) -> None:
    body = (await client.get("/self-service/errors?id=stub:500")).json
    assert body["error"]["code"] == 500
    assert body["created_at"] == "0001-01-01T00:00:00Z"


async def test_in_development_any_browser_may_read_it(port: PublicPort, client: Client) -> None:
    error_id = await stored(client)
    assert (await port.client().get(f"/self-service/errors?id={error_id}")).status == 200


async def test_elsewhere_only_the_browser_that_met_it(tmp_path: Path, clock: MovableClock) -> None:
    async with public_port(tmp_path, clock, SECRETS, dev=False) as port:
        own = port.client()
        error_id = await stored(own)
        assert (await own.get(f"/self-service/errors?id={error_id}")).status == 200
        refused = await port.client().get(f"/self-service/errors?id={error_id}")
        assert refused.json["error"]["id"] == "security_csrf_violation"


async def test_while_the_database_is_away_a_browser_gets_the_error_itself(port: PublicPort, client: Client) -> None:
    await port.database.close()
    answer = await client.get("/self-service/registration/flows?id=11111111-1111-4111-8111-111111111111", HTML)
    assert answer.status >= 500
    assert answer.header("content-type") == "application/json"
