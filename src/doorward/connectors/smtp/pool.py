"""Conversations that stay open between mails: most of a mail's time is connecting, TLS and signing in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from doorward.connectors.smtp.conversation import Conversation, begin
from doorward.connectors.smtp.settings import SmtpServer

MAILS_EACH = 50
"""Many servers end a conversation after a hundred."""
IDLE_S = 10.0


class Pool:
    """At most `limit` conversations at once; idle ones are ended after a while."""

    def __init__(self, server: SmtpServer, limit: int, idle_s: float = IDLE_S) -> None:
        self._server = server
        self._places = asyncio.Semaphore(limit)
        self._idle: list[Conversation] = []
        self._idle_s = idle_s
        self._timers: dict[Conversation, asyncio.TimerHandle] = {}
        self._endings: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def conversation(self, *, fresh: bool = False) -> AsyncIterator[tuple[Conversation, bool]]:
        """One for one mail, and whether it was used before. It comes back only if nothing was raised.

        Raises what `begin` raises.
        """
        async with self._places:
            found = None if fresh else self._take()
            conversation = found or await begin(self._server)
            try:
                yield conversation, found is not None
            except BaseException:
                # Where it stands in its dialogue is not known any more.
                conversation.hang_up()
                raise
            self._keep(conversation)

    async def close(self) -> None:
        """Ends idle conversations."""
        while self._idle:
            await self._forget(self._idle[-1]).quit()
        await asyncio.gather(*self._endings, return_exceptions=True)

    def _take(self) -> Conversation | None:
        while self._idle:
            conversation = self._forget(self._idle[-1])
            if not conversation.is_over:
                return conversation
            conversation.hang_up()
        return None

    def _keep(self, conversation: Conversation) -> None:
        if conversation.mails >= MAILS_EACH:
            self._end(conversation)
            return
        self._idle.append(conversation)
        loop = asyncio.get_running_loop()
        self._timers[conversation] = loop.call_later(self._idle_s, self._expire, conversation)

    def _forget(self, conversation: Conversation) -> Conversation:
        self._idle.remove(conversation)
        self._timers.pop(conversation).cancel()
        return conversation

    def _expire(self, conversation: Conversation) -> None:
        self._end(self._forget(conversation))

    def _end(self, conversation: Conversation) -> None:
        ending = asyncio.create_task(conversation.quit())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
