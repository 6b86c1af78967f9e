"""A person waits for the answer: what may pass is tried twice more, at Kratos's pace."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from doorward.actions.answers import UpstreamFailed

PAUSES_S = (1.0, 2.0)
"""Kratos's waits before its second and third attempt."""

WAIT_CAP_S = 5.0
"""A target may ask for a longer wait than ours, but a person is waiting, too."""

Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")


async def tried_again(attempt: Callable[[], Awaitable[T | UpstreamFailed]], sleep: Sleep) -> T | UpstreamFailed:
    """What the first attempt brings that is no failure that may pass, else the last one's."""
    answer = await attempt()
    for pause_s in PAUSES_S:
        if not (isinstance(answer, UpstreamFailed) and answer.may_pass):
            break
        await sleep(pause_s if answer.retry_after_s is None else min(answer.retry_after_s, WAIT_CAP_S))
        answer = await attempt()
    return answer
