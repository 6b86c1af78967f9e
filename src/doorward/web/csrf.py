"""The CSRF cookie: every visitor of the public port has one, and unsafe requests that no flow guards are refused.

Whether a flow's form carries the right token is decided by `flows.csrf`.
"""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.flows.errors import SecurityCsrfViolation
from doorward.security.tokens import new_csrf_token
from doorward.web.cookies import Cookies
from doorward.web.headers import add_header
from doorward.web.problems import json_problem

TOKEN = "doorward.csrf_token"  # noqa: S105 -- the name of a place in the ASGI scope
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Nothing about these depends on a visitor, not even Vary.
IMPERSONAL = frozenset({"/health/alive", "/health/ready", "/version", "/metrics/prometheus", "/openapi.json"})
# Submits check their own token, programs have none, static files must be cacheable.
EXEMPT = re.compile(
    r"/self-service/(login|registration|settings|recovery|verification)(/api)?|/self-service/logout/api"
    r"|/sessions(/[^/]*)?|/schemas/[^/]*"
    r"|(/admin)?/identities(/.*)?|/courier/[^/]*|/admin/courier/[^/]*|/recovery/[^/]*"
)
STATIC = "/ui/static/"

DOCS = "https://en.wikipedia.org/wiki/Cross-site_request_forgery"
HINT_PAGE = "Cookies may be blocked in this browser, or the page was open for too long. Load it again, then send it."
HINT_AJAX = "Send the CSRF cookie along (fetch: credentials include) and the form's csrf_token in the body."


class CsrfGuard:
    """ASGI middleware of the public port."""

    def __init__(self, app: ASGIApp, cookies: Cookies) -> None:
        self._app = app
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in IMPERSONAL or scope["path"].startswith(STATIC):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        token = self._cookies.csrf_token(request.cookies)
        set_cookie = ""
        is_exempt = EXEMPT.fullmatch(scope["path"]) is not None
        if not token and not is_exempt:
            token = new_csrf_token()
            set_cookie = self._cookies.csrf(token)
        scope[TOKEN] = token

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_header(message, "vary", "Cookie")
                if set_cookie:
                    add_header(message, "set-cookie", set_cookie)
            await send(message)

        if is_exempt or scope["method"] in SAFE:
            await self._app(scope, receive, send_with_cookie)
        else:
            refusal = json_problem(SecurityCsrfViolation(None, **csrf_details(request.headers)))
            await refusal(scope, receive, send_with_cookie)


def csrf_token_of(request: Request) -> str:
    """The token that the browser holds after this answer: its own, or the new one that the answer sets; "" neither."""
    token: str = request.scope.get(TOKEN, "")
    return token


def csrf_details(headers: Mapping[str, str]) -> dict[str, str]:
    """`docs`, `hint`, `reject_reason` of a violation; the hint is for pages or for scripts, as the browser tells."""
    is_page = headers.get("sec-fetch-mode", "navigate") == "navigate"
    reason = "The request has no CSRF cookie." if not headers.get("cookie") else "The CSRF token is not the cookie's."
    return {"docs": DOCS, "hint": HINT_PAGE if is_page else HINT_AJAX, "reject_reason": reason}
