"""Which requests get the CSRF cookie, and which are refused for want of a token: as recorded from Kratos."""

import pytest

from public_port import HTML, Client, PublicPort

NOBODY = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nowhere",
        "/self-service",
        "/self-service/registration/browser",
        "/self-service/registration/flows?id=x",
        "/SELF-SERVICE/registration/api",
        "/sessions//whoami",
        "/sessions/../sessions/whoami",
        "/sessions/whoami/",
        "/schemas",
        "/schemas/a/b",
        "/health",
        "/health/config",
        "/admin/sessions",
        "/ui/registration",
    ],
)
async def test_visitors_get_a_cookie(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert len(answer.headers("set-cookie")) == 1
    assert answer.headers("vary") == ["Cookie"]
    assert not (await client.get(path)).headers("set-cookie")


@pytest.mark.parametrize(
    "path",
    [
        "/self-service/registration/api",
        "/self-service/registration/%61pi",
        "/self-service/registration",
        "/sessions/whoami",
        "/sessions/",
        "/schemas/person",
        "/courier/messages",
        f"/identities/{NOBODY}",
    ],
)
async def test_programs_get_none(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert not answer.headers("set-cookie")
    assert answer.headers("vary") == ["Cookie"]


@pytest.mark.parametrize("path", ["/health/alive", "/health/ready", "/version", "/openapi.json"])
async def test_what_depends_on_nobody_does_not_vary(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert not answer.headers("set-cookie")
    assert not answer.headers("vary")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/self-service/registration/browser", 403),
        ("DELETE", "/self-service/registration/flows", 403),
        ("POST", "/self-service/errors", 403),
        ("POST", "/schemas", 403),
        ("POST", "/nowhere", 403),
        ("POST", "/ui/registration", 403),
        ("POST", "/self-service/registration/api", 405),
        ("PATCH", "/self-service/registration", 405),
        ("POST", "/sessions/whoami", 401),
        ("DELETE", "/health/alive", 405),
        ("OPTIONS", "/nowhere", 404),
    ],
)
async def test_unsafe_requests_that_no_form_guards_are_refused(
    client: Client, method: str, path: str, status: int
) -> None:
    answer = await client.call(method, path)
    assert answer.status == status
    if status == 403:
        assert answer.header("ory-error-id") == answer.json["error"]["id"] == "security_csrf_violation"
        assert set(answer.json["error"]["details"]) == {"docs", "hint", "reject_reason"}


async def test_a_cookie_that_is_none_is_replaced(port: PublicPort) -> None:
    client = Client(port.app, {port.site.cookies.names.csrf: "nonsense"})
    assert len((await client.get("/nowhere", HTML)).headers("set-cookie")) == 1


async def test_the_hint_is_for_who_sees_it(client: Client) -> None:
    page = await client.call("POST", "/nowhere", {"sec-fetch-mode": "navigate"})
    script = await client.call("POST", "/nowhere", {"sec-fetch-mode": "cors"})
    assert page.json["error"]["details"]["hint"] != script.json["error"]["details"]["hint"]
