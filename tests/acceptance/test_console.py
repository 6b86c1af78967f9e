"""The console in a real browser on a real server: signing in, finding out what failed, doing what the page says."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from chromium import DESKTOP, PHONE, a_page, browser
from running import BIN, Server, Simulator, connected, request, running, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

KEY = "an-admin-key-of-the-tests"
BEARER = {"Authorization": f"Bearer {KEY}"}
EMAIL, OTHER = "ada@example.org", "bob@example.org"
SCREENS = ["/console/", "/console/deliveries", "/console/people", "/console/destinations", "/console/pieces"]
# Layout shifts that no input caused (web.dev, CLS), and targets that a finger misses (WCAG 2.2, 2.5.8: links in a
# sentence are exempt).
SHIFT = """() => new Promise((tell) => {
  let sum = 0;
  new PerformanceObserver((seen) => { for (const each of seen.getEntries()) sum += each.value; })
    .observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => tell(sum)));
})"""
SMALL = """() => [...document.querySelectorAll("button, select, input:not([type=hidden]), nav a, a.plain, a.primary")]
  .map((each) => [each.outerHTML, each.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 24 || box.width < 24)).map(([html]) => html)"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Simulator]]:
    """A connected server whose admin API has a key, with one dead letter; one for all tests, which do not mend it."""
    folder = tmp_path_factory.mktemp("console")
    simulator = Simulator(folder)
    with running(simulator):
        server = connected(folder, simulator, f"dsn: sqlite://{folder}/doorward.sqlite\n")
        text = server.config.read_text()
        server.config.write_text(text.replace("admin: {host", f'admin: {{api_keys: ["{KEY}"], host'))
        assert KEY in server.config.read_text()
        with running(server):
            fail_to_send(server, EMAIL)
            yield server, simulator


@pytest.fixture
def locked(house: tuple[Server, Simulator]) -> Server:
    return house[0]


def fail_to_send(server: Server, email: str) -> None:
    """Somebody signs up while the template is broken. Afterwards it is mended, and nobody has sent anything again."""
    template = server.config.parent / "hubspot_contact.jsonnet"
    good = template.read_text()
    before = len(dead_letters(server))
    template.write_text("function(ctx) {properties: ctx.no}")
    server.reload()
    assert server.sign_up(email, newsletter=True).status == 200
    until("the dead letter", lambda: len(dead_letters(server)) > before)
    template.write_text(good)
    server.reload()


def dead_letters(server: Server) -> list[Any]:
    found: list[Any] = server.told("deliveries", "list", "--state", "dead")["deliveries"]
    return found


def sign_in(page: Page, server: Server) -> None:
    page.goto(f"{server.admin}/console/")
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def test_a_dead_letter_is_found_and_sent_again_as_the_page_says(house: tuple[Server, Simulator]) -> None:
    locked, simulator = house
    fail_to_send(locked, OTHER)
    with a_page() as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=locked.admin)
        sign_in(page, locked)
        expect(page.get_by_role("heading", level=1, name="Something needs you")).to_be_visible()
        expect(page.get_by_role("heading", name="2 deliveries are given up")).to_be_visible()
        page.get_by_role("link", name="Show them").click()
        page.locator("tbody tr").first.click(position={"x": 600, "y": 10})
        expect(page.get_by_text("Try 1: discarded")).to_have_count(1)
        shown = page.locator(".typed", has_text=" replay ")
        shown.get_by_role("button").click()
        expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_attached()
        command = shlex.split(page.evaluate("navigator.clipboard.readText()"))
        assert command[:3] == ["doorward", "deliveries", "replay"]
        # What was copied is run as it is, from anywhere.
        done = subprocess.run([BIN / command[0], *command[1:]], cwd="/", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        until("the contact", lambda: simulator.find_contact(OTHER))
        until("the end", lambda: len(dead_letters(locked)) == 1)
        page.reload()
        expect(page.locator(".head .badge")).to_have_text("delivered")
        contact = simulator.find_contact(OTHER)
        assert contact is not None
        link = page.get_by_role("link", name=f"contact {contact['id']}")
        expect(link).to_have_attribute("href", re.compile(r"^https://.+/contacts/.+/record/0-1/\d+$"))
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_role("heading", name="1 delivery is given up")).to_be_visible()


def test_without_scripts_by_keyboard_a_person_is_found(locked: Server) -> None:
    with a_page(has_scripts=False, size=PHONE) as page:
        page.goto(f"{locked.admin}/console/people")
        page.get_by_label("API key").fill("a-wrong-key-of-the-tests")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_label("API key")).to_have_value("")
        page.get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{locked.admin}/console/people")
        page.get_by_label("E-mail address or identity id").fill(EMAIL)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name="Given up")).to_be_visible()
        expect(page).to_have_url(re.compile(r"/console/people/[0-9a-f-]{36}$"))
        expect(page.get_by_text("registered (registration flow, password)")).to_be_visible()
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{locked.admin}/console/deliveries")
        expect(page.get_by_role("heading", name="Sign in to the console")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_screen_fits_jumps_nowhere_and_can_be_touched(locked: Server, size: ViewportSize) -> None:
    with a_page(size=size) as page:
        sign_in(page, locked)
        for screen in SCREENS:
            page.goto(f"{locked.admin}{screen}")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], screen
            assert page.evaluate(SHIFT) == 0, screen
            assert page.evaluate(SMALL) == [], screen


def test_the_browser_keeps_the_sign_in_to_the_console(locked: Server) -> None:
    with browser() as chromium:
        page = chromium.new_context().new_page()
        sign_in(page, locked)
        kept = page.context.cookies()
        assert [(each["httpOnly"], each["sameSite"], each["path"]) for each in kept] == [(True, "Strict", "/console")]
        assert page.evaluate("document.cookie") == ""
        # The cookie opens the console and nothing else; the key opens the API.
        answer = page.goto(f"{locked.admin}/version")
        assert answer is not None
        assert answer.status == 401
    assert request("GET", f"{locked.admin}/version").status == 401
    assert request("GET", f"{locked.admin}/version", headers=BEARER).status == 200
    assert KEY not in locked.log.read_text()
