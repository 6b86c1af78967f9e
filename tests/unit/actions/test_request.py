"""The request that a web_hook's settings and a template's output make."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from doorward.actions.request import Ids, RequestUnbuildable, Skipped, build, prepare
from doorward.actions.sandbox import Sandbox, TemplateFailed
from doorward.actions.template import TemplateSource
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import MovableClock
from doorward.security.egress import Egress, EgressPolicy, OutgoingRequest
from doorward.security.signing import SigningKeys

IDS = Ids(UUID(int=1), UUID(int=2))
FORM = {"content-type": "application/x-www-form-urlencoded"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEMPLATE = "function(ctx) { from: ctx.from, to: ctx.to, body: ctx.body }"
CTX = b'{"from":"+13104661805","to":"+14134242223","body":"test-sms-body"}'


def settings(**keys: Any) -> WebHookSettings:
    config = {"url": "https://crm.example/x", "method": "POST", "body": "file://t.jsonnet", **keys}
    found = WebHookSettings.parse(config, "config")
    assert isinstance(found, WebHookSettings), found
    return found


def templated(text: str, **keys: Any) -> WebHookSettings:
    return settings(body="base64://" + base64.b64encode(text.encode()).decode(), **keys)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    found = Sandbox(workers=1)
    await found.start()
    yield found
    await found.close()


@pytest.fixture
def templates() -> TemplateSource:
    return TemplateSource(Egress(EgressPolicy()), MovableClock())


def test_a_plain_request() -> None:
    request = build(settings(timeout_s=7), '{"a": 1}\n', IDS)
    assert (request.method, request.url, request.body) == ("POST", "https://crm.example/x", b'{"a": 1}\n')
    assert request.headers == {
        "Content-Type": "application/json",
        "User-Agent": "Go-http-client/1.1",
        "Ory-Webhook-Request-Id": str(UUID(int=2)),
        "Ory-Webhook-Trigger-Id": str(UUID(int=1)),
    }
    assert (request.timeout_s, request.follow_redirects) == (7.0, 9)


@pytest.mark.parametrize(
    ("method", "sent"), [("", "GET"), ("GET", "GET"), ("DELETE", "DELETE"), ("GARBAGE", "GARBAGE")]
)
def test_every_method_carries_a_body(method: str, sent: str) -> None:
    request = build(settings(method=method), "{}", IDS)
    assert (request.method, request.body) == (sent, b"{}")


def test_trace_carries_none() -> None:
    assert build(settings(method="TRACE"), None, IDS).body == b""


def test_headers_are_canonical_and_some_cannot_be_set() -> None:
    given = {"x-my-key": "v", "Host": "h", "content-length": "9", "Ory-Webhook-Trigger-ID": "forged"}
    headers = build(settings(headers=given, emit_analytics_event=False), "{}", IDS).headers
    assert headers == {"X-My-Key": "v", "Content-Type": "application/json", "User-Agent": "Go-http-client/1.1"}


@pytest.mark.parametrize(
    ("auth", "headers", "expected"),
    [
        (
            {"type": "basic_auth", "config": {"user": "My-User", "password": "Super-Secret"}},
            {"authorization": "mine"},
            {"Authorization": "Basic TXktVXNlcjpTdXBlci1TZWNyZXQ="},
        ),
        (
            {"type": "api_key", "config": {"name": "my-key", "value": "v", "in": "header"}},
            {"My-Key": "mine"},
            {"My-Key": "v"},
        ),
        ({"type": "api_key", "config": {"name": "k", "value": "v", "in": "cookie"}}, {}, {"Cookie": "k=v"}),
        (
            {"type": "api_key", "config": {"name": "k", "value": "v", "in": "cookie"}},
            {"Cookie": "a=1"},
            {"Cookie": "a=1; k=v"},
        ),
        (
            {"type": "api_key", "config": {"name": "k", "value": 'va lue;"x', "in": "cookie"}},
            {},
            {"Cookie": 'k="va luex"'},
        ),
    ],
)
def test_authentication(auth: dict[str, Any], headers: dict[str, str], expected: dict[str, str]) -> None:
    request = build(settings(auth=auth, headers=headers, emit_analytics_event=False), "{}", IDS)
    assert request.headers == {"Content-Type": "application/json", "User-Agent": "Go-http-client/1.1", **expected}
    assert "Secret" not in repr(request)


@pytest.mark.parametrize(
    ("rendered", "body"),
    [
        ('{"to": "+1", "body": "a b&c", "from": "ü"}', b"body=a+b%26c&from=%C3%BC&to=%2B1"),
        ('{"n": null}', b"n="),
        ("{}", b""),
        ("null", b""),
    ],
)
def test_forms(rendered: str, body: bytes) -> None:
    assert build(settings(headers=FORM), rendered, IDS).body == body


@pytest.mark.parametrize(
    "rendered", ['{"a": 1}', "[]", '"text"', "5", '{"a": {"b": "c"}}', '{"a": true}', "[" * 2000 + "]" * 2000]
)
def test_what_is_no_form(rendered: str) -> None:
    with pytest.raises(RequestUnbuildable):
        build(settings(headers=FORM), rendered, IDS)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain", "Application/JSON", ""])
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(RequestUnbuildable):
        build(settings(headers={"Content-Type": content_type}), "{}", IDS)


def test_deliveries_are_known_by_their_message_and_signed() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ids = Ids(UUID(int=1), UUID(int=2), message="msg_1", at=at)
    assert build(settings(emit_analytics_event=False), "{}", ids).headers["webhook-id"] == "msg_1"
    signed = build(settings(signing_secrets=[SECRET]), "{}", ids)
    SigningKeys.parse([SECRET]).verify(signed.headers, signed.body, at)


async def test_rendered_and_built(sandbox: Sandbox, templates: TemplateSource) -> None:
    request = await prepare(templated(TEMPLATE), CTX, IDS, sandbox, templates)
    assert isinstance(request, OutgoingRequest)
    assert orjson.loads(request.body) == orjson.loads(CTX)
    form = await prepare(templated(TEMPLATE, headers=FORM), CTX, IDS, sandbox, templates)
    assert isinstance(form, OutgoingRequest)
    assert form.body == b"body=test-sms-body&from=%2B13104661805&to=%2B14134242223"


async def test_cancel_skips_json_bodies_only(sandbox: Sandbox, templates: TemplateSource) -> None:
    assert await prepare(templated("error 'cancel'"), CTX, IDS, sandbox, templates) == Skipped("cancel")
    form = await prepare(templated("error 'cancel'", headers=FORM), CTX, IDS, sandbox, templates)
    assert isinstance(form, TemplateFailed)


async def test_a_broken_template_fails(sandbox: Sandbox, templates: TemplateSource) -> None:
    result = await prepare(templated("function(ctx) ctx.nothing"), CTX, IDS, sandbox, templates)
    assert isinstance(result, TemplateFailed)
    assert result.kind == "error"


async def test_trace_does_not_look_at_its_template(sandbox: Sandbox, templates: TemplateSource) -> None:
    request = await prepare(settings(method="TRACE", body="file:///nowhere"), CTX, IDS, sandbox, templates)
    assert isinstance(request, OutgoingRequest)
