"""The cookie that names the paused steps of a browser."""

from datetime import timedelta
from uuid import uuid4

from doorward.clock import MovableClock
from doorward.flows.continuity import forgotten_steps, step_name
from doorward.flows.model import FlowKind
from doorward.security.tokens import CookieSealer
from doorward.web.cookies import CookieAttributes, CookieNames, Cookies

PLAIN = CookieAttributes("/", None, "Lax", is_secure=False)


def cookies(secret: str = "a-secret-of-the-tests") -> Cookies:
    return Cookies(CookieNames("csrf", "session"), PLAIN, PLAIN, CookieSealer([secret]))


def value_of(set_cookie: str) -> dict[str, str]:
    name, _, rest = set_cookie.partition("=")
    return {name: rest.partition(";")[0]}


def test_it_is_read_back_by_its_own_server_alone() -> None:
    now, held = MovableClock().now(), {"settings:password": uuid4(), "settings:profile": uuid4()}
    jar = value_of(cookies().continuity(held, now))
    assert cookies().find_continuity(jar, now) == held
    assert cookies("another-secret-of-the-tests").find_continuity(jar, now) == {}
    assert cookies().find_continuity({"ory_kratos_continuity": "nonsense"}, now) == {}
    assert cookies().find_continuity({}, now) == {}


def test_it_grows_old() -> None:
    now = MovableClock().now()
    jar = value_of(cookies().continuity({"settings:password": uuid4()}, now))
    assert cookies().find_continuity(jar, now + timedelta(hours=1)) == {}


def test_whoever_starts_anew_drops_what_was_paused() -> None:
    password, profile, link = uuid4(), uuid4(), uuid4()
    held = {
        step_name(FlowKind.SETTINGS, "password"): password,
        "oidc": link,
        step_name(FlowKind.SETTINGS, "profile"): profile,
    }
    assert forgotten_steps(FlowKind.SETTINGS, held) == [
        {"oidc": link, "settings:profile": profile},
        {"oidc": link},
    ]
    assert forgotten_steps(FlowKind.LOGIN, held) == []
