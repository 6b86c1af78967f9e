"""The pages in a real browser on a real server: sign-up with and without JavaScript, by keyboard, on small screens."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chromium import PHONE, a_page
from running import PASSWORD, Server, Simulator, running, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
selfservice:
  allowed_return_urls: ["http://127.0.0.1:8999/"]
  flows: {{registration: {{style: {style}, after: {{password: {{hooks: [{{hook: session}}]}}}}}}}}
"""


@pytest.fixture(params=["unified", "profile_first"])
def page_server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that delivers to nobody, once with one step to sign up and once with two."""
    server = Server(tmp_path, CONFIG.format(folder=tmp_path, style=request.param), "--dev")
    with running(server):
        yield server


def fill(page: Page, email: str, *, agrees: bool) -> None:
    """Fills in and sends every step."""
    page.get_by_label("E-Mail", exact=True).fill(email)
    page.get_by_label("First name").fill("Ada")
    page.get_by_role("checkbox").set_checked(agrees)
    if page.get_by_label("Password", exact=True).count() == 0:
        page.get_by_role("button", name="Continue").click()
        page.get_by_text(email).wait_for()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_person_signs_up_and_is_welcomed(page_server: Server, has_scripts: bool) -> None:
    with a_page(has_scripts=has_scripts) as page:
        page.goto(f"{page_server.public}/ui/registration")
        expect(page.get_by_role("checkbox")).not_to_be_checked()
        fill(page, "ada@example.org", agrees=True)
        expect(page.get_by_role("heading", name="Welcome, Ada")).to_be_visible()
        expect(page.get_by_text("ada@example.org")).to_be_visible()
        expect(page.get_by_text("You agreed")).to_be_visible()


def test_a_mistake_is_told_at_the_top_and_the_keyboard_gets_to_it(page_server: Server) -> None:
    with a_page(size=PHONE) as page:
        page.goto(f"{page_server.public}/ui/registration")
        page.get_by_label("E-Mail", exact=True).fill("ada@")
        page.get_by_label("First name").fill("Ada")
        page.keyboard.press("Enter")
        summary = page.get_by_role("alert")
        expect(summary).to_contain_text("Please check")
        expect(summary).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        field = page.get_by_label("E-Mail", exact=True)
        expect(field).to_be_focused()
        expect(field).to_have_value("ada@")
        expect(page.get_by_label("First name")).to_have_value("Ada")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_password_can_be_looked_at(page_server: Server) -> None:
    with a_page() as page:
        page.goto(f"{page_server.public}/ui/pieces")
        field = page.get_by_label("Password", exact=True).first
        field.fill("correct horse")
        page.get_by_role("button", name="Show password").first.click()
        expect(field).to_have_attribute("type", "text")
        page.get_by_role("button", name="Hide password").first.click()
        expect(field).to_have_attribute("type", "password")


def test_a_second_click_sends_nothing_twice(page_server: Server) -> None:
    sent: list[str] = []
    with a_page() as page:
        page.on("request", lambda made: sent.append(made.url) if made.method == "POST" else None)
        page.goto(f"{page_server.public}/ui/registration")
        page.get_by_label("E-Mail", exact=True).fill("ada@example.org")
        page.locator("button.primary").dblclick()
        page.wait_for_load_state()
        page.get_by_label("Password", exact=True).wait_for()
    assert len(sent) == 1


def test_a_link_that_leads_elsewhere_ends_at_the_error_page(page_server: Server) -> None:
    with a_page() as page:
        page.goto(f"{page_server.public}/self-service/registration/browser?return_to=https://evil.example.net/")
        expect(page).to_have_url(re.compile(r"/ui/error\?id=[0-9a-f-]{36}$"))
        expect(page.get_by_role("heading", name="This link leads somewhere unexpected")).to_be_visible()
        page.get_by_role("link", name="Start again").click()
        expect(page.get_by_role("heading", name="Create your account")).to_be_visible()


def test_the_browser_lets_the_form_lead_to_an_allowed_site(page_server: Server) -> None:
    with a_page() as page:
        page.route("http://127.0.0.1:8999/**", lambda route: route.fulfill(body="You are back.", status=200))
        start = f"{page_server.public}/self-service/registration/browser?return_to=http://127.0.0.1:8999/after"
        page.goto(start)
        fill(page, "ada@example.org", agrees=False)
        expect(page.get_by_text("You are back.")).to_be_visible()


def test_who_agrees_on_the_page_becomes_a_contact_and_who_does_not_is_none(
    server: Server, simulator: Simulator
) -> None:
    with running(server):
        for email, agrees in (("ada@example.org", True), ("bob@example.org", False)):
            with a_page() as page:
                page.goto(f"{server.public}/ui/registration")
                fill(page, email, agrees=agrees)
                expect(page.get_by_role("heading", name="Welcome, Ada")).to_be_visible()
        until("the contact", lambda: simulator.find_contact("ada@example.org"))
        until(
            "the decision", lambda: "skipped" in server.command("hubspot", "where", "bob@example.org", "--json").stdout
        )
        assert "consent" in server.command("hubspot", "where", "bob@example.org", "--json").stdout
        assert simulator.find_contact("bob@example.org") is None
