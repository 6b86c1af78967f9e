"""Carries a message by one HTTP request, whose body a Jsonnet template makes (`courier.http`, `courier.channels`).

The request and its credentials are those of a web_hook; the operator named the address, so it may be private.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson

from doorward.actions.rendering import Cancelled, Rendered, TemplateFailed
from doorward.actions.request import Ids, RequestUnbuildable, build
from doorward.actions.retry_after import retry_after_s
from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateInvalid, TemplateSource, TemplateUnavailable
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.actions.worker import SandboxBroken
from doorward.clock import Clock
from doorward.config.model_courier import RequestConfig
from doorward.connectors.letters import Letter
from doorward.courier.model import Channel
from doorward.courier.rendering import domain_of
from doorward.delivery.contract import (
    LAPSED_CODE,
    LAPSED_REASON,
    Delivered,
    Discard,
    Outcome,
    Pause,
    Retry,
    Skip,
    Snooze,
)
from doorward.errors import Misconfigured
from doorward.security.egress import Egress
from doorward.security.outgoing import (
    EgressFailed,
    EgressRefused,
    EgressTimeout,
    OutgoingRequest,
    OutgoingResponse,
)
from doorward.storage.failpoints import failpoint

PASSES = frozenset({408, 425, 429})
UNAUTHORISED = frozenset({401, 403})
REST_S = 60.0
BODY = """
function(ctx)
  local data = ctx.template_data;
  local given(name) = if name in data then data[name] else null;
  {
    recipient: ctx.recipient,
    template_type: ctx.template_type,
    to: given('to'),
    recovery_code: given('recovery_code'),
    recovery_url: given('recovery_url'),
    verification_url: given('verification_url'),
    verification_code: given('verification_code'),
    subject: ctx.subject,
    body: ctx.body,
  }
"""
"""What is sent where the configuration has no template: the fields of Kratos's default."""


class BadCourierRequest(Misconfigured):
    """The request that takes messages is configured wrongly."""


class HttpCarrier:
    """A Carrier for one address. At least once, with a stable `webhook-id`."""

    def __init__(
        self, settings: WebHookSettings, egress: Egress, sandbox: Sandbox, templates: TemplateSource, clock: Clock
    ) -> None:
        self._settings = settings
        self._egress = egress
        self._sandbox = sandbox
        self._templates = templates
        self._clock = clock

    async def carry(self, letter: Letter) -> Outcome:
        """Renders the body and sends it."""
        request = await self._request(letter)
        if not isinstance(request, OutgoingRequest):
            return request
        summary = f"{request.method} {urlsplit(request.url).hostname} ({len(request.body)} bytes)"
        failpoint("connector.before_call")
        if not letter.is_held():
            return Retry(LAPSED_CODE, LAPSED_REASON, summary=summary)
        try:
            answer = await self._egress.send(request, trusted=True)
        except EgressRefused as error:
            return _rests(error.code(), str(error))
        except (EgressTimeout, EgressFailed) as error:
            return Retry(error.code(), str(error), may_have_applied=error.sent, summary=summary)
        failpoint("connector.after_call")
        return self._judge(answer, f"{summary} → {answer.status}")

    async def close(self) -> None:
        """Connections belong to the egress."""

    async def _request(self, letter: Letter) -> OutgoingRequest | Outcome:
        try:
            template = self._settings.template
            text = BODY if template is None else await self._templates.load(template)
            result = await self._sandbox.render(text, orjson.dumps(context_of(letter)))
        except TemplateInvalid as error:
            return _rests("template_invalid", str(error))
        except (TemplateUnavailable, SandboxBroken) as error:
            return Snooze(error.code(), str(error), REST_S / 2)
        match result:
            case Cancelled(note=note):
                return Skip("template_cancelled", f"The template decided not to send it: {note}.")
            case TemplateFailed(reason=reason, kind="wall"):
                return Retry("template_wall", reason)
            case TemplateFailed(reason=reason, kind=kind):
                return Discard(f"template_{kind}", f"{reason} Correct the template, then replay the delivery.")
            case Rendered(text=body):
                ids = Ids(trigger=letter.id, request=uuid4(), message=f"msg_{letter.id}", at=self._clock.now())
        try:
            return build(self._settings, body, ids)
        except RequestUnbuildable as error:
            return _rests(error.code(), str(error))

    def _judge(self, answer: OutgoingResponse, summary: str) -> Outcome:
        """2xx arrived; 408, 425, 429 and 5xx may pass; 401 and 403 blame our credentials; the rest this message."""
        status = answer.status
        if 200 <= status < 300:
            return Delivered(http_status=status, summary=summary)
        if status in PASSES or status >= 500:
            return Retry(
                f"http_{status}",
                f"The messenger answered {status}.",
                retry_after_s=retry_after_s(answer, self._clock.now()),
                http_status=status,
                may_have_applied=status >= 500 and status != 503,
                summary=summary,
            )
        if status in UNAUTHORISED:
            return _rests("unauthorised", f"The messenger answered {status}: it does not accept the credentials.")
        return Discard(f"http_{status}", f"The messenger refused it with {status}.", status, summary)


def read_request(config: RequestConfig, path: str) -> WebHookSettings:
    """The settings of the request. Raises BadCourierRequest with everything that is wrong."""
    raw: dict[str, Any] = {
        "url": config.url,
        "method": config.method or "POST",
        "headers": config.headers,
        "body": config.body or "base64://",
        "emit_analytics_event": False,
    }
    if config.auth:
        raw["auth"] = config.auth
    parsed = WebHookSettings.parse(raw, path)
    if isinstance(parsed, list):
        raise BadCourierRequest("\n".join(f"{each.path}: {each.text}" for each in parsed))
    return replace(parsed, template=None) if config.body is None else parsed


def context_of(letter: Letter) -> Mapping[str, Any]:
    """`ctx` of the template, under Kratos's names. A text message has no `html_body`."""
    html = {"html_body": letter.words.html} if letter.words.html else {}
    return {
        "recipient": letter.recipient,
        "subject": letter.words.subject,
        "body": letter.words.plain,
        **html,
        "template_type": str(letter.template),
        "template_data": _data_of(letter),
        "message_type": str(letter.channel),
        "request_headers": {},
    }


def _data_of(letter: Letter) -> dict[str, Any]:
    """What is in the message. In text messages Kratos names some of it in another way: both names are there."""
    data = dict(letter.data)
    if letter.channel is Channel.SMS:
        data["request_url_domain"] = domain_of(data)
        for name, kratos_name in (("recovery_code", "verification_code"), ("traits", "identity")):
            if name in data:
                data.setdefault(kratos_name, data[name])
    return data


def _rests(code: str, reason: str) -> Outcome:
    return Snooze(code, reason, REST_S, Pause("destination", code, reason, REST_S))
