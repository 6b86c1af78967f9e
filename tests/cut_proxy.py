"""A TCP proxy that can lose the answer to a chosen request: it delivers the bytes, then cuts both sides."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class CutProxy:
    """Forwards 127.0.0.1:`port` to `target_port`. While `cut_after` is set, a chunk that contains it is the last."""

    target_port: int
    cut_after: bytes | None = None
    cuts: int = 0
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def port(self) -> int:
        assert self.server is not None
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def start(self, port: int = 0) -> None:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port)

    async def close(self) -> None:
        assert self.server is not None
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        await self.server.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        self.writers |= {writer, up_writer}
        down = asyncio.create_task(self.pump(up_reader, writer))
        cut = await self.pump(reader, up_writer, may_cut=True)
        if cut:
            # The request is on its way; the server is read until it has answered, and its answer is thrown away.
            down.cancel()
            await asyncio.wait([down])
            await up_reader.read(1)
            self.cuts += 1
        writer.transport.abort()
        up_writer.transport.abort()
        await asyncio.wait([down])
        self.writers -= {writer, up_writer}

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, may_cut: bool = False) -> bool:
        """Until the end, or until the cut; whether it was the cut."""
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
                if may_cut and self.cut_after is not None and self.cut_after in chunk:
                    self.cut_after = None
                    return True
        if not may_cut:
            writer.close()
        return False
