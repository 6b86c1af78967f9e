"""What runs on the event loop after a commit."""

import asyncio
from collections.abc import Callable, Iterable


def run_callbacks(loop: asyncio.AbstractEventLoop, callbacks: Iterable[Callable[[], None]]) -> None:
    """A callback that fails is reported to the loop; the change is committed and stays."""
    for callback in callbacks:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - every callback has its turn
            loop.call_exception_handler({"message": "a callback after a commit failed", "exception": error})
