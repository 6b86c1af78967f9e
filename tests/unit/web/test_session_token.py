"""Which of several credentials counts."""

from datetime import timedelta

from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.security.tokens import CookieSealer
from doorward.web.cookies import Cookies, make_cookies
from doorward.web.session_token import Credential, find_credential

JAR: Cookies = make_cookies(Config(), CookieSealer(["a-secret-of-the-tests"]))


def cookies(clock: MovableClock, token: str) -> dict[str, str]:
    header = JAR.session(token, clock.now() + timedelta(hours=1), clock.now())
    name, _, rest = header.partition("=")
    return {name: rest.partition(";")[0]}


def test_the_order(clock: MovableClock) -> None:
    now = clock.now()
    bearer = {"authorization": "bEaReR three"}
    held = cookies(clock, "two")
    assert find_credential({"x-session-token": "one", **bearer}, held, JAR, now) == Credential("one", True)
    assert find_credential({"x-session-token": "two"}, held, JAR, now) == Credential("two", False)
    assert find_credential(bearer, held, JAR, now) == Credential("two")
    assert find_credential(bearer, {}, JAR, now) == Credential("three")
    assert find_credential({"authorization": "Basic x"}, {"ory_kratos_session": "bad"}, JAR, now) is None


def test_a_credential_does_not_show_its_token() -> None:
    assert "secret" not in repr(Credential("secret"))
