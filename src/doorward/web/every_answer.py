"""What every answer carries, refusals and faults included: nothing is sniffed, and browsers come by https from then on
where this installation's address is https (RFC 6797).
"""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.web.admin_guard import LOOPBACK
from doorward.web.headers import add_header

STRICT = "strict-transport-security"
# For this host alone: what else lives below its name is not ours to decide.
A_YEAR = "max-age=31536000"


class EveryAnswer:
    """ASGI middleware, the outermost. Over http a browser overlooks the wish for https (RFC 6797 8.1), so who ends TLS
    makes no difference."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        """`base_url` is the address that people use."""
        self._app = app
        self._is_strict = is_strict(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_header(message, "x-content-type-options", "nosniff")
                if self._is_strict:
                    add_header(message, STRICT, A_YEAR)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def is_strict(base_url: str) -> bool:
    """Not on a developer's own machine: the other ports of `localhost` speak http."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    return parts.scheme == "https" and host not in LOOPBACK and not host.endswith(".localhost")
