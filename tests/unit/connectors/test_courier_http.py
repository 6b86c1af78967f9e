"""Messages handed over by HTTP: the request that arrives, and what each answer means."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiohttp import web

from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.clock import MovableClock
from doorward.config.model_courier import RequestConfig
from doorward.connectors.courier_http import BadCourierRequest, HttpCarrier, read_request
from doorward.connectors.letters import Letter
from doorward.courier.model import Channel, TemplateType, template_data
from doorward.courier.rendering import RenderedMessage
from doorward.delivery.contract import Delivered, Discard, Outcome, Retry, Skip, Snooze
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from http_target import Target, serve_target

AT = datetime(2026, 11, 25, tzinfo=UTC)
TEMPLATE = """function(ctx) { to: ctx.recipient, text: ctx.body, code: ctx.template_data.recovery_code, all: ctx }"""


def inline(template: str) -> str:
    return "base64://" + base64.b64encode(template.encode()).decode()


def letter() -> Letter:
    data = template_data(TemplateType.RECOVERY_CODE_VALID, "+4915112345", code="123456")
    return Letter(
        uuid4(),
        TemplateType.RECOVERY_CODE_VALID,
        Channel.SMS,
        "+4915112345",
        data,
        RenderedMessage("", "Your code is 123456"),
        AT,
        lambda: True,
    )


@dataclass
class Bench:
    target: Target
    egress: Egress
    sandbox: Sandbox

    async def carry(self, sent: Letter | None = None, **changes: Any) -> Outcome:
        config = RequestConfig(**{"url": self.target.url("/sms"), "body": inline(TEMPLATE), **changes})
        clock = MovableClock()
        settings = read_request(config, "courier.channels.0.request_config")
        carrier = HttpCarrier(settings, self.egress, self.sandbox, TemplateSource(self.egress, clock), clock)
        return await carrier.carry(sent or letter())


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    # The strict policy: what the operator names may be private all the same.
    egress, sandbox = Egress(EgressPolicy()), Sandbox(1)
    await egress.start()
    await sandbox.start()
    async with serve_target() as target:
        yield Bench(target, egress, sandbox)
    await sandbox.close()
    await egress.close()


async def test_the_template_makes_the_request(bench: Bench) -> None:
    sent = letter()
    auth = {"type": "basic_auth", "config": {"user": "ada", "password": "geheim"}}
    outcome = await bench.carry(sent, headers={"X-From": "doorward"}, auth=auth)
    assert isinstance(outcome, Delivered)
    [seen] = bench.target.seen
    assert seen.method == "POST"
    assert seen.headers["x-from"] == "doorward"
    assert seen.headers["authorization"] == "Basic " + base64.b64encode(b"ada:geheim").decode()
    assert seen.headers["webhook-id"] == f"msg_{sent.id}"
    assert "ory-webhook-request-id" not in seen.headers
    body = orjson.loads(seen.body)
    assert (body["to"], body["text"], body["code"]) == ("+4915112345", "Your code is 123456", "123456")
    assert set(body["all"]) == {
        "recipient",
        "subject",
        "body",
        "template_type",
        "template_data",
        "message_type",
        "request_headers",
    }
    assert (body["all"]["message_type"], body["all"]["template_type"]) == ("sms", "recovery_code_valid")


async def test_a_mail_has_its_html(bench: Bench) -> None:
    mail = replace(letter(), channel=Channel.EMAIL, words=RenderedMessage("Hello", "Hello.", "<p>Hello.</p>"))
    assert isinstance(await bench.carry(mail), Delivered)
    seen = orjson.loads(bench.target.seen[0].body)["all"]
    assert (seen["html_body"], "verification_code" in seen["template_data"]) == ("<p>Hello.</p>", False)


async def test_text_messages_have_the_names_of_kratos_too(bench: Bench) -> None:
    """A recovery's code is `verification_code` there, and the traits of who signs up are `identity`."""
    signing_up = TemplateType.REGISTRATION_CODE_VALID
    traits, asked_at = {"phone": "+4915112345"}, "https://accounts.example.org/self-service/registration/browser"
    data = template_data(signing_up, "+4915112345", code="123456", traits=traits, request_url=asked_at)
    template = inline("function(ctx) ctx.template_data")
    for sent in (letter(), replace(letter(), template=signing_up, data=data)):
        assert isinstance(await bench.carry(sent, body=template), Delivered)
    recovery, registration = (orjson.loads(seen.body) for seen in bench.target.seen)
    assert recovery["verification_code"] == recovery["recovery_code"] == "123456"
    assert recovery["request_url_domain"] == ""
    assert registration["identity"] == registration["traits"] == traits
    assert registration["request_url_domain"] == "accounts.example.org"


async def test_without_a_template_the_fields_of_kratos_are_sent(bench: Bench) -> None:
    assert isinstance(await bench.carry(body=None), Delivered)
    body = orjson.loads(bench.target.seen[0].body)
    assert body == {
        "recipient": "+4915112345",
        "template_type": "recovery_code_valid",
        "to": "+4915112345",
        "recovery_code": "123456",
        "recovery_url": None,
        "verification_url": None,
        "verification_code": "123456",
        "subject": "",
        "body": "Your code is 123456",
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [(202, Delivered), (302, Discard), (400, Discard), (429, Retry), (500, Retry), (503, Retry), (401, Snooze)],
)
async def test_answers(bench: Bench, status: int, kind: type) -> None:
    bench.target.answers["/sms"] = lambda _: web.Response(status=status)
    outcome = await bench.carry()
    assert isinstance(outcome, kind)
    assert "123456" not in repr(outcome)
    assert "+4915112345" not in repr(outcome)


async def test_a_template_may_decide_not_to_send(bench: Bench) -> None:
    outcome = await bench.carry(body=inline("function(ctx) error 'cancel'"))
    assert isinstance(outcome, Skip)
    assert bench.target.seen == []


async def test_a_template_that_fails_ends_the_message(bench: Bench) -> None:
    outcome = await bench.carry(body=inline("function(ctx) ctx.no_such_field"))
    assert isinstance(outcome, Discard)
    assert bench.target.seen == []


async def test_nobody_there(bench: Bench) -> None:
    outcome = await bench.carry(url="http://127.0.0.1:1/sms")
    assert isinstance(outcome, Retry)
    assert not outcome.may_have_applied


def test_a_wrong_request_is_told_with_its_place() -> None:
    with pytest.raises(BadCourierRequest, match=r"courier\.http\.request_config\.url"):
        read_request(RequestConfig(url="ftp://x"), "courier.http.request_config")
