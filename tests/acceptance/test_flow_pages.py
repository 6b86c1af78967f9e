"""The pages of every flow in a real browser: sign up, confirm, sign in, protect, forget, get back in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chromium import PHONE, a_page
from doorward.clock import SystemClock
from doorward.security.one_time_password import read_totp, totp_url
from running import PASSWORD, Server, running, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
selfservice:
  methods:
    code: {{passwordless_enabled: true}}
    totp: {{enabled: true}}
    lookup_secret: {{enabled: true}}
  flows:
    registration: {{after: {{password: {{hooks: [{{hook: session}}, {{hook: show_verification_ui}}]}}}}}}
    recovery: {{enabled: true}}
    verification: {{enabled: true}}
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
"""
EMAIL = "ada@example.org"
NEW_PASSWORD = "staple-7-paperclip-moon"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, CONFIG.format(folder=tmp_path), "--dev")
    with running(server):
        yield server


def sign_up(page: Page, server: Server) -> None:
    page.goto(f"{server.public}/ui/registration")
    page.get_by_label("E-Mail", exact=True).fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


def newest_code(page: Page, server: Server, seen: int) -> str:
    """The code in the newest of more than `seen` messages, from the mailbox page."""

    def look() -> list[str]:
        page.goto(f"{server.public}/ui/mailbox")
        codes = re.findall(r"^\d{6}$", page.inner_text("main"), re.M)
        return codes if len(codes) > seen else []

    found: list[str] = until("the mail", look)
    return found[0]


def code_of(secret: str) -> str:
    """What an authenticator app would show now."""
    totp = read_totp(totp_url(secret, "Doorward", EMAIL))
    assert totp is not None
    return totp.code(int(SystemClock().now().timestamp()) // 30)


def send(page: Page) -> None:
    page.locator("button.primary").first.click()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_an_address_is_confirmed_and_a_wrong_code_is_told(server: Server, has_scripts: bool) -> None:
    with a_page(size=PHONE, has_scripts=has_scripts) as page:
        sign_up(page, server)
        expect(page.get_by_role("heading", name="Confirm your address")).to_be_visible()
        form = page.url
        code = newest_code(page, server, 0)
        page.goto(form)
        page.get_by_label("Verification code").fill("000000" if code != "000000" else "111111")
        send(page)
        expect(page.get_by_role("alert")).to_contain_text("not right")
        page.get_by_label("Verification code").fill(code)
        send(page)
        expect(page.get_by_role("heading", name="Your address is confirmed")).to_be_visible()
        page.get_by_role("link", name="Continue").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_signing_out_and_in_again(server: Server) -> None:
    with a_page() as page:
        sign_up(page, server)
        page.goto(f"{server.public}/ui/welcome")
        page.get_by_role("link", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("E-Mail").fill(EMAIL)
        page.get_by_label("Password", exact=True).fill("wrong-password-1")
        send(page)
        expect(page.get_by_role("alert")).to_contain_text("do not fit together")
        expect(page.get_by_label("E-Mail")).to_have_value(EMAIL)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_a_second_factor_is_set_up_and_asked_for(server: Server) -> None:
    with a_page() as page:
        sign_up(page, server)
        page.goto(f"{server.public}/ui/settings")
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        secret = page.locator("#totp_secret_key").inner_text().strip()
        page.get_by_label("Code that the app shows").fill(code_of(secret))
        page.get_by_role("button", name="Connect this app").click()
        expect(page.locator(".notice.ok").first).to_contain_text("saved")
        page.get_by_role("button", name="Make new backup codes").click()
        codes = page.locator(".codes li").all_inner_texts()
        assert len(codes) == 12
        page.get_by_role("button", name="I have kept them").click()
        expect(page.locator(".notice.ok").first).to_contain_text("saved")
        page.get_by_role("link", name="Sign out").click()
        page.get_by_label("E-Mail").fill(EMAIL)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        send(page)
        page.goto(f"{server.public}/ui/settings")
        expect(page.get_by_role("heading", name="One more step")).to_be_visible()
        page.get_by_label("Backup code").fill(codes[0])
        page.get_by_role("button", name="Use backup code").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        page.get_by_role("link", name="Your account").click()
        expect(page.get_by_role("button", name="Remove authenticator app")).to_be_visible()


def test_who_forgot_the_password_gets_back_in_and_changes_it(server: Server) -> None:
    with a_page() as page:
        sign_up(page, server)
        page.context.clear_cookies()
        page.goto(f"{server.public}/ui/login")
        page.get_by_role("link", name="I cannot sign in").click()
        page.get_by_label("E-mail").fill(EMAIL)
        send(page)
        expect(page.get_by_role("heading", name="Check your messages")).to_be_visible()
        form = page.url
        code = newest_code(page, server, 1)
        page.goto(form)
        page.get_by_label("Recovery code").fill(code)
        send(page)
        expect(page.locator(".notice.ok").first).to_contain_text("You are back in")
        page.get_by_label("New password").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Change password").click()
        expect(page.locator(".notice.ok").last).to_contain_text("saved")


def test_signing_in_by_code(server: Server) -> None:
    with a_page() as page:
        sign_up(page, server)
        page.context.clear_cookies()
        page.goto(f"{server.public}/ui/login")
        page.get_by_label("E-Mail").fill(EMAIL)
        page.get_by_role("button", name="Send a code").click()
        expect(page.get_by_role("heading", name="Enter the code that we sent you")).to_be_visible()
        form = page.url
        code = newest_code(page, server, 1)
        page.goto(form)
        page.get_by_label("Code", exact=True).fill(code)
        send(page)
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_settings_ask_who_is_not_signed_in_to_sign_in(server: Server) -> None:
    with a_page() as page:
        page.goto(f"{server.public}/ui/settings")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
