"""Runs a transaction's coroutine so that it can await nothing but its transaction.

Holding row locks (or SQLite's only writer) during a network call would let one slow web hook stop every sign-up.
"""

import types
from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any, Protocol, TypeVar

from doorward.storage.errors import SuspendedInTransaction

T = TypeVar("T")
HINT = "A transaction may await its own `tx` only; do network calls and sleeps before or after it."
# What asyncio says when a coroutine wants the loop on a thread that has none, as the SQLite writer's.
NO_LOOP = "no running event loop"


class Executing(Protocol):
    """Tells whether one of the transaction's own statements is being awaited."""

    @property
    def is_executing(self) -> bool: ...


def run_at_once(coroutine: Coroutine[Any, Any, T], context: Context) -> T:
    """Runs `coroutine` to its end on this thread, within `context`. Raises SuspendedInTransaction if it would wait."""
    try:
        context.run(coroutine.send, None)
    except StopIteration as end:
        result: T = end.value
        return result
    except RuntimeError as error:
        if str(error) == NO_LOOP:
            raise SuspendedInTransaction(HINT) from error
        raise
    context.run(coroutine.close)
    raise SuspendedInTransaction(HINT)


@types.coroutine
def only_statements(coroutine: Coroutine[Any, Any, T], transaction: Executing) -> Generator[Any, Any, T]:
    """Awaits `coroutine`, passing on its waits as long as they are waits for the transaction's own statements."""
    step, value = coroutine.send, None
    while True:
        try:
            waits_for = step(value)
        except StopIteration as end:
            result: T = end.value
            return result
        if not transaction.is_executing:
            coroutine.close()
            raise SuspendedInTransaction(HINT)
        try:
            value = yield waits_for
            step = coroutine.send
        except BaseException as error:  # noqa: BLE001 - a cancellation too belongs to the coroutine
            step, value = coroutine.throw, error
