"""Waits until the queue is empty: a fact in the database, not a duration. The bound only ends a run that is stuck."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from running import request

from .house import House

LIMIT_S = 240.0
LOOK_S = 0.25
OPEN = "SELECT count(*) FROM {table} WHERE state IN ('pending', 'leased', 'retryable')"


def settle(house: House) -> float:
    """Everybody alive and nothing wrong with HubSpot: seconds until nothing waits. Raises AssertionError when stuck."""
    request("DELETE", f"{house.simulator.url}/_sim/faults")
    begun = time.monotonic()
    count = _counter(house)
    while waiting := count():
        if time.monotonic() - begun > LIMIT_S:
            raise AssertionError(f"{waiting} deliveries still wait after {LIMIT_S:.0f} s; see {house.folder}")
        time.sleep(LOOK_S)
    return time.monotonic() - begun


def _counter(house: House) -> Callable[[], int]:
    if house.postgres is not None:
        server = house.postgres
        return lambda: int(server.sql(OPEN.format(table="doorward.deliveries"), "doorward"))

    def count() -> int:
        with closing(sqlite3.connect(f"file:{house.dsn}?mode=ro", uri=True)) as connection:
            return int(connection.execute(OPEN.format(table="deliveries")).fetchone()[0])

    return count
