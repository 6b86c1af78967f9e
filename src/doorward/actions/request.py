"""From a web_hook's settings and a rendered template to the request that is sent. Sending is the edges' business.

`hooks` (in the flow) and `connectors` (deliveries) share this.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import orjson

from doorward.actions.context import canonical
from doorward.actions.sandbox import Cancelled, Rendered, Sandbox, TemplateFailed
from doorward.actions.template import TemplateSource
from doorward.actions.web_hook_settings import ApiKey, BasicAuth, WebHookSettings
from doorward.errors import Misconfigured
from doorward.security.egress import OutgoingRequest

__all__ = ["Ids", "RequestUnbuildable", "Skipped", "WebHookSettings", "build", "prepare"]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
USER_AGENT = "Go-http-client/1.1"
"""Kratos's: a firewall in front of a target may let nobody else through."""
REDIRECTS = 9
"""Ten requests at most, the first one counted."""


class RequestUnbuildable(Misconfigured):
    """The web_hook's settings and its template's output make no request."""


@dataclass(frozen=True, slots=True)
class Ids:
    """`trigger` stays the same over retries, `request` is new for each.

    `message` is set for deliveries: the id by which a receiver knows a repeated one, sent as `webhook-id`.
    """

    trigger: UUID
    request: UUID
    message: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """The template said cancel: nothing is sent, and that is a success."""

    note: str


async def prepare(
    settings: WebHookSettings, ctx: bytes, ids: Ids, sandbox: Sandbox, templates: TemplateSource
) -> OutgoingRequest | Skipped | TemplateFailed:
    """Loads and renders the template, then builds. `ctx` is JSON text.

    Raises TemplateInvalid, TemplateUnavailable, SandboxBroken, RequestUnbuildable.
    """
    if not settings.has_body:
        return build(settings, None, ids)
    result = await sandbox.render(await templates.load(settings.template or ""), ctx)
    match result:
        case Rendered(text):
            return build(settings, text, ids)
        case Cancelled(note) if _content_type(settings) == JSON:
            return Skipped(note)
        case Cancelled(note):
            # Kratos knows cancel only in JSON bodies
            return TemplateFailed(f"RUNTIME ERROR: {note}", "error")
    return result


def build(settings: WebHookSettings, rendered: str | None, ids: Ids) -> OutgoingRequest:
    """The request for a template's output (None for TRACE). Raises RequestUnbuildable."""
    content_type = _content_type(settings)
    body = b""
    if settings.has_body:
        if rendered is None:
            raise RequestUnbuildable("A web_hook needs a template: only TRACE sends no body.")
        body = _encode(rendered, content_type)
    headers = {canonical(name): value for name, value in settings.headers.items()}
    headers["Content-Type"] = content_type
    headers.setdefault("User-Agent", USER_AGENT)
    for name in ("Host", "Content-Length", "Ory-Webhook-Request-Id", "Ory-Webhook-Trigger-Id"):
        headers.pop(name, None)
    headers |= _authentication(settings, headers) | _id_headers(settings, ids, body)
    private = {settings.auth.name.lower()} if isinstance(settings.auth, ApiKey) else set()
    return OutgoingRequest(
        method=settings.method or "GET",
        url=settings.url,
        headers=headers,
        body=body,
        timeout_s=settings.timeout_s,
        follow_redirects=REDIRECTS,
        private_headers=frozenset(private),
    )


def _content_type(settings: WebHookSettings) -> str:
    given = [value for name, value in settings.headers.items() if name.lower() == "content-type"]
    return given[-1] if given else JSON


def _encode(rendered: str, content_type: str) -> bytes:
    """The body. Content types are compared exactly, as Kratos does."""
    if content_type == JSON:
        return rendered.encode()
    if content_type != FORM:
        raise RequestUnbuildable(f"The Content-Type must be {JSON} or {FORM}.")
    try:
        fields = orjson.loads(rendered)
    except orjson.JSONDecodeError:
        raise RequestUnbuildable("The template's output is nested too deeply for a form.") from None
    if fields is None:
        return b""
    if not isinstance(fields, dict) or not all(value is None or isinstance(value, str) for value in fields.values()):
        raise RequestUnbuildable("For a form, the template must return an object whose values are texts.")
    return urlencode(sorted((name, value or "") for name, value in fields.items())).encode()


def _authentication(settings: WebHookSettings, headers: Mapping[str, str]) -> dict[str, str]:
    """Applied after the configured headers: it replaces one of its name; a cookie is appended."""
    match settings.auth:
        case BasicAuth(user, password):
            return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
        case ApiKey(name, value, "cookie"):
            cookies = [headers["Cookie"]] if headers.get("Cookie") else []
            return {"Cookie": "; ".join([*cookies, f"{name}={_cookie_value(value)}"])}
        case ApiKey(name, value):
            return {canonical(name): value}
    return {}


def _cookie_value(value: str) -> str:
    """As Go writes it: what no cookie may hold is left out, and quotes stand around a blank or a comma."""
    kept = "".join(each for each in value if " " <= each <= "~" and each not in '";\\')
    return f'"{kept}"' if set(kept) & {" ", ","} else kept


def _id_headers(settings: WebHookSettings, ids: Ids, body: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    if settings.has_ids:
        headers["Ory-Webhook-Request-Id"] = str(ids.request)
        headers["Ory-Webhook-Trigger-Id"] = str(ids.trigger)
    if ids.message is not None:
        headers["webhook-id"] = ids.message
        if settings.signing is not None and ids.at is not None:
            headers |= settings.signing.sign(ids.message, ids.at, body)
    return headers
