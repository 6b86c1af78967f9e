"""Attributes of the cookies, and that nobody else can make them."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from doorward.clock import MovableClock
from doorward.config.model import Config, CookiesConfig, SessionConfig, SessionCookieConfig
from doorward.security.tokens import CookieSealer, new_csrf_token
from doorward.web.cookies import Cookies, HeldSession, csrf_cookie_name, make_cookies

HOUR = timedelta(hours=1)


def jar(*, dev: bool = False, secret: str = "a-secret-of-the-tests", **cookie: Any) -> Cookies:
    config = dataclasses.replace(Config(), dev=dev, cookies=dataclasses.replace(CookiesConfig(), **cookie))
    return make_cookies(config, CookieSealer([secret]))


def test_the_csrf_cookie_is_named_after_the_public_address() -> None:
    assert csrf_cookie_name("http://127.0.0.1:4433/") != csrf_cookie_name("http://127.0.0.1:4433")
    assert jar().csrf("t").startswith(csrf_cookie_name("http://127.0.0.1:4433/") + "=t; Path=/; HttpOnly; Secure")


@pytest.mark.parametrize(
    ("dev", "same_site", "expected"),
    [
        (False, "None", "; Secure; SameSite=None"),
        (False, "Strict", "; Secure; SameSite=Strict"),
        (True, "Strict", "HttpOnly; SameSite=Strict"),
        (True, "None", "HttpOnly; SameSite=Lax"),
    ],
)
def test_same_site_is_lax_without_https(dev: bool, same_site: str, expected: str) -> None:
    assert expected in jar(dev=dev, same_site=same_site).csrf("t")


def test_a_session_cookie_lives_as_long_as_its_session(clock: MovableClock) -> None:
    now = clock.now()
    value = jar(domain="example.org", path="/id").session("ory_st_x", now + HOUR, now)
    assert "; Path=/id; Domain=example.org; HttpOnly; Secure; SameSite=Lax; Max-Age=3600" in value
    assert "ory_st_x" not in value


def test_it_may_end_with_the_browser(clock: MovableClock) -> None:
    session = dataclasses.replace(SessionConfig(), cookie=SessionCookieConfig(persistent=False, name="mine"))
    made = make_cookies(dataclasses.replace(Config(), session=session), CookieSealer(["a-secret-of-the-tests"]))
    assert "Max-Age" not in made.session("t", clock.now() + HOUR, clock.now())
    assert made.no_session().startswith("mine=;")


def test_only_our_own_session_cookies_open(clock: MovableClock) -> None:
    now = clock.now()
    header = jar().session("ory_st_x", now + HOUR, now)
    cookie = header.partition(";")[0]
    held = jar().find_session(cookie)
    assert held == HeldSession("ory_st_x", now + HOUR)
    assert "ory_st_x" not in repr(held)
    assert jar(secret="another-secret-of-tests").find_session(cookie) is None
    assert jar().find_session("ory_kratos_session=nonsense") is None


@pytest.mark.parametrize("value", ["", "x", "AAAA", "é" * 44])
def test_a_csrf_cookie_that_is_none_counts_as_absent(value: str) -> None:
    token = new_csrf_token()
    name = jar().names.csrf
    assert jar().csrf_token({name: value}) == ""
    assert jar().csrf_token({name: token}) == token
