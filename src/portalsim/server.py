"""Runs the simulator on uvicorn, with a connection that faults may cut."""

import signal
import socket
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from portalsim.app import build
from portalsim.door import Door
from portalsim.faults.wire import CONNECTION
from portalsim.portal import Portal

STOP_WITHIN_S = 3


class CuttableProtocol(HttpToolsProtocol):
    """Hands itself to the application: ASGI has no word for a broken connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment] # a typed dict without this extension
        scope.setdefault("extensions", {})[CONNECTION] = self


class PortTaken(Exception):
    """Another program listens on that address."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 picks a free one. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, because asyncio sends small answers at once only on sockets that say that they are TCP.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as taken:
        sock.close()
        raise PortTaken(f"cannot listen on {host}:{port}: {taken.strerror}") from taken
    return sock


def serve(portal: Portal, sock: socket.socket, *, log_level: str = "warning") -> None:
    """Until SIGINT or SIGTERM; then raises SystemExit(0)."""
    # The server raises the signal that it caught once more when it is done; to have been asked to stop is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    stops: list[uvicorn.Server] = []
    app = build(portal, lambda: bool(stops) and stops[0].should_exit)
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        loop="uvloop",
        log_level=log_level,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    server = uvicorn.Server(config)
    stops.append(server)
    host, port = sock.getsockname()[:2]
    portal.shut_door = Door(
        server,
        lambda: listen(host, port),
        lambda: CuttableProtocol(config=config, server_state=server.server_state, app_state=server.lifespan.state),
    ).shut
    server.run(sockets=[sock])


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
