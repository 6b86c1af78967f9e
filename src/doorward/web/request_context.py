"""The outermost layer: ids of a request, its log line and metrics, and a plain answer where everything else failed."""

import re
import time
from collections.abc import Callable

from opentelemetry.trace import Span
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.errors import DoorwardError
from doorward.ids import new_hex_id
from doorward.observability.logging import Log, trace_id
from doorward.observability.metrics import Metrics
from doorward.observability.tracing import request_span
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
        request_id = _accepted_id(headers.get(REQUEST_ID.encode())) or new_hex_id()
        parent = headers.get(b"traceparent", b"")
        with request_span(scope["method"], self._listener, parent.decode("latin-1")) as span:
            known = _trace_of(parent) or _trace_of_span(span) or new_hex_id()
            status = await self._within_trace(scope, receive, send, known, request_id)
            span.set_attribute("http.response.status_code", status)
            span.set_attribute("http.route", scope.get(ROUTE, "none"))

    async def _within_trace(self, scope: Scope, receive: Receive, send: Send, trace: str, request_id: str) -> int:
        """Answers; the status that was sent."""
        reset = trace_id.set(trace)
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
        return status

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


def _trace_of(parent: bytes) -> str:
    """The trace id of a W3C `traceparent` header."""
    match = TRACE_PARENT.fullmatch(parent)
    return match.group(1).decode() if match else ""


def _trace_of_span(span: Span) -> str:
    context = span.get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else ""
