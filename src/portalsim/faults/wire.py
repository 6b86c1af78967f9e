"""What faults do to time and to the wire: delays, refusals, answers that are cut, trickle, or never come.

`deliver` tells whether the whole answer was handed to the network: the ledger's `answered`."""

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from starlette.types import Scope, Send

from portalsim import problems
from portalsim.faults.model import Fault
from portalsim.portal import Portal
from portalsim.problems import Problem
from portalsim.tokens import Token

CONNECTION = "portalsim.connection"
HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


Sleep = Callable[[float], Awaitable[None]]


class Connection(Protocol):
    """The server's side of one TCP connection."""

    transport: asyncio.Transport


async def pause(faults: Sequence[Fault], rng: random.Random, own_ms: int, sleep: Sleep, when: str = "before") -> None:
    """Waits as long as the latency faults of this moment say. `ms` and `spread`: fixed, normal (`deviation_ms`) or
    long_tail (one in twenty takes ten times as long)."""
    total_ms = float(own_ms)
    for each in faults:
        if each.kind == "latency" and each.options.get("when", "before") == when:
            total_ms += _drawn_ms(each, rng)
    if total_ms > 0:
        await sleep(total_ms / 1000)


def refusal(faults: Sequence[Fault], portal: Portal, token: Token) -> Problem | None:
    """The answer of the first fault that comes before the write; status 0: the connection is cut."""
    for each in faults:
        if each.kind == "reset":
            return Problem(0, {})
        if each.kind == "status":
            return _status(each)
        if each.kind == "rate_limit":
            policy = str(each.options.get("policy", "TEN_SECONDLY_ROLLING"))
            return problems.rate_limited(policy, token.app_id, portal.account.portal_id, _retry_after(each))
        if each.kind == "daily":
            return problems.rate_limited("DAILY", token.app_id, portal.account.portal_id, _retry_after(each))
        if each.kind == "locked":
            return problems.locked()
        if each.kind == "migrating":
            return problems.migrating(int(each.number("retry_after", 60)))
    return None


async def deliver(
    faults: Sequence[Fault],
    scope: Scope,
    send: Send,
    sleep: Sleep,
    status: int,
    headers: Mapping[str, str],
    payload: bytes,
) -> bool:
    """Sends the answer, or what the faults leave of it."""
    by_kind = {each.kind: each for each in faults}
    delay = [each for each in faults if each.kind == "latency" and each.options.get("when") == "after"]
    await pause(delay, random.Random(0), 0, sleep, "after")  # noqa: S311 - fixed delays need no chance
    if status == 0 or "lost_answer" in by_kind:
        abort(scope)
        return False
    if "reset_mid_body" in by_kind:
        await _start(send, status, headers, len(payload))
        await send({"type": "http.response.body", "body": payload[: len(payload) // 2], "more_body": True})
        await asyncio.sleep(0)
        abort(scope)
        return False
    if "truncated" in by_kind:
        payload = payload[: len(payload) // 2]
    if "invalid_json" in by_kind:
        payload = payload[:-1] + b",,"
    if "trickle" in by_kind:
        return await _trickle(by_kind["trickle"], scope, send, sleep, status, headers, payload)
    is_gone = _is_gone(scope)
    await _start(send, status, headers, len(payload))
    await send({"type": "http.response.body", "body": payload})
    return not is_gone


def abort(scope: Scope) -> None:
    """Ends the connection with a reset, as a crashed peer or a middlebox does. Raises ConnectionResetError where there
    is no connection to end (a test client in the same process)."""
    connection: Connection | None = scope.get("extensions", {}).get(CONNECTION)
    if connection is None:
        raise ConnectionResetError("the answer was dropped on purpose")
    sock: socket.socket | None = connection.transport.get_extra_info("socket")
    if sock is not None:
        # Lingering for no time makes the kernel send RST instead of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


def _is_gone(scope: Scope) -> bool:
    connection: Connection | None = scope.get("extensions", {}).get(CONNECTION)
    return connection is not None and connection.transport.is_closing()


async def _start(send: Send, status: int, headers: Mapping[str, str], size: int) -> None:
    shown = [(name.encode(), value.encode()) for name, value in headers.items()]
    if status != 204:
        shown.append((b"content-length", str(size).encode()))
    await send({"type": "http.response.start", "status": status, "headers": shown})


async def _trickle(
    fault: Fault, scope: Scope, send: Send, sleep: Sleep, status: int, headers: Mapping[str, str], payload: bytes
) -> bool:
    size, wait_s = int(fault.number("bytes", 16)), fault.number("interval_ms", 100) / 1000
    await _start(send, status, headers, len(payload))
    for begin in range(0, len(payload), size):
        await send({"type": "http.response.body", "body": payload[begin : begin + size], "more_body": True})
        await sleep(wait_s)
        if _is_gone(scope):
            return False
    await send({"type": "http.response.body", "body": b""})
    return True


def _drawn_ms(fault: Fault, rng: random.Random) -> float:
    ms = fault.number("ms", 200)
    spread = fault.options.get("spread", "fixed")
    if spread == "normal":
        return max(0.0, rng.gauss(ms, fault.number("deviation_ms", ms / 4)))
    if spread == "long_tail":
        return ms * 10 if rng.random() < 0.05 else ms
    return ms


def _status(fault: Fault) -> Problem:
    status = int(fault.number("status", 503))
    headers = {"Retry-After": str(fault.options["retry_after"])} if "retry_after" in fault.options else {}
    message = str(fault.options.get("message", f"There was a problem with the request ({status})."))
    html = HTML.format(f"{status} Error") if fault.options.get("html") else None
    return Problem(status, {"status": "error", "message": message}, headers, html=html)


def _retry_after(fault: Fault) -> int | None:
    return int(fault.number("retry_after", 0)) or None
