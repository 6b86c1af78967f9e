"""The outermost layer: ids of a request, its log line and metrics, and a plain answer where everything else failed."""

import re
import secrets
import time
from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.errors import DoorwardError
from doorward.observability.logging import Log, trace_id
from doorward.observability.metrics import Metrics
from doorward.web.headers import add_header
from doorward.web.problems import json_problem, problem_of
from doorward.web.routing import ROUTE

REQUEST_ID = "x-request-id"
# Ids from outside end up in logs and answers: short, and of harmless characters.
ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9._\-]{8,64}")
TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
HEALTH = frozenset({"/health/alive", "/health/ready", "/admin/health/alive", "/admin/health/ready"})
CANCELLED = 499


class RequestContext:
    """ASGI middleware. The log line holds no query, no header, no address: nothing personal."""

    def __init__(self, app: ASGIApp, listener: str, metrics: Metrics, *, is_health_silent: bool = False) -> None:
        """`listener` is `public` or `admin`."""
        self._app = app
        self._listener = listener
        self._metrics = metrics
        self._is_health_silent = is_health_silent
        self._log = Log("http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # Nothing here speaks it; without an answer the client would wait.
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _accepted_id(headers.get(REQUEST_ID.encode())) or secrets.token_hex(16)
        reset = trace_id.set(_trace_of(headers.get(b"traceparent")) or secrets.token_hex(16))
        started = time.perf_counter()
        status = CANCELLED

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                add_header(message, REQUEST_ID, request_id)
            await send(message)

        try:
            await self._answered(scope, receive, send_with_id, lambda: status != CANCELLED)
        finally:
            self._record(scope, status, time.perf_counter() - started, request_id)
            trace_id.reset(reset)

    async def _answered(self, scope: Scope, receive: Receive, send: Send, has_started: Callable[[], bool]) -> None:
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            self._log.debug("client_left")
        except Exception as error:  # noqa: BLE001 -- the last place where anything can be answered
            if not isinstance(error, DoorwardError) or problem_of(error).status == 500:
                self._log.fault("request_failed", error, listener=self._listener, method=scope["method"])
            if not has_started():
                await json_problem(error)(scope, receive, send)

    def _record(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        # The pattern, not the path: ids in paths are secrets of flows, and would make endless labels.
        route = scope.get(ROUTE, "none")
        self._metrics.http_requests.labels(self._listener, route, str(status)).inc()
        self._metrics.http_seconds.labels(self._listener, route).observe(seconds)
        if self._is_health_silent and route in HEALTH:
            return
        self._log.info(
            "request",
            listener=self._listener,
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=request_id,
        )


def _accepted_id(given: bytes | None) -> str:
    return given.decode() if given and ACCEPTABLE_ID.fullmatch(given) else ""


def _trace_of(parent: bytes | None) -> str:
    """The trace id of a W3C `traceparent` header."""
    match = TRACE_PARENT.fullmatch(parent or b"")
    return match.group(1).decode() if match else ""
