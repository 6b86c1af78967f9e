"""Tells browsers to come by https from now on, where this installation's address is https (RFC 6797)."""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.web.headers import add_header, has_header

NAME = "strict-transport-security"
# For this host alone: what else lives below its name is not ours to decide.
VALUE = "max-age=31536000"
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class StrictTransport:
    """ASGI middleware. An http answer carries it in vain (RFC 6797 8.1), so who ends TLS makes no difference."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        """`base_url` is the address that people use."""
        self._app = app
        self._is_on = is_strict(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_on:
            await self._app(scope, receive, send)
            return

        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start" and not has_header(message, NAME):
                add_header(message, NAME, VALUE)
            await send(message)

        await self._app(scope, receive, send_strict)


def is_strict(base_url: str) -> bool:
    """Not on a developer's own machine: the other ports of `localhost` speak http."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    return parts.scheme == "https" and host not in LOCAL and not host.endswith(".localhost")
