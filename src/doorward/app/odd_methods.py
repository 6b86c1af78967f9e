"""Requests with a method that the parser does not know: they reach the routes, which refuse them as they refuse others.

The parser would answer 400 by itself. It is shown POST instead, whose framing is the same (RFC 9112 6.3), and the
application the method that was sent.
"""

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

KNOWN = frozenset({b"CONNECT", b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PATCH", b"POST", b"PRI", b"PUT", b"TRACE"})
# RFC 9110 5.6.2, and no longer than anybody means it.
REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (?=[/*h])")
SHOWN = b"POST"


class OddMethodsProtocol(HttpToolsProtocol):
    """One connection. Only a method at the start of what arrives is looked at: what follows on may be a body."""

    _odd_method = ""
    _is_between_requests = True

    def data_received(self, data: bytes) -> None:
        if self._is_between_requests and (line := REQUEST_LINE.match(data)) and line[1] not in KNOWN:
            self._odd_method = line[1].decode("ascii")
            data = SHOWN + data[line.end(1) :]
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._is_between_requests = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # The application begins after this call has returned, and reads the same scope.
        if self._odd_method:
            self.scope["method"], self._odd_method = self._odd_method, ""

    def on_message_complete(self) -> None:
        self._is_between_requests = True
        super().on_message_complete()
