"""The house that delivery tests live in, on both databases, and dispatchers that live on while the clock jumps."""

import pytest

from delivery_house import DeliveryHouse
from doorward.clock import MovableClock
from doorward.storage.contract import Database


@pytest.fixture
def house(database: Database, clock: MovableClock) -> DeliveryHouse:
    return DeliveryHouse(database, clock)
