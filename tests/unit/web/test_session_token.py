"""Which of several credentials counts."""

from datetime import timedelta

import pytest

from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.security.tokens import CookieSealer
from doorward.web.cookies import Cookies, HeldSession, make_cookies
from doorward.web.session_token import Credential, find_credential

HOUR = timedelta(hours=1)
JAR: Cookies = make_cookies(Config(), CookieSealer(["a-secret-of-the-tests"]))


def cookie(clock: MovableClock, token: str) -> str:
    return JAR.session(token, clock.now() + HOUR, clock.now()).partition(";")[0]


def test_the_order(clock: MovableClock) -> None:
    now = clock.now()
    bearer = {"authorization": "bEaReR three"}
    held = {"cookie": cookie(clock, "two")}
    two = HeldSession("two", now + HOUR)
    assert find_credential({"x-session-token": "one", **bearer, **held}, JAR) == Credential("one", two)
    assert find_credential({**bearer, **held}, JAR) == Credential("two", two)
    assert find_credential(bearer, JAR) == Credential("three")
    assert find_credential({"authorization": "Basic x", "cookie": "ory_kratos_session=bad"}, JAR) is None


def test_blanks_around_a_token() -> None:
    assert find_credential({"x-session-token": " one "}, JAR) == Credential("one")
    assert find_credential({"authorization": "Bearer one "}, JAR) == Credential("one")
    assert find_credential({"authorization": "Bearer  one"}, JAR) == Credential(" one")
    assert find_credential({"x-session-token": " "}, JAR) is None


@pytest.mark.parametrize("text", ["{good}; ory_kratos_session=bad", "ory_kratos_session=bad; {good}", "a=b;{good}"])
def test_the_cookie_among_others(clock: MovableClock, text: str) -> None:
    header = text.replace("{good}", cookie(clock, "two"))
    found = find_credential({"cookie": header}, JAR)
    assert found is not None
    assert found.token == "two"


def test_when_a_cookie_is_outdated(clock: MovableClock) -> None:
    end = clock.now() + HOUR
    held = {"cookie": cookie(clock, "two")}
    own = find_credential(held, JAR)
    other = find_credential({**held, "x-session-token": "one"}, JAR)
    assert own is not None
    assert other is not None
    assert not own.is_cookie_outdated(end)
    assert own.is_cookie_outdated(end + HOUR)
    assert other.is_cookie_outdated(end)
    assert not Credential("one").is_cookie_outdated(end)


def test_a_credential_does_not_show_its_token(clock: MovableClock) -> None:
    found = find_credential({"cookie": cookie(clock, "secret")}, JAR)
    assert found is not None
    assert "secret" not in repr(found)
