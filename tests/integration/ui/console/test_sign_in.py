"""The door of the console: what opens it, what does not, and what closes it again."""

from pathlib import Path
from typing import Any

import pytest

from console_port import KEY, ConsolePort, console_port
from delivery_house import DeliveryHouse
from doorward.audit import list_audit
from doorward.clock import MovableClock
from doorward.ui.console.wrong_keys import TRIES
from public_port import HTML, Client

SCREENS = ["/console/", "/console/deliveries", "/console/people", "/console/destinations"]


def csrf_in(text: str) -> str:
    return text.partition('name="csrf" value="')[2].partition('"')[0]


async def rows(house: DeliveryHouse) -> list[Any]:
    return await house.database.reader.fetch_all("SELECT key, value FROM settings WHERE key LIKE 'console%'")


@pytest.mark.parametrize("screen", [*SCREENS, "/console/deliveries/x", "/console/people/x"])
async def test_nobody_looks_without_signing_in(port: ConsolePort, screen: str) -> None:
    answer = await port.client().get(screen, HTML)
    assert answer.status == 303
    assert answer.header("location").startswith("/console/sign-in")
    forged = await port.client().get(screen, {**HTML, "cookie": "doorward_console_000000000000=AAAA"})
    assert forged.status == 303


async def test_the_key_opens_and_leads_where_one_wanted_to_go(port: ConsolePort) -> None:
    client = port.client()
    asked = await client.get("/console/deliveries?state=dead&action=crm", HTML)
    form = await client.get(asked.header("location"), HTML)
    assert 'value="/console/deliveries?state=dead&amp;action=crm"' in form.text
    opened = await client.form("/console/sign-in", {"key": f" {KEY}\n", "next": "/console/deliveries?state=dead"})
    assert (opened.status, opened.header("location")) == (303, "/console/deliveries?state=dead")
    cookie = opened.header("set-cookie")
    for part in ("HttpOnly", "SameSite=Strict", "Path=/console"):
        assert part in cookie
    assert "Secure" not in cookie
    assert KEY not in cookie
    assert (await client.get("/console/", HTML)).status == 200
    assert (await client.get("/console/sign-in", HTML)).header("location") == "/console/"


async def test_over_https_the_cookie_is_secure(house: DeliveryHouse, tmp_path: Path) -> None:
    port = console_port(house, tmp_path, more='base_url: "https://admin.example.org/"')
    opened = await port.client().form("/console/sign-in", {"key": KEY})
    assert "; Secure" in opened.header("set-cookie")


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example/console/", "/console/../admin", "/\\evil"])
async def test_signing_in_never_leads_elsewhere(port: ConsolePort, place: str) -> None:
    opened = await port.client().form("/console/sign-in", {"key": KEY, "next": place})
    assert opened.header("location") == "/console/"


async def test_the_database_holds_no_token_and_no_key(port: ConsolePort, admin: Client) -> None:
    kept = await rows(port.house)
    assert len(kept) == 1
    cookie = next(iter(admin.cookies.values()))
    assert KEY not in str(kept)
    assert [each["act"] for each in await list_audit(port.house.database.reader, 5)] == ["console.signed_in"]
    assert cookie not in str(kept)


@pytest.mark.parametrize("typed", ["", "wrong", KEY[:-1], KEY + "x", "\udcff", "é" * 40])
async def test_a_wrong_key_is_told_and_opens_nothing(port: ConsolePort, typed: str) -> None:
    client = port.client()
    answer = await client.form("/console/sign-in", {"key": typed.encode("utf-8", "replace").decode()})
    assert answer.status == 401
    assert 'role="alert"' in answer.text
    assert not client.cookies
    assert await rows(port.house) == []


async def test_who_guesses_has_to_wait_and_others_need_not(port: ConsolePort, clock: MovableClock) -> None:
    client = port.client()
    for _ in range(TRIES):
        assert (await client.form("/console/sign-in", {"key": "guess"})).status == 401
    refused = await client.form("/console/sign-in", {"key": KEY})
    assert refused.status == 429
    assert 0 < int(refused.header("retry-after")) <= 300
    clock.move(minutes=5, seconds=1)
    assert (await client.form("/console/sign-in", {"key": KEY})).status == 303


async def test_eight_hours_later_one_signs_in_again(port: ConsolePort, admin: Client, clock: MovableClock) -> None:
    clock.move(hours=7.9)
    assert (await admin.get("/console/", HTML)).status == 200
    clock.move(hours=0.2)
    assert (await admin.get("/console/", HTML)).status == 303
    await port.signed_in()
    assert len(await rows(port.house)) == 1


async def test_signing_out_ends_every_copy_of_the_cookie(admin: Client, port: ConsolePort) -> None:
    thief = port.client()
    thief.cookies = dict(admin.cookies)
    page = await thief.get("/console/", HTML)
    assert page.status == 200
    left = await admin.form("/console/sign-out", {"csrf": csrf_in(page.text)})
    assert (left.status, left.header("location")) == (303, "/console/sign-in")
    assert "Max-Age=0" in left.header("set-cookie")
    assert (await thief.get("/console/", HTML)).status == 303


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64])
async def test_a_strangers_form_signs_nobody_out(admin: Client, csrf: str) -> None:
    assert (await admin.form("/console/sign-out", {"csrf": csrf})).status == 403
    assert (await admin.get("/console/", HTML)).status == 200


async def test_another_browsers_token_is_no_good(admin: Client, port: ConsolePort) -> None:
    other = await port.signed_in()
    csrf = csrf_in((await other.get("/console/", HTML)).text)
    assert (await admin.form("/console/sign-out", {"csrf": csrf})).status == 403
    assert (await admin.form("/console/people", {"csrf": csrf, "who": "ada@example.org"})).status == 403


async def test_a_key_that_was_taken_away_closes_its_sign_ins(
    admin: Client, house: DeliveryHouse, tmp_path: Path
) -> None:
    same = console_port(house, tmp_path, keys=(KEY, "another-key-of-the-tests"))
    other = console_port(house, tmp_path, keys=("another-key-of-the-tests",))
    for port, status in ((same, 200), (other, 303)):
        client = port.client()
        client.cookies = dict(admin.cookies)
        assert (await client.get("/console/", HTML)).status == status


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
async def test_no_other_site_signs_somebody_in(port: ConsolePort, headers: dict[str, str]) -> None:
    sent = {**HTML, "content-type": "application/x-www-form-urlencoded", **headers}
    answer = await port.client().call("POST", "/console/sign-in", sent, f"key={KEY}".encode())
    assert answer.status == 403
    assert not answer.header("set-cookie")


async def test_a_link_in_a_mail_offers_to_go_on(port: ConsolePort) -> None:
    form = await port.client().get("/console/sign-in?next=/console/people", {**HTML, "sec-fetch-site": "cross-site"})
    assert 'href="/console/people"' in form.text


async def test_without_a_key_the_console_is_closed_and_says_how_to_open_it(
    house: DeliveryHouse, tmp_path: Path
) -> None:
    client = console_port(house, tmp_path, keys=()).client()
    for screen in SCREENS:
        assert (await client.get(screen, HTML)).header("location").startswith("/console/sign-in")
    page = await client.get("/console/sign-in", HTML)
    assert page.status == 403
    assert "api_keys" in page.text
    assert (await client.form("/console/sign-in", {"key": ""})).status == 403


async def test_in_development_no_key_is_asked_for_and_the_page_says_so(house: DeliveryHouse, tmp_path: Path) -> None:
    client = console_port(house, tmp_path, keys=(), dev=True).client()
    page = await client.get("/console/", HTML)
    assert page.status == 200
    assert "no key is asked for" in page.text
    assert "Sign out" not in page.text
    assert (
        await console_port(house, tmp_path, keys=(), dev=True, more="open: true").client().get("/console/", HTML)
    ).status == 303
    locked = console_port(house, tmp_path, dev=True).client()
    assert (await locked.get("/console/", HTML)).status == 303


@pytest.mark.parametrize("path", ["/console/", "/console/sign-in", "/console/static/console.css", "/console/pieces"])
async def test_a_web_page_that_rebinds_its_name_gets_nothing(house: DeliveryHouse, tmp_path: Path, path: str) -> None:
    client = console_port(house, tmp_path, keys=(), dev=True).client()
    assert (await client.get(path, {**HTML, "host": "evil.example:4434"})).status == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/../health/x", 307),
        ("/console/%2e%2e/health/x", 307),
        ("/console%2f..%2fhealth/x", 307),
        ("/consolex", 401),
        ("/console%2Fhealth", 404),
    ],
)
async def test_the_consoles_door_leads_to_nothing_else(port: ConsolePort, path: str, status: int) -> None:
    answer = await port.client().get(path, HTML)
    assert answer.status == status
    if status == 307:
        assert (await port.client().get(answer.header("location"), HTML)).status == 401


async def test_a_body_that_is_too_large_is_refused(port: ConsolePort) -> None:
    assert (await port.client().form("/console/sign-in", {"key": "x" * 20_000})).status == 413
