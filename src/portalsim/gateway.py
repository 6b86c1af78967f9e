"""Every API call passes here: body, faults, token, limits, scopes, the operation, headers, log, and `answered`.

An ASGI application. What an operation does is its own module's; what a fault does to the wire is `faults.wire`'s."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from portalsim import problems
from portalsim.admission import Admission
from portalsim.call import Answer, Call, Operation
from portalsim.faults.model import Fault, Sample
from portalsim.faults.wire import deliver, pause, refusal
from portalsim.happenings import BadHappening, happen
from portalsim.journal import Line
from portalsim.ledger import REJECTED, Entry, Origin
from portalsim.portal import Portal
from portalsim.problems import Problem
from portalsim.routing import Table
from portalsim.tokens import Token

BODY_LIMIT = 20 * 1024 * 1024
JSON = "application/json;charset=utf-8"
NOBODY = Token("", "nobody", "private_app", (), 0, 0)


@dataclass(slots=True)
class Exchange:
    """What is known of one call while it is handled."""

    method: str
    path: str
    query: str
    raw: bytes
    correlation_id: str
    started: float
    token: Token = NOBODY
    batch_size: int = 0
    faults: tuple[Fault, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Serves `table` for one portal."""

    portal: Portal
    table: Table
    admission: Admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raw, is_whole = await _body(receive)
        except ClientDisconnect:
            return
        path = scope["raw_path"].decode("latin-1").split("?")[0]
        exchange = Exchange(
            scope["method"],
            path,
            scope["query_string"].decode("latin-1"),
            raw,
            self.portal.new_uuid(),
            time.perf_counter(),
        )
        bearer = _header(scope, b"authorization").removeprefix("Bearer ").strip()
        exchange.token = self.portal.tokens.find(bearer) or NOBODY
        exchange.batch_size = _batch_size(path, raw)
        exchange.faults = self._faults(exchange)
        self.portal.calls_in_flight += 1
        try:
            own_ms = self._own_latency_ms(exchange)
            await pause(exchange.faults, self.portal.rng, own_ms, self.portal.sleep)
            # Looked up anew: it may have been revoked or rotated while the call was under way.
            exchange.token = self.portal.tokens.find(bearer) or NOBODY
            before = self.portal.ledger.last_seq()
            answer = self._answer(exchange, bearer, is_whole=is_whole)
            after = self.portal.ledger.last_seq()
        finally:
            self.portal.calls_in_flight -= 1
        headers = {**self._headers(exchange), **answer.headers}
        payload = b"" if answer.body is None else _payload(answer.body)
        sleep = self.portal.sleep
        is_answered = await deliver(exchange.faults, scope, send, sleep, answer.status, headers, payload)
        if is_answered:
            self.portal.ledger.mark_answered(before, after)
        self._log(exchange, answer.status if is_answered else 0, payload)

    def _answer(self, exchange: Exchange, bearer: str, *, is_whole: bool) -> Answer:
        """The operation's answer, or the problem's."""
        try:
            refused = refusal(exchange.faults, self.portal, exchange.token)
            if refused is not None:
                return self._refused(exchange, refused, "")
            if not is_whole:
                return self._refused(exchange, problems.too_large(BODY_LIMIT), "")
            return self._operate(exchange, bearer)
        except Problem as refused:
            return self._refused(exchange, refused, "")
        except Exception:
            logging.getLogger("portalsim").exception("%s %s failed", exchange.method, exchange.path)
            exchange.note = "a fault of the simulator itself"
            return self._refused(exchange, problems.problem(500, "internal error", "INTERNAL_ERROR"), "")

    def _operate(self, exchange: Exchange, bearer: str) -> Answer:
        found = self.table.find(exchange.method, exchange.path)
        if found is None:
            exchange.note = "not simulated"
            if self.table.is_known(exchange.path):
                raise problems.wrong_method(exchange.method)
            raise problems.not_simulated(exchange.method, exchange.path)
        operation, params = found
        try:
            self.admission.admit(operation, exchange.token, bearer)
            call = self._call(exchange, operation, params)
            with self.portal.database.together():
                return self._handle(exchange, operation, call)
        except Problem as refused:
            return self._refused(exchange, refused, operation.name)

    def _handle(self, exchange: Exchange, operation: Operation, call: Call) -> Answer:
        """A refusal leaves its lines in the ledger, so it must not undo the transaction around it."""
        try:
            return operation.handler(self.portal, call)
        except Problem as refused:
            return self._refused(exchange, refused, operation.name)

    def _call(self, exchange: Exchange, operation: Operation, params: Mapping[str, str]) -> Call:
        spoiled = next((each for each in exchange.faults if each.kind == "partial"), None)
        return Call(
            method=exchange.method,
            path=exchange.path,
            version=params.get("version", "v3"),
            params=params,
            query=parse_qs(exchange.query, keep_blank_values=True),
            raw=exchange.raw,
            body=_parsed(exchange.raw) if operation.kind != "free" or exchange.raw[:1] == b"{" else None,
            token=exchange.token,
            correlation_id=exchange.correlation_id,
            kind=operation.name or operation.kind,
            spoiled_share=spoiled.number("share", 0.5) if spoiled else 0.0,
            spoiled_category=str(spoiled.options.get("category", "INTERNAL_ERROR")) if spoiled else "",
        )

    def _refused(self, exchange: Exchange, refused: Problem, kind: str) -> Answer:
        """A refused write leaves its line; batches have written theirs, record by record."""
        self.portal.counters.add("rate_limited" if refused.status == 429 else "refused")
        if kind and not (exchange.batch_size and refused.status in (400, 409)):
            origin = Origin(exchange.correlation_id, exchange.token.id, kind)
            email = _email_in(exchange.raw)
            self.portal.ledger.add(Entry(origin, self.portal.clock.now_ms(), REJECTED, email=email, code=refused.code))
        if refused.html is not None:
            return Answer(refused.status, refused.html, {**refused.headers, "content-type": "text/html"})
        body = {**refused.body, "correlationId": exchange.correlation_id}
        if "requestId" in body:
            body["requestId"] = exchange.correlation_id
        return Answer(refused.status, body, refused.headers)

    def _faults(self, exchange: Exchange) -> tuple[Fault, ...]:
        sample = Sample(exchange.method, exchange.path, exchange.raw, exchange.token.id, exchange.batch_size)
        chosen = self.portal.faults.choose(sample, self.portal.clock.now_ms())
        for each in chosen:
            self.portal.counters.add("faults")
            if each.kind == "act":
                self._happen(exchange, each)
        return chosen

    def _happen(self, exchange: Exchange, fault: Fault) -> None:
        try:
            with self.portal.database.together():
                happen(self.portal, fault.options)
        except (BadHappening, Problem) as impossible:
            exchange.note = f"{fault.id} could not act: {impossible}"

    def _own_latency_ms(self, exchange: Exchange) -> int:
        return self.portal.switches.number("batch_latency_ms") if exchange.batch_size else 0

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        headers = {
            "content-type": JSON,
            "vary": "origin",
            "x-hubspot-correlation-id": exchange.correlation_id,
            "x-request-id": exchange.correlation_id,
        }
        if exchange.token is not NOBODY and not exchange.path.endswith("/search"):
            headers |= self.admission.headers(exchange.token)
        return headers

    def _log(self, exchange: Exchange, status: int, payload: bytes) -> None:
        self.portal.counters.add("calls")
        self.portal.journal.add(
            Line(
                number=0,
                at_ms=self.portal.clock.now_ms(),
                correlation_id=exchange.correlation_id,
                method=exchange.method,
                path=exchange.path,
                query=exchange.query,
                status=status,
                took_ms=(time.perf_counter() - exchange.started) * 1000,
                token="" if exchange.token is NOBODY else exchange.token.masked,
                batch_size=exchange.batch_size,
                remaining=self.admission.headers(exchange.token).get("x-hubspot-ratelimit-remaining", ""),
                faults=tuple(f"{each.id} {each.kind}" for each in exchange.faults),
                note=exchange.note,
                request=exchange.raw[:8192],
                answer=payload[:8192],
            )
        )


async def _body(receive: Receive) -> tuple[bytes, bool]:
    """The body, and whether that is all of it (a larger one is read to its end and thrown away)."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        size += len(message.get("body", b""))
        if size <= BODY_LIMIT:
            parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts), size <= BODY_LIMIT


def _header(scope: Scope, name: bytes) -> str:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found.decode("latin-1")


def _parsed(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as broken:
        raise problems.broken_json(broken.lineno, broken.colno, broken.msg) from None


def _email_in(raw: bytes) -> str | None:
    """Whom a refused single write was about."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    properties = body.get("properties") if isinstance(body, dict) else None
    email = properties.get("email") if isinstance(properties, dict) else None
    return email.strip().lower() if isinstance(email, str) else None


def _payload(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


def _batch_size(path: str, raw: bytes) -> int:
    """Inputs of a batch, as well as a look at the bytes can tell."""
    return raw.count(b'"properties"') or raw.count(b'"id"') if "/batch/" in path else 0
