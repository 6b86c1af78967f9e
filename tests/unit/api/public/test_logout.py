"""Signing out: the link with its token for browsers, the token of an app, where a browser goes, what is recorded."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from doorward.clock import MovableClock
from doorward.identities.events import EventKind
from public_port import HTML, JSON, Client, PublicPort, Reply, call, public_port, signed_in_elsewhere, signed_up

EMAIL = "ada@example.org"
ALLOWED, EVIL = "https://app.example.org/bye", "https://evil.example.org/"


async def begun(client: Client, query: str = "") -> str:
    """The path of the logout link."""
    answer = await client.get(f"/self-service/logout/browser{query}")
    assert answer.status == 200
    assert answer.json["logout_token"] in answer.json["logout_url"]
    return urlsplit(str(answer.json["logout_url"]))._replace(scheme="", netloc="").geturl()


@pytest.fixture
async def browser(client: Client) -> Client:
    await signed_up(client, EMAIL)
    return client


async def test_a_script_signs_out(port: PublicPort, browser: Client) -> None:
    csrf = browser.cookies[port.site.cookies.names.csrf]
    answer = await browser.get(await begun(browser))
    assert (answer.status, answer.body) == (204, b"")
    assert browser.cookies[port.site.cookies.names.session] == ""
    assert browser.cookies[port.site.cookies.names.csrf] not in ("", csrf)
    assert (await browser.get("/sessions/whoami")).status == 401


async def test_the_session_itself_is_over(port: PublicPort, browser: Client) -> None:
    old = dict(browser.cookies)
    await browser.get(await begun(browser))
    assert (await Client(port.app, old).get("/sessions/whoami")).status == 401
    kinds = [each.kind for each in port.events.events]
    assert kinds[-2:] == [EventKind.LOGOUT_AFTER, EventKind.SESSION_REVOKED]
    context = port.events.events[-1].cause.context
    assert (context["session"]["active"], context["request_method"]) == (False, "GET")
    assert not any(value and value in str(context) for value in old.values())
    assert "ory_lo_" not in str(context)


async def test_the_link_stays_the_same_and_is_each_sessions_own(port: PublicPort, browser: Client) -> None:
    assert await begun(browser) == await begun(browser)
    other = port.client()
    await signed_up(other, "eve@example.org")
    foreign = await begun(other)
    assert foreign != await begun(browser)
    answer = await browser.get(foreign)
    assert (answer.status, answer.header("ory-error-id")) == (403, "")
    page = await browser.get(foreign, HTML)
    assert (page.status, page.header("location").split("=")[0]) == (303, f"{port.site.error_page_url}?id")
    assert (await browser.get("/sessions/whoami")).status == 200


@pytest.mark.parametrize("path", ["/self-service/logout", "/self-service/logout?token="])
async def test_no_token(browser: Client, path: str) -> None:
    assert (await browser.get(path)).status == 400
    assert (await browser.get(path, HTML)).status == 303
    assert (await browser.get("/sessions/whoami")).status == 200


async def test_nobody_is_signed_in(port: PublicPort, browser: Client) -> None:
    link = await begun(browser)
    for path in ("/self-service/logout/browser", link):
        answer = await call(port.app, "GET", path, JSON)
        assert (answer.status, answer.header("ory-error-id")) == (401, "session_inactive")
        assert (await call(port.app, "GET", path, HTML)).status == 303
    assert (await browser.get("/sessions/whoami")).status == 200


@pytest.mark.parametrize(
    ("at_start", "at_end", "location"),
    [
        ("", "", "https://www.example.org/left"),
        (f"?return_to={ALLOWED}", "", ALLOWED),
        ("", f"&return_to={ALLOWED}", ALLOWED),
        (f"?return_to={ALLOWED}", "&return_to=https://app.example.org/other", ALLOWED),
    ],
)
async def test_where_a_browser_goes(leaving: PublicPort, at_start: str, at_end: str, location: str) -> None:
    browser = leaving.client()
    await signed_up(browser, EMAIL)
    answer = await browser.get(await begun(browser, at_start) + at_end, HTML)
    assert (answer.status, answer.header("location")) == (303, location)
    assert (await browser.get("/sessions/whoami")).status == 401


@pytest.fixture
async def leaving(tmp_path: Path, clock: MovableClock) -> AsyncIterator[PublicPort]:
    more = "    logout: {after: {default_browser_return_url: https://www.example.org/left}}\n"
    async with public_port(tmp_path, clock, more) as made:
        yield made


async def test_nobody_is_told_what_may_be_returned_to(port: PublicPort) -> None:
    answer = await port.client().get(f"/self-service/logout/browser?return_to={EVIL}")
    assert (answer.status, answer.json["error"]["id"]) == (401, "session_inactive")


async def test_a_forbidden_return_to(browser: Client) -> None:
    refused = await browser.get(f"/self-service/logout/browser?return_to={EVIL}")
    assert (refused.status, refused.json["error"]["id"]) == (400, "self_service_flow_return_to_forbidden")
    answer = await browser.get(f"{await begun(browser)}&return_to={EVIL}", HTML)
    assert answer.status == 303
    assert "evil" not in answer.header("location")
    assert (await browser.get("/sessions/whoami")).status == 401


async def end(port: PublicPort, body: bytes, content_type: str = "application/json") -> Reply:
    headers = {**HTML, "content-type": content_type, "origin": EVIL, "cookie": "a=b"}
    return await call(port.app, "DELETE", "/self-service/logout/api", headers, body)


async def test_an_app_signs_out(port: PublicPort, browser: Client) -> None:
    me = (await browser.get("/sessions/whoami")).json["identity"]["id"]
    token = (await signed_in_elsewhere(port, me)).token
    body = orjson.dumps({"session_token": token, "unknown": 1})
    assert [(await end(port, body)).status for _ in range(2)] == [204, 204]
    assert (await call(port.app, "GET", "/sessions/whoami", {"x-session-token": token})).status == 401
    assert (await browser.get("/sessions/whoami")).status == 200
    assert len([each for each in port.events.events if each.kind is EventKind.LOGOUT_AFTER]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 403),
        (b'{"session_token": null}', 403),
        (b'{"session_token": ""}', 403),
        (b'{"session_token": "ory_st_unknown"}', 403),
        (b'{"session_token": 1}', 400),
        (b"[]", 400),
        (b"{", 400),
        (b"", 400),
    ],
)
async def test_an_apps_mistakes(port: PublicPort, body: bytes, status: int) -> None:
    answer = await end(port, body)
    assert (answer.status, answer.header("ory-error-id")) == (status, "")


async def test_an_app_sends_json(port: PublicPort) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert (await end(port, b'{"session_token": "x"}', kind)).status == 400


async def test_an_app_may_use_the_link_too(port: PublicPort, browser: Client) -> None:
    me = (await browser.get("/sessions/whoami")).json["identity"]["id"]
    held = {**JSON, "x-session-token": (await signed_in_elsewhere(port, me)).token}
    link = (await call(port.app, "GET", "/self-service/logout/browser", held)).json["logout_url"]
    assert parse_qs(urlsplit(link).query)["token"][0].startswith("ory_lo_")
    assert (await call(port.app, "GET", link, held)).status == 204
    assert (await call(port.app, "GET", "/sessions/whoami", held)).status == 401


async def test_the_browser_forgets_over_https_where_that_is_wanted(tmp_path: Path, clock: MovableClock) -> None:
    more = "    logout: {after: {}}\nserve: {public: {base_url: https://id.example.org/}}\n"
    for is_wanted in (True, False):
        wanted = more.replace("{after: {}}", f"{{clear_browser_data: {str(is_wanted).lower()}}}")
        folder = tmp_path / str(is_wanted)
        folder.mkdir()
        async with public_port(folder, clock, wanted) as port:
            browser = port.client()
            await signed_up(browser, EMAIL)
            told = (await browser.get(await begun(browser))).header("clear-site-data")
            assert told == ('"cache", "cookies", "storage"' if is_wanted else "")
