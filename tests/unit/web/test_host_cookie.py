"""A session cookie whose name binds it to its host: browsers take `__Host-` only with Secure, `/` and no domain.

https://www.rfc-editor.org/rfc/rfc6265bis (4.1.3.2)
"""

from datetime import timedelta
from pathlib import Path

from doorward.clock import MovableClock
from doorward.config.load import load
from doorward.security.tokens import CookieSealer
from doorward.web.cookies import make_cookies

CONFIG = """
dsn: memory
identity: {default_schema_id: person, schemas: [{id: person, url: "base64://e30="}]}
secrets: {default: [a-secret-of-32-characters-or-more-1]}
selfservice: {default_browser_return_url: "https://id.example.org/"}
session: {cookie: {name: __Host-session}}
"""


def test_the_session_cookie_may_be_bound_to_its_host(tmp_path: Path, clock: MovableClock) -> None:
    file = tmp_path / "doorward.yml"
    file.write_text(CONFIG)
    cookies = make_cookies(load([file], {}, {"dev": False}).checked(), CookieSealer(["a-secret-of-the-tests"]))
    header = cookies.session("ory_st_x", clock.now() + timedelta(hours=1), clock.now())
    name, _, attributes = header.partition("=")
    assert name == "__Host-session"
    assert "; Path=/; HttpOnly; Secure" in attributes
    assert "Domain" not in attributes
    held = cookies.find_session(header.partition(";")[0])
    assert held is not None
    assert held.token == "ory_st_x"
