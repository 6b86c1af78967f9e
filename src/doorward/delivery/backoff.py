"""When a failed delivery is tried again, and when it is given up."""

from datetime import datetime, timedelta

from doorward.actions.model import Action


def tries_allowed(action: Action) -> int:
    """How many attempts a delivery has in all."""
    return 1 + len(action.first_delays) + len(action.retry.delays)


def next_try(
    action: Action, attempt: int, now: datetime, retry_after_s: float | None = None, spread: float = 0.0
) -> datetime | None:
    """When to try again after attempt number `attempt` (from 1) failed; None when that was the last.

    The first delays are what a waiting request sees, so they are exact. Later ones grow by the random share `spread`
    (0 to 1) of the policy's jitter: never shorter, so that the schedule keeps its span. A target's own Retry-After
    (seconds) makes the wait longer, never shorter, up to the policy's cap.
    """
    if attempt >= tries_allowed(action):
        return None
    first = len(action.first_delays)
    if attempt <= first:
        delay = action.first_delays[attempt - 1]
    else:
        delay = action.retry.delays[attempt - first - 1] * (1 + action.retry.jitter * spread)
    if retry_after_s is not None:
        asked = min(timedelta(seconds=max(0.0, retry_after_s)), action.retry.retry_after_cap)
        delay = max(delay, asked)
    return now + delay
