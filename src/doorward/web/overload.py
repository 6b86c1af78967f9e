"""Refuses requests beyond what this process can work on at once, so that those inside are still answered in time."""

from starlette.types import ASGIApp, Receive, Scope, Send

from doorward.errors import Unavailable
from doorward.web.problems import json_problem

ALWAYS_SERVED = ("/health/", "/metrics/")


class Overloaded(Unavailable):
    """The server has too much to do at the moment. Try again shortly."""


class OverloadGuard:
    """ASGI middleware. Health and metrics are answered always: a busy server must not look like a dead one."""

    def __init__(self, app: ASGIApp, requests_max: int = 512) -> None:
        """`requests_max`: requests in work at the same time."""
        self._app = app
        self._requests_max = requests_max
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS_SERVED):
            await self._app(scope, receive, send)
            return
        if self._running >= self._requests_max:
            await json_problem(Overloaded())(scope, receive, send)
            return
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1
