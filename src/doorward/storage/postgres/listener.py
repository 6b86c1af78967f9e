"""Carries wakes between processes: LISTEN and NOTIFY on one connection that reconnects by itself.

NOTIFY is sent after the commit, merged, by this connection. Inside the transaction it would take a lock that is global
to the cluster and would make all commits queue up. A wake that a crash swallows is made good by polling.
"""

import asyncio
import re
from typing import Any

import asyncpg

from doorward.storage.dsn import PostgresDsn
from doorward.storage.postgres.connections import connect_arguments
from doorward.storage.postgres.faults import DRIVER_ERRORS
from doorward.storage.wakes import WakeBoard

PG_CHANNEL = "doorward_wake"
RECONNECT_S = (0.2, 0.5, 1, 2, 5, 10)
CHANNEL = re.compile(r"[\w.:/@+-]{1,200}")


class Listener:
    """Runs as a task between `start` and `close`. `send` may be called at any time."""

    def __init__(self, dsn: PostgresDsn, wakes: WakeBoard) -> None:
        self._dsn = dsn
        self._wakes = wakes
        self._outgoing: set[str] = set()
        self._has_work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="doorward-listen")

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def send(self, channels: set[str]) -> None:
        """Wakes the other processes soon; never waits. Channels of another form than CHANNEL stay local."""
        self._outgoing.update(channel for channel in channels if CHANNEL.fullmatch(channel))
        if self._outgoing:
            self._has_work.set()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                connection = await asyncpg.connect(**connect_arguments(self._dsn, read_only=False))
            except DRIVER_ERRORS:
                await asyncio.sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])
                failures += 1
                continue
            failures = 0
            try:
                await self._serve(connection)
            except DRIVER_ERRORS:
                pass
            finally:
                connection.terminate()

    async def _serve(self, connection: "asyncpg.Connection[Any]") -> None:
        """Listens and sends until the connection breaks."""
        connection.add_termination_listener(self._on_end)
        await connection.add_listener(PG_CHANNEL, self._on_notify)
        # Whatever was sent while nobody listened is unknown, so everybody looks.
        self._wakes.ring_all()
        while not connection.is_closed():
            await self._has_work.wait()
            self._has_work.clear()
            channels, self._outgoing = sorted(self._outgoing), set()
            for channel in channels:
                await connection.execute("SELECT pg_notify($1, $2)", PG_CHANNEL, f"{id(self)} {channel}")

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, _, channel = str(payload).partition(" ")
        if sender != str(id(self)):
            self._wakes.ring(channel)

    def _on_end(self, _connection: object) -> None:
        self._has_work.set()
