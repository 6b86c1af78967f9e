"""Connections that are slow or talk without end are ended; others do not notice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from doorward.app.connections import BoundedProtocol
from doorward.app.listeners import Listener, bind


class Hasty(BoundedProtocol):
    request_s = 0.2
    head_limit_bytes = 4096


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """The size of the body, or nothing to a client that has gone."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    text = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})


@contextlib.asynccontextmanager
async def listening(protocol: type[BoundedProtocol]) -> AsyncIterator[int]:
    server = Listener(uvicorn.Config(echo, http=protocol, lifespan="off", log_config=None, access_log=False))
    sock = bind("127.0.0.1", 0, "test")
    task = asyncio.create_task(server.serve([sock]))
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def told(port: int, *pieces: bytes) -> bytes:
    """Everything that the server says until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    try:
        return await reader.read()
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


async def test_who_says_nothing_is_hung_up_on() -> None:
    async with listening(Hasty) as port:
        assert await told(port) == b""


@pytest.mark.parametrize("head", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX-Slow: "])
async def test_a_head_that_does_not_end_in_time_is_answered_408(head: bytes) -> None:
    async with listening(Hasty) as port:
        assert (await told(port, head)).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_does_not_end_in_time_is_given_up() -> None:
    async with listening(Hasty) as port:
        assert b"200" not in await told(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")


async def test_a_head_without_end_is_refused() -> None:
    async with listening(BoundedProtocol) as port:
        answer = await told(port, b"GET / HTTP/1.1\r\n", *[b"X-More: " + b"x" * 1000 + b"\r\n"] * 1000)
        assert answer == b"reset" or answer.startswith(b"HTTP/1.1 431 ")


async def test_requests_that_follow_one_another_each_have_their_time() -> None:
    async with listening(Hasty) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for size in (0, 3, 100_000):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(len(str(size))) == str(size).encode()
        writer.write(b"GET / HTTP/1.1\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
