"""Ory's TypeScript client and Ory's elements, unmodified, against a real server: every flow that a person walks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chromium import a_page
from node_clients import built, elements_site, walked
from running import PASSWORD, Server, free_port, running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
selfservice:
  default_browser_return_url: {site}/welcome
  allowed_return_urls: ["{site}"]
  flows:
    registration:
      style: profile_first
      ui_url: "{site}/registration"
      after: {{password: {{hooks: [{{hook: session}}]}}}}
    login: {{ui_url: "{site}/login"}}
    settings: {{ui_url: "{site}/settings"}}
    recovery: {{enabled: true, ui_url: "{site}/recovery"}}
    verification: {{enabled: true, ui_url: "{site}/verification"}}
    error: {{ui_url: "{site}/error"}}
"""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def site(bundles: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server, and the elements that it sends browsers to."""
    folder, port = tmp_path_factory.mktemp("npm"), free_port()
    address = f"http://127.0.0.1:{port}"
    cors = {
        "SERVE_PUBLIC_CORS_ENABLED": "true",
        "SERVE_PUBLIC_CORS_ALLOWED_ORIGINS": address,
        "SERVE_PUBLIC_CORS_ALLOWED_HEADERS": "accept,content-type,x-session-token",
    }
    server = Server(folder, CONFIG.format(folder=folder, site=address), "--dev", environment=cors)
    with running(server), elements_site(bundles, port, server.public):
        yield server, address


def test_the_typescript_client_walks_every_flow(site: tuple[Server, str], bundles: Path) -> None:
    server, _ = site
    assert "FAILED" not in walked(bundles, server.public, server.admin)


def test_the_elements_sign_a_person_up_in_and_change_their_password(site: tuple[Server, str]) -> None:
    _, address = site
    with a_page() as page:
        page.goto(f"{address}/registration")
        page.locator("[name='traits.email']").fill("elements@example.org")
        submit(page)
        page.locator("[name='password']").fill(PASSWORD)
        submit(page)
        page.wait_for_url(re.compile("/welcome"))
        expect(page.get_by_text("elements@example.org")).to_be_visible()
        page.goto(f"{address}/settings")
        page.locator("[name='password']").fill("staple-7-paperclip-moon")
        page.locator("form", has=page.locator("[name='password']")).get_by_role("button", name="Save").click()
        expect(page.get_by_text("Your changes have been saved").first).to_be_visible()
        page.context.clear_cookies()
        page.goto(f"{address}/login")
        page.locator("[name='identifier']").fill("elements@example.org")
        page.locator("[name='password']").fill("staple-7-paperclip-moon")
        submit(page)
        page.wait_for_url(re.compile("/welcome"))


def submit(page: Page) -> None:
    page.locator("button[type='submit']").last.click()
