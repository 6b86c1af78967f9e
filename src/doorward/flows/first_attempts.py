"""Waits for the first attempts of plain web_hooks on behalf of a request whose changes are stored already."""

from collections.abc import Sequence
from uuid import UUID

from doorward.flows.contract import SettledWaiter
from doorward.flows.errors import WebHookFailed
from doorward.outbox.states import State

CAP_S = 10.0
"""How long a request waits; Kratos makes three tries within about that time."""

SETTLED_WELL = frozenset({State.DELIVERED, State.SKIPPED})


async def await_first_attempts(waiter: SettledWaiter, awaited: Sequence[UUID]) -> None:
    """Raises WebHookFailed where one failed; the delivery stays in the queue (Kratos forgets it)."""
    if not awaited:
        return
    settled = await waiter.wait(awaited, CAP_S)
    if any(each not in settled or settled[each].state not in SETTLED_WELL for each in awaited):
        raise WebHookFailed
