"""Refuses requests beyond what this process can work on at once, so that those inside are still answered in time.

Two bounds: all requests in work together, and the line of passwords to be hashed, which is asked before a submit is
read at all."""

from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward.security.hash_line import Overloaded
from doorward.web.negotiate import is_json_client
from doorward.web.problems import json_problem

ALWAYS_SERVED = ("/health/", "/metrics/")
HASHING = frozenset({"/self-service/registration", "/self-service/login", "/self-service/settings"})
BUSY_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>One moment, please</title>
<h1>One moment, please</h1>
<p>Very many people are here right now, so this was not taken in. Nothing was changed.</p>
<p>Go back in your browser and send it again in a few seconds.</p></html>
"""


class OverloadGuard:
    """ASGI middleware. Health and metrics are answered always: a busy server must not look like a dead one."""

    def __init__(self, app: ASGIApp, requests_max: int = 512, is_line_full: Callable[[], bool] = lambda: False) -> None:
        """`requests_max`: requests in work at the same time; `is_line_full`: whether no more passwords are taken."""
        self._app = app
        self._requests_max = requests_max
        self._is_line_full = is_line_full
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS_SERVED):
            await self._app(scope, receive, send)
            return
        if self._running >= self._requests_max or (self._hashes(scope) and self._is_line_full()):
            await busy(scope)(scope, receive, send)
            return
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1

    def _hashes(self, scope: Scope) -> bool:
        return scope["method"] == "POST" and scope["path"] in HASHING


def busy(scope: Any) -> Response:
    """503 with Retry-After: JSON for a program, a few words for a person whose browser sent a form."""
    problem = json_problem(Overloaded())
    if is_json_client(Headers(scope=scope)):
        return problem
    kept = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
    return HTMLResponse(BUSY_PAGE, problem.status_code, {**kept, "Content-Security-Policy": "default-src 'none'"})
