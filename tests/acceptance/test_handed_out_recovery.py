"""What an administrator hands out lets its person back in: a code typed elsewhere, a link followed once."""

import asyncio
from collections.abc import AsyncIterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from running import Answer, Server, request

pytestmark = pytest.mark.slow

CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
feature_flags: {{use_continue_with_transitions: true}}
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
selfservice:
  default_browser_return_url: http://127.0.0.1:4455/
  methods:
    password: {{enabled: true, config: {{haveibeenpwned_enabled: false}}}}
    code: {{enabled: true}}
    link: {{enabled: true}}
  flows:
    registration: {{after: {{password: {{hooks: [{{hook: session}}]}}}}}}
    recovery: {{enabled: true, use: link}}
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path, CONFIG.format(folder=tmp_path), "--dev")
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


class NoRedirect(HTTPRedirectHandler):
    """The browser of this test stops at the first answer."""

    def redirect_request(self, *_: object) -> None:
        return None


def followed(url: str) -> tuple[int, str, str]:
    """Status, where the browser is sent, its new cookies."""
    try:
        answer: HTTPResponse | HTTPError = build_opener(NoRedirect).open(Request(url, headers={"accept": "text/html"}))
    except HTTPError as redirect:
        answer = redirect
    with answer:
        cookies = " ".join(answer.headers.get_all("set-cookie") or ())
        return answer.status or 0, answer.headers["location"] or "", cookies


async def handed_out(server: Server, kind: str, **order: str) -> Answer:
    url = f"{server.admin}/admin/recovery/{kind}"
    return await asyncio.to_thread(request, "POST", url, order)


async def ada(server: Server) -> str:
    signed_up = await asyncio.to_thread(server.sign_up, "ada@example.org")
    return str(signed_up.body["identity"]["id"])


async def test_a_code_is_typed_by_whoever_has_it(server: Server) -> None:
    made = await handed_out(server, "code", identity_id=await ada(server), flow_type="api", expires_in="10m")
    assert made.status == 201, made.body
    flow_id = parse_qs(urlsplit(made.body["recovery_link"]).query)["flow"][0]
    submit = f"{server.public}/self-service/recovery?flow={flow_id}"
    wrong = "000000" if made.body["recovery_code"] != "000000" else "000001"
    refused = await asyncio.to_thread(request, "POST", submit, {"method": "code", "code": wrong})
    assert refused.body["state"] == "sent_email"
    order = {"method": "code", "code": made.body["recovery_code"]}
    taken = await asyncio.to_thread(request, "POST", submit, order)
    assert taken.status == 200, taken.body
    token = taken.body["continue_with"][0]["ory_session_token"]
    who = await asyncio.to_thread(request, "GET", f"{server.public}/sessions/whoami", None, {"x-session-token": token})
    assert who.body["identity"]["traits"]["email"] == "ada@example.org"
    assert (await asyncio.to_thread(request, "POST", submit, order)).status != 200


async def test_a_link_is_followed_once(server: Server) -> None:
    made = await handed_out(server, "link", identity_id=await ada(server))
    assert made.status == 200, made.body
    status, location, cookies = await asyncio.to_thread(followed, made.body["recovery_link"])
    assert status == 303
    assert "/ui/settings?flow=" in location
    assert "ory_kratos_session=" in cookies
    status, location, cookies = await asyncio.to_thread(followed, made.body["recovery_link"])
    assert (status, "/ui/recovery?flow=" in location) == (303, True)
    assert "ory_kratos_session=" not in cookies


@pytest.mark.parametrize(
    ("kind", "order", "status"),
    [
        ("code", {"identity_id": "00000000-0000-4000-8000-000000000000"}, 404),
        ("code", {"identity_id": "nonsense"}, 400),
        ("link", {"identity_id": "00000000-0000-4000-8000-000000000000"}, 400),
        ("link", {}, 400),
    ],
)
async def test_orders_that_cannot_be_filled(server: Server, kind: str, order: dict[str, str], status: int) -> None:
    assert (await handed_out(server, kind, **order)).status == status


@pytest.mark.parametrize("expires_in", ["0s", "-1h", "soon"])
async def test_nothing_that_has_expired_is_handed_out(server: Server, expires_in: str) -> None:
    refused = await handed_out(server, "code", identity_id=await ada(server), expires_in=expires_in)
    assert refused.status == 400
