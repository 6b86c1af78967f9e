"""Methods that nobody has heard of reach the application; everything else arrives as it was sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from doorward.app.connections import BoundedProtocol
from doorward.app.listeners import Listener, bind


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """`METHOD BODY;`"""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    text = f"{scope['method']} {body.decode()};".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = Listener(uvicorn.Config(tell, http=BoundedProtocol, lifespan="off", log_config=None, access_log=False))
    sock = bind("127.0.0.1", 0, "test")
    task = asyncio.create_task(server.serve([sock]))
    yield sock.getsockname()[1]
    server.should_exit = True
    await task


async def told(port: int, *pieces: bytes) -> str:
    """Everything that the server says until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    try:
        return (await reader.read()).decode()
    finally:
        writer.close()


HEAD = b" / HTTP/1.1\r\nhost: x\r\n"
LAST = b"connection: close\r\n\r\n"


@pytest.mark.parametrize("method", ["BREW", "X-1", "get", "PROPFIND", "GETS"])
async def test_the_application_sees_it(port: int, method: str) -> None:
    answer = await told(port, method.encode() + HEAD + LAST)
    assert answer.startswith("HTTP/1.1 200")
    assert answer.endswith(f"{method} ;")


async def test_it_may_have_a_body_and_company(port: int) -> None:
    """A body that looks like a request is a body."""
    inner = b"BREW / HTTP/1.1\r\n\r\n"
    first = b"BREW" + HEAD + b"content-length: %d\r\n\r\n" % len(inner)
    answer = await told(port, first, inner, b"GET" + HEAD + LAST)
    assert f"BREW {inner.decode()};" in answer
    assert answer.endswith("GET ;")


@pytest.mark.parametrize("line", [b"\x16\x03\x01\x02", b"BREW", b"BR@W / HTTP/1.1", b"B" * 40 + b" / HTTP/1.1"])
async def test_what_is_no_request_is_refused(port: int, line: bytes) -> None:
    assert (await told(port, line + b"\r\n\r\n")).startswith("HTTP/1.1 400")
