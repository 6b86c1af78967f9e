"""How long and how large the head of a request may be: uvicorn itself waits and keeps without end.

Without this a few thousand connections that send a byte now and then hold every descriptor of the process, and one
that sends headers without end holds its memory."""

import asyncio
import resource

from doorward.app.odd_methods import OddMethodsProtocol
from doorward.app.whole_answers import WholeAnswers

DESCRIPTORS = 65_536
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def allow_many_connections() -> None:
    """Takes as many descriptors as the system grants: many start programs with 1,024, which is soon too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class BoundedProtocol(OddMethodsProtocol):
    """One connection. `request_s`: from the connection, or a request's first byte, until it has arrived whole."""

    request_s = 30.0
    head_limit_bytes = 64 * 1024
    _is_answering = False
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_in_head = True
    _answers: WholeAnswers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._answers = WholeAnswers(transport)
        super().connection_made(self._answers)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        # What came in one piece has a bounded size anyway, so only a head that goes on is counted.
        if self._is_in_head and self._head_bytes > self.head_limit_bytes:
            self._hang_up(TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._deadline is None:
            self._expect_request()

    def on_headers_complete(self) -> None:
        self._is_in_head, self._is_answering = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._forget_deadline()
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._is_answering = False
        self._answers.flush()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        self._deadline = self.loop.call_later(self.request_s, self._hang_up, TOO_SLOW)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self, answer: bytes) -> None:
        """An application that reads the body meanwhile is told that the client has gone."""
        self._forget_deadline()
        if self._head_bytes > 0 and not self._is_answering and not self.transport.is_closing():
            self.transport.write(answer)
        self.transport.close()
