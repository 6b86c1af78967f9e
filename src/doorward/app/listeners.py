"""The HTTP listeners of a process: uvicorn on sockets that were bound before, without signal handlers of its own."""

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward.app.connections import BoundedProtocol
from doorward.errors import Misconfigured

BACKLOG = 2048
GRACE_S = 15
TAKEN_TRIES, TAKEN_PAUSE_S = 21, 0.05


class PortTaken(Misconfigured):
    """Another program listens on a port that the configuration names."""


class Switch:
    """An application that can be exchanged while requests run: a new configuration is a new application."""

    def __init__(self) -> None:
        self.current: ASGIApp = _not_ready
        self._in_flight: dict[int, int] = {}
        self._waiting: dict[int, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.current
        key = id(app)
        self._in_flight[key] = self._in_flight.get(key, 0) + 1
        try:
            await app(scope, receive, send)
        finally:
            self._in_flight[key] -= 1
            if not self._in_flight[key]:
                del self._in_flight[key]
                if key in self._waiting:
                    self._waiting.pop(key).set()

    async def wait_idle(self, app: ASGIApp) -> None:
        """Until no request is being answered by `app` any more."""
        if id(app) in self._in_flight:
            await self._waiting.setdefault(id(app), asyncio.Event()).wait()


class Listener(uvicorn.Server):
    """Ends when `should_exit` is set; the process, not the listener, hears signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_listener(app: ASGIApp, context: ssl.SSLContext | None = None) -> Listener:
    """`context` makes it speak TLS. On a bound socket."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedProtocol,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
    )
    config.load()
    config.ssl = context
    return Listener(config)


def bind(host: str, port: int, what: str) -> socket.socket:
    """A listening socket. Raises PortTaken with the port and what wanted it.

    The processes of a server that was killed hold their port a moment longer than it lives, so a taken one is asked
    for again for a second.
    """
    for _ in range(TAKEN_TRIES - 1):
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                break
        time.sleep(TAKEN_PAUSE_S)
    try:
        return _bound(host, port)
    except OSError as error:
        raise PortTaken(f"{what} cannot listen on {host}:{port}: {error.strerror}. Change serve.*.port.") from None


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    made.set_inheritable(True)
    return made


def close_all(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


async def _not_ready(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"errors":{"server":"starting"}}'})
