"""Calls that nobody waits for (`response.ignore` before a flow): kept alive until done, ended with the server."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """A set of running tasks. What they raise is lost, as what they answer is."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancels what still runs. May be repeated."""
        running = tuple(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
