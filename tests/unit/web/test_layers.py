"""The layers around the routes: ids, logs, overload, faults, caching, who may use the admin port."""

import asyncio
import logging

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from doorward.config.model_serve import AdminServe, PublicServe, RequestLogConfig
from doorward.config.secrets import Secret
from doorward.observability.metrics import make_metrics
from doorward.storage.errors import DatabaseAway
from doorward.web.body import read_limited
from doorward.web.middleware import admin_stack
from doorward.web.overload import OverloadGuard
from doorward.web.page_headers import origin_of, page_headers
from doorward.web.responses import json_answer
from doorward.web.routing import Routes
from public_port import HTML, JSON, Client, call

KEY = "a-key-of-the-operator"


async def hello(_request: Request) -> Response:
    return json_answer({"hello": "world"})


async def broken(_request: Request) -> Response:
    raise RuntimeError("hunter2 ada@example.org")


async def away(_request: Request) -> Response:
    raise DatabaseAway


async def echo(request: Request) -> Response:
    return json_answer({"bytes": len(await read_limited(request, 10))})


ROUTES = [
    Route("/hello", hello),
    Route("/broken", broken),
    Route("/away", away),
    Route("/echo", echo, methods=["POST"]),
    Route("/health/alive", hello),
]


def admin(*keys: str, is_open: bool = False) -> ASGIApp:
    config = AdminServe(base_url="https://admin.example.org/", api_keys=tuple(map(Secret, keys)), open=is_open)
    return admin_stack(ROUTES, config, make_metrics())


async def test_a_fault_is_answered_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "doorward"):
        answer = await call(admin(), "GET", "/broken", JSON)
    assert answer.status == 500
    assert b"hunter2" not in answer.body
    assert answer.header("x-request-id")
    assert caplog.records[0].message == "request_failed"


async def test_an_absent_database_says_try_again() -> None:
    answer = await call(admin(), "GET", "/away", JSON)
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.json["error"]["id"] == "database_away"


async def test_a_given_request_id_is_kept_only_if_it_is_harmless() -> None:
    kept = await call(admin(), "GET", "/hello", {**JSON, "x-request-id": "abc-12345"})
    assert kept.header("x-request-id") == "abc-12345"
    replaced = await call(admin(), "GET", "/hello", {**JSON, "x-request-id": "a b\x7f<script>"})
    assert len(replaced.header("x-request-id")) == 32


async def test_the_log_line_holds_neither_query_nor_path_values(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "doorward"):
        await call(admin(), "GET", "/hello?email=ada@example.org", JSON)
    fields = vars(caplog.records[-1])["fields"]
    assert (fields["route"], fields["status"], fields["method"]) == ("/hello", 200, "GET")
    assert "ada" not in str(fields)


async def test_a_websocket_is_closed_at_once() -> None:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await admin()({"type": "websocket", "path": "/hello", "headers": []}, receive, send)
    assert [message["type"] for message in told] == ["websocket.close"]


async def test_health_may_be_left_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    config = AdminServe(request_log=RequestLogConfig(disable_for_health=True))
    with caplog.at_level(logging.INFO, "doorward"):
        await call(admin_stack(ROUTES, config, make_metrics()), "GET", "/health/alive", JSON)
    assert not caplog.records


async def test_requests_are_counted_by_route() -> None:
    metrics = make_metrics()
    await call(admin_stack(ROUTES, AdminServe(), metrics), "GET", "/hello", JSON)
    text = metrics.render().decode()
    assert 'doorward_http_requests_total{listener="admin",route="/hello",status="200"} 1.0' in text


async def test_what_a_get_answers_is_private() -> None:
    answer = await call(admin(), "GET", "/hello", JSON)
    assert answer.header("cache-control") == "private, no-cache, no-store, must-revalidate"
    assert answer.header("x-content-type-options") == "nosniff"
    assert not (await call(admin(), "HEAD", "/hello", JSON)).header("cache-control")


@pytest.mark.parametrize("told", ["11", "0", "no"])
async def test_a_body_beyond_the_limit_is_not_read(told: str) -> None:
    answer = await call(admin(), "POST", "/echo", {**JSON, "content-length": told}, b"x" * 11)
    assert (answer.status, answer.json["error"]["id"]) == (413, "body_too_large")
    assert (await call(admin(), "POST", "/echo", JSON, b"x" * 10)).json == {"bytes": 10}


async def test_a_busy_server_refuses_but_stays_healthy() -> None:
    release = asyncio.Event()

    async def slow(_request: Request) -> Response:
        await release.wait()
        return json_answer({})

    app = OverloadGuard(Routes([Route("/slow", slow), Route("/health/alive", hello)]), requests_max=1)
    first = asyncio.create_task(call(app, "GET", "/slow", JSON))
    await asyncio.sleep(0)
    refused = await call(app, "GET", "/slow", JSON)
    assert (refused.status, refused.json["error"]["id"]) == (503, "overloaded")
    assert (await call(app, "GET", "/health/alive", JSON)).status == 200
    release.set()
    assert (await first).status == 200
    assert (await call(app, "GET", "/slow", JSON)).status == 200


async def test_while_no_more_passwords_are_taken_submits_are_refused_unread_and_the_rest_is_served() -> None:
    routes = [Route("/self-service/login", hello, methods=["GET", "POST"]), Route("/sessions/whoami", hello)]
    app = OverloadGuard(Routes(routes), is_line_full=lambda: True)
    refused = await call(app, "POST", "/self-service/login", JSON)
    assert (refused.status, refused.json["error"]["id"]) == (503, "overloaded")
    assert int(refused.header("retry-after")) >= 1
    assert (await call(app, "GET", "/self-service/login", JSON)).status == 200
    assert (await call(app, "GET", "/sessions/whoami", JSON)).status == 200


async def test_a_person_is_told_in_words_that_the_server_is_busy() -> None:
    app = OverloadGuard(Routes([]), is_line_full=lambda: True)
    form = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
    refused = await call(app, "POST", "/self-service/registration", form)
    assert refused.status == 503
    assert int(refused.header("retry-after")) >= 1
    assert refused.header("content-security-policy") == "default-src 'none'"
    assert b"Nothing was changed" in refused.body


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:4434", 200),
        ("localhost", 200),
        ("[::1]:4434", 200),
        ("admin.example.org", 200),
        ("evil.example.net", 403),
        ("127.0.0.1.evil.example.net", 403),
        ("[", 403),
        ("", 403),
    ],
)
async def test_the_admin_port_answers_to_its_own_names_only(host: str, status: int) -> None:
    assert (await call(admin(), "GET", "/hello", {**JSON, "host": host})).status == status


async def test_with_a_key_nobody_enters_without_it() -> None:
    app = admin(KEY, "another-key-of-the-operator")
    for given in ("", "Basic x", "Bearer ", f"Bearer {KEY}x", KEY):
        refused = await call(app, "GET", "/hello", {**JSON, "authorization": given})
        assert (refused.status, refused.json["error"]["id"]) == (401, "admin_key_required")
    assert (await call(app, "GET", "/hello", {**JSON, "authorization": f"bearer {KEY}"})).status == 200
    assert (await call(app, "GET", "/health/alive", JSON)).status == 200


async def test_an_open_admin_port_answers_to_every_name() -> None:
    assert (await call(admin(is_open=True), "GET", "/hello", {**JSON, "host": "x.example.net"})).status == 200


async def test_pages_allow_nothing_inline_and_nothing_from_elsewhere(client: Client) -> None:
    policy = (await client.get("/ui/error?id=x", HTML)).header("content-security-policy")
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_forms_may_lead_where_the_configuration_says() -> None:
    headers = page_headers("http://localhost:4433/", ["https://*.example.org/x", "javascript:1", "https://a;b/", "/x"])
    assert "form-action 'self' http://localhost:4433 https://*.example.org;" in headers["content-security-policy"]
    assert origin_of("https://u:p@h/") == ""


def test_the_public_defaults_are_kratos_own() -> None:
    assert not PublicServe().cors.enabled
