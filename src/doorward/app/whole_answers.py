"""Head and body of an answer leave in one write: uvicorn hands them over one after the other, and each would be a
system call, a packet and, often, one more wake-up of the client.

A head waits for the first piece of its body, for the end of the answer (there may be no body), or for the connection's.
"""

import asyncio
from typing import Any

HEAD_START, HEAD_END = b"HTTP/1.1 ", b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 "
"""An answer of its own, which the client waits for before it sends the body."""


class WholeAnswers(asyncio.Transport):
    """The transport of one connection; all but the waiting is left to the one below."""

    def __init__(self, below: asyncio.Transport) -> None:
        super().__init__()
        self._below = below
        self._head = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._below.write(head + data)
        elif is_head(data):
            self._head = bytes(data)
        else:
            self._below.write(data)

    def flush(self) -> None:
        """Nothing more belongs to what was written."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._below.close()

    def abort(self) -> None:
        self._below.abort()

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._below.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size() + len(self._head)

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._below.set_protocol(protocol)


def is_head(data: bytes | bytearray | memoryview) -> bool:
    text = bytes(data[: len(CONTINUE)])
    return text.startswith(HEAD_START) and text != CONTINUE and bytes(data[-len(HEAD_END) :]) == HEAD_END
