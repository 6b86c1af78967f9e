"""What every answer of both ports carries: no sniffing; and Strict-Transport-Security where the address is https."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.config.model import Config
from doorward.config.model_serve import AdminServe, PublicServe
from doorward.observability.metrics import make_metrics
from doorward.security.tokens import CookieSealer
from doorward.web.cookies import make_cookies
from doorward.web.every_answer import is_strict
from doorward.web.middleware import admin_stack, public_stack
from doorward.web.responses import json_answer
from public_port import JSON, Reply, call

HEADER = "strict-transport-security"


async def hello(_request: Request) -> Response:
    return json_answer({"hello": "world"})


async def broken(_request: Request) -> Response:
    raise RuntimeError("nobody expected this")


async def ask(base_url: str, path: str = "/hello", *, is_admin: bool = False) -> Reply:
    routes = [Route("/hello", hello), Route("/broken", broken)]
    if is_admin:
        return await call(admin_stack(routes, AdminServe(base_url=base_url), make_metrics()), "GET", path, JSON)
    cookies = make_cookies(Config(), CookieSealer(["a-secret-of-the-tests"]))
    return await call(public_stack(routes, PublicServe(base_url=base_url), cookies, make_metrics()), "GET", path, JSON)


@pytest.mark.parametrize("is_admin", [False, True])
@pytest.mark.parametrize("path", ["/hello", "/nothing", "/broken"])
async def test_over_https_browsers_are_told_to_stay_there(path: str, is_admin: bool) -> None:
    answer = await ask("https://id.example.org/", path, is_admin=is_admin)
    assert answer.headers(HEADER) == ["max-age=31536000"]
    assert answer.headers("x-content-type-options") == ["nosniff"]


@pytest.mark.parametrize("is_admin", [False, True])
async def test_over_http_nobody_is_told(is_admin: bool) -> None:
    assert not (await ask("http://id.example.org/", is_admin=is_admin)).headers(HEADER)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://id.example.org/", True),
        ("https://ID.example.org:8443/id", True),
        ("http://id.example.org/", False),
        ("https://localhost:4433/", False),
        ("https://id.localhost/", False),
        ("https://127.0.0.1:4433/", False),
        ("https://[::1]:4433/", False),
        ("", False),
    ],
)
def test_a_developers_own_machine_is_left_alone(base_url: str, expected: bool) -> None:
    assert is_strict(base_url) is expected
