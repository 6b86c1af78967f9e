"""Waits for the first attempts of plain web_hooks on behalf of a request whose changes are stored already.

They are sent one after the other, in the order of their list, as in Kratos: a target may build on the one before.
"""

import asyncio
import re

from doorward.flows.contract import SettledWaiter
from doorward.flows.errors import WebHookFailed, WebHookTimedOut, web_hook_broken
from doorward.flows.model import Flow
from doorward.identities.events import Recorded
from doorward.outbox.settled import Settlement
from doorward.outbox.states import State

CAP_S = 10.0
"""How long a request waits; Kratos makes three tries within about that time."""

SETTLED_WELL = frozenset({State.DELIVERED, State.SKIPPED})
REFUSAL = re.compile("http_(4(?!29)[0-9]{2}|501)|unauthorised")
"""What a target may mean by an answer, a 401 too; 429 and the other 5xx are failures of its own."""
TIMEOUT = "timeout"


async def await_first_attempts(waiter: SettledWaiter, recorded: Recorded, flow: Flow) -> None:
    """Raises WebHookFailed where one failed; it and those behind it stay in the queue (Kratos forgets them)."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + CAP_S
    for place, each in enumerate(recorded.in_turn):
        if place:
            await waiter.release([each])
        if each not in recorded.awaited:
            continue
        found = (await waiter.wait([each], max(ends_at - loop.time(), 0.0))).get(each)
        if found is None or found.state not in SETTLED_WELL:
            await waiter.release(recorded.in_turn[place + 1 :])
            raise _failure(found, flow)


def _failure(settlement: Settlement | None, flow: Flow) -> WebHookFailed:
    code = (settlement.code if settlement else None) or ""
    if REFUSAL.fullmatch(code):
        return WebHookFailed()
    return WebHookTimedOut() if code == TIMEOUT else web_hook_broken(flow)
