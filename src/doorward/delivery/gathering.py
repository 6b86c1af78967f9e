"""Many who ask for the same kind of work at about the same time: it is done at once for all that came meanwhile.

What costs a few statements for one delivery costs the same few for thirty. A lone asker waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from doorward.errors import Unavailable

A = TypeVar("A")
R = TypeVar("R")


class Gathering(Generic[A, R]):
    """Runs `work` for one group at a time, of at most `limit` items; it returns one result per item, in order.

    An item's group begins after it was asked for: what `work` reads is never older than the question. Items that share
    one of their `keys` come into different groups.
    """

    def __init__(
        self,
        work: Callable[[Sequence[A]], Awaitable[Sequence[R]]],
        keys: Callable[[A], frozenset[Hashable]],
        limit: int,
    ) -> None:
        self._work = work
        self._keys = keys
        self._limit = limit
        self._asked: list[tuple[A, asyncio.Future[R]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, item: A) -> R:
        """The result for `item`. An asker that is cancelled leaves its item to be worked on.

        Raises what `work` raises: Unavailable for the whole group; anything else only for the item that causes it.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._asked.append((item, answer))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._asked:
                await self._answer(self._next_group())
        finally:
            self._running = None
            for _, answer in self._asked:
                answer.cancel()

    def _next_group(self) -> list[tuple[A, asyncio.Future[R]]]:
        group: list[tuple[A, asyncio.Future[R]]] = []
        seen: set[Hashable] = set()
        for each in self._asked[: self._limit]:
            keys = self._keys(each[0])
            if seen & keys:
                break
            seen |= keys
            group.append(each)
        self._asked = self._asked[len(group) :]
        return group

    async def _answer(self, group: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            results = await self._work([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            if len(group) == 1 or isinstance(error, Unavailable):
                _fail(group, error)
                return
            # One odd row must not harm those that happened to come along with it.
            for each in group:
                await self._answer([each])
        except BaseException:
            for _, answer in group:
                answer.cancel()
            raise
        else:
            for (_, answer), result in zip(group, results, strict=True):
                if not answer.done():
                    answer.set_result(result)


def _fail(group: Sequence[tuple[A, asyncio.Future[R]]], error: Exception) -> None:
    for _, answer in group:
        if not answer.done():
            answer.set_exception(error)
