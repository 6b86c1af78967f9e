"""The house that delivery tests live in, on both databases."""

from collections.abc import AsyncIterator

import pytest

from delivery_house import DeliveryHouse
from doorward.clock import MovableClock
from doorward.storage.contract import Database


@pytest.fixture
def house(database: Database, clock: MovableClock) -> DeliveryHouse:
    return DeliveryHouse(database, clock)


@pytest.fixture
async def sandbox(house: DeliveryHouse) -> AsyncIterator[None]:
    """For tests whose actions have templates."""
    await house.sandbox.start()
    yield
    await house.sandbox.close()
