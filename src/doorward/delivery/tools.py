"""What the parts of the sending side share: handed down by the dispatcher, changed by nobody."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from doorward.clock import Clock
from doorward.delivery.contract import Budget
from doorward.delivery.prepare import Preparer
from doorward.delivery.settings import DeliverySettings
from doorward.observability.metrics import Metrics
from doorward.storage.contract import Database

ROWS_TOGETHER = 256
"""How many rows at most share a look or a commit with those of other sends."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What sending needs. `sleep` and `spread` (a random share) are the two that tests replace."""

    database: Database
    preparer: Preparer
    budget: Budget
    clock: Clock
    metrics: Metrics
    settings: DeliverySettings
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    spread: Callable[[], float] = random.random
