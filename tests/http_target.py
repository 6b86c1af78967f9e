"""A real HTTP server on a free port that notes what arrives and answers with what a test puts in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Seen:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Target:
    """`/slow` waits for `release`, `/drop` hangs up after reading; other paths answer by `answers`, else 200 hello."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, Callable[[web.Request], web.StreamResponse]] = field(default_factory=dict)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, request.raw_path, headers, body))
        self.arrived.set()
        if request.path == "/slow":
            await self.release.wait()
        if request.path == "/drop":
            assert request.transport is not None
            request.transport.abort()
        answer = self.answers.get(request.path)
        return answer(request) if answer else web.Response(text="hello")


@asynccontextmanager
async def serve_target() -> AsyncIterator[Target]:
    """A Target that serves until the block ends."""
    target = Target()
    app = web.Application(client_max_size=10 << 20)
    app.router.add_route("*", "/{path:.*}", target.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    target.port = runner.addresses[0][1]
    try:
        yield target
    finally:
        target.release.set()
        await runner.cleanup()
