"""A web_hook target that means harm, by path: a process of its own.

`/endless` sends without end, `/trickle` a byte a second, `/silence` never answers, `/redirect` leads to itself,
`/headers` sends headers without end, `/reset` hangs up; anything else is answered at once."""

import asyncio
import contextlib

from targets import running_target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, EOFError):
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        await ANSWERS.get(path, at_once)(writer)
    writer.close()


async def at_once(writer: asyncio.StreamWriter) -> None:
    writer.write(OK.replace(b"Content-Length", b"Connection: close\r\nContent-Length"))
    await writer.drain()


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1)


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def redirect(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /redirect\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 4000 + b"\r\n")
        await writer.drain()


async def reset(writer: asyncio.StreamWriter) -> None:
    transport = writer.transport
    transport.abort()


ANSWERS = {
    "/endless": endless,
    "/trickle": trickle,
    "/silence": silence,
    "/redirect": redirect,
    "/headers": headers,
    "/reset": reset,
}


def hostile_target() -> contextlib.AbstractContextManager[str]:
    """The address of a running target."""
    return running_target(__file__)


async def main() -> None:
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
