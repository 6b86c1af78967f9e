"""Cross-origin rules: the recorded answers of Kratos, origin by origin."""

import dataclasses
from collections.abc import Mapping

import pytest
from starlette.types import Receive, Scope, Send

from doorward.config.model_serve import CorsConfig
from doorward.web.cors import PREFLIGHT_VARY, Cors
from doorward.web.responses import text_answer
from public_port import Reply, call

APP = "https://app.example.org"
CONFIG = CorsConfig(
    enabled=True,
    allowed_origins=(APP, "https://*.wild.example.org", "http://127.0.0.1:4455", "https://*.com"),
    allowed_methods=("GET", "POST"),
    allowed_headers=("Authorization", "Content-Type", "X-Session-Token", "X-Custom"),
    exposed_headers=("Content-Type", "X-Kratos-Authenticated-Identity-Id"),
    max_age=600,
)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await text_answer("hello", 200)(scope, receive, send)


async def asked(
    method: str, headers: Mapping[str, str], config: CorsConfig = CONFIG, *, is_any_star_honoured: bool = False
) -> Reply:
    cors = Cors(hello, config, is_any_star_honoured=is_any_star_honoured)
    return await call(cors, method, "/sessions", headers)


async def preflight(method: str = "POST", headers: str | None = None, origin: str = APP) -> Reply:
    sent = {"origin": origin, "access-control-request-method": method}
    if headers is not None:
        sent["access-control-request-headers"] = headers
    return await asked("OPTIONS", sent)


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (APP, True),
        ("https://APP.example.org", False),
        ("https://app.example.org:443", False),
        ("https://app.example.org/", False),
        ("http://app.example.org", False),
        ("https://sub.app.example.org", False),
        ("https://app.example.org.evil.example.net", False),
        ("https://x.wild.example.org", True),
        ("https://a.b.wild.example.org", True),
        ("https://wild.example.org", False),
        ("https://evilwild.example.org", False),
        ("https://x.wild.example.org:8443", False),
        ("http://127.0.0.1:4455", True),
        ("http://localhost:4455", False),
        ("https://any.com", False),
        ("null", False),
        ("", False),
    ],
)
async def test_origins(origin: str, is_allowed: bool) -> None:
    answer = await asked("GET", {"origin": origin})
    assert answer.status == 200
    assert answer.header("access-control-allow-origin") == (origin if is_allowed else "")
    assert answer.headers("vary") == ["Origin"]
    refused = await preflight(origin=origin)
    assert (refused.status, refused.header("access-control-allow-origin")) == (204, origin if is_allowed else "")


@pytest.mark.parametrize(
    ("pattern", "origin", "is_allowed"),
    [
        ("https://App.Example.org", "https://app.example.org", True),
        ("https://app*.example.org", "https://app-2.example.org", True),
        ("https://app*.example.org", "https://app.example.org", True),
        ("https://*.example.org:8443", "https://a.example.org:8443", True),
        ("https://*.Example.org", "https://a.example.org", True),
        ("https://*.example.org", "https://a.exampleXorg", False),
        ("*", "null", True),
    ],
)
async def test_origins_as_they_are_written(pattern: str, origin: str, is_allowed: bool) -> None:
    config = dataclasses.replace(CONFIG, allowed_origins=(pattern,))
    answer = await asked("GET", {"origin": origin}, config)
    assert answer.header("access-control-allow-origin") == (origin if is_allowed else "")


@pytest.mark.parametrize(
    ("pattern", "origin"),
    [
        ("https://*.com", "https://evil.com"),
        ("https://*.com:8443", "https://evil.com:8443"),
        ("https://*example.org", "https://evil-example.org"),
        ("https://www.example.*", "https://www.example.evil.net"),
        ("https://www.example.org*", "https://www.example.org.evil.net"),
        ("https://*", "https://evil.net"),
        ("https://*..org", "https://evil..org"),
        ("http://localhost:*", "http://localhost:3000"),
    ],
)
async def test_a_star_that_anybody_could_fit_is_honoured_only_where_the_flag_says_so(pattern: str, origin: str) -> None:
    config = dataclasses.replace(CONFIG, allowed_origins=(pattern,))
    assert (await asked("GET", {"origin": origin}, config)).header("access-control-allow-origin") == ""
    answer = await asked("GET", {"origin": origin}, config, is_any_star_honoured=True)
    assert answer.header("access-control-allow-origin") == origin


async def test_a_permission_in_full() -> None:
    answer = await asked("POST", {"origin": APP})
    assert answer.header("access-control-allow-credentials") == "true"
    assert answer.header("access-control-expose-headers") == "Content-Type, X-Kratos-Authenticated-Identity-Id"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD"])
async def test_a_method_that_is_not_allowed_is_served_without_permission(method: str) -> None:
    answer = await asked(method, {"origin": APP})
    assert (answer.status, answer.header("access-control-allow-origin")) == (200, "")
    refused = await preflight(method)
    assert (refused.status, refused.header("access-control-allow-methods")) == (204, "")
    assert refused.headers("vary") == [PREFLIGHT_VARY]


@pytest.mark.parametrize(
    ("headers", "is_allowed"),
    [
        ("content-type", True),
        ("Content-Type", False),
        ("x-custom", True),
        ("x-unknown", False),
        ("content-type,x-custom", True),
        ("content-type, x-custom", True),
        ("x-custom,content-type", False),
        ("content-type,x-unknown", False),
        ("content-type,content-type", False),
        ("content-type ,\tx-custom", True),
        ("content-type,  x-custom", False),
        (",content-type,,x-custom,", True),
        (",,,,,,,,,,,,,,,,,content-type", False),
        ("cookie", False),
    ],
)
async def test_headers(headers: str, is_allowed: bool) -> None:
    answer = await preflight("GET", headers)
    assert answer.status == 204
    assert answer.header("access-control-allow-headers") == (headers if is_allowed else "")
    assert answer.header("access-control-max-age") == ("600" if is_allowed else "")


@pytest.mark.parametrize(
    ("lines", "is_allowed"),
    [
        (("content-type", "x-custom"), True),
        (("x-custom", "content-type"), False),
        (("x-unknown", "content-type"), False),
    ],
)
async def test_headers_of_which_a_proxy_made_several_lines(lines: tuple[str, ...], is_allowed: bool) -> None:
    sent = {"origin": APP, "access-control-request-method": "POST"}
    asking = [(b"access-control-request-headers", line.encode()) for line in lines]

    async def with_lines(scope: Scope, receive: Receive, send: Send) -> None:
        await Cors(hello, CONFIG)({**scope, "headers": [*scope["headers"], *asking]}, receive, send)

    answer = await call(with_lines, "OPTIONS", "/sessions", sent)
    assert answer.headers("access-control-allow-headers") == (list(lines) if is_allowed else [])


async def test_empty_lists_mean_what_every_page_may_ask() -> None:
    config = dataclasses.replace(CONFIG, allowed_methods=(), allowed_headers=(), exposed_headers=())
    answer = await asked("HEAD", {"origin": APP}, config)
    assert (answer.header("access-control-allow-origin"), answer.header("access-control-expose-headers")) == (APP, "")
    sent = {"origin": APP, "access-control-request-method": "POST"}
    headers = "accept,content-type,x-requested-with"
    answer = await asked("OPTIONS", {**sent, "access-control-request-headers": headers}, config)
    assert answer.header("access-control-allow-headers") == headers
    for other in ({"access-control-request-method": "PUT"}, {"access-control-request-headers": "x-session-token"}):
        answer = await asked("OPTIONS", {**sent, **other}, config)
        assert answer.header("access-control-allow-origin") == ""


async def test_a_star_allows_every_header() -> None:
    config = dataclasses.replace(CONFIG, allowed_headers=("*",))
    sent = {"origin": APP, "access-control-request-method": "POST"}
    for headers in ("x-unknown", "x-unknown,content-type", "X-Unknown"):
        answer = await asked("OPTIONS", {**sent, "access-control-request-headers": headers}, config)
        assert answer.header("access-control-allow-headers") == headers


async def test_exposed_headers_are_written_as_headers_are() -> None:
    config = dataclasses.replace(CONFIG, exposed_headers=("x-request-id", "ETAG", "WWW-Authenticate", "*", "not one"))
    answer = await asked("GET", {"origin": APP}, config)
    exposed = "X-Request-Id, Etag, Www-Authenticate, *, not one"
    assert answer.header("access-control-expose-headers") == exposed


async def test_options_without_a_method_is_no_preflight() -> None:
    assert (await asked("OPTIONS", {"origin": APP})).text == "hello\n"


async def test_any_origin_is_named_not_starred() -> None:
    config = dataclasses.replace(CorsConfig(), enabled=True)
    answer = await asked("GET", {"origin": "null"}, config)
    assert answer.header("access-control-allow-origin") == "null"


async def test_nothing_is_added_while_it_is_off() -> None:
    answer = await asked("GET", {"origin": APP}, CorsConfig())
    assert not answer.headers("vary")
