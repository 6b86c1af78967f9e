"""Shuts the listening socket for a while, so that connections are refused by the kernel, as when nobody is there.

The control API is behind the same door; therefore it opens by itself, on the machine's clock."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn

LONGEST_S = 600.0


class Door:
    """Of one running server; `listen` binds the address anew, `protocol` makes what speaks on a new connection."""

    def __init__(
        self, server: uvicorn.Server, listen: Callable[[], socket.socket], protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._server = server
        self._listen = listen
        self._protocol = protocol

    def shut(self, seconds: float) -> None:
        """Ends open connections too. Called on the server's event loop."""
        loop = asyncio.get_running_loop()
        # The answer that announces it must get out first.
        loop.call_later(0.05, self.close)
        loop.call_later(0.05 + min(seconds, LONGEST_S), lambda: loop.create_task(self.open()))

    def close(self) -> None:
        """At once, until `open`."""
        for each in self._server.servers:
            each.close()
        self._server.servers.clear()
        for connection in list(self._server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def open(self) -> None:
        """Nothing when it is open already, or when the server is about to leave."""
        if self._server.should_exit or self._server.servers:
            return
        loop = asyncio.get_running_loop()
        opened = await loop.create_server(self._protocol, sock=self._listen(), backlog=self._server.config.backlog)
        self._server.servers.append(opened)
