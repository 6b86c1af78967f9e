"""The console over a house in which things are delivered, on SQLite. What databases differ in is tested beside."""

from pathlib import Path

import pytest

from console_port import ConsolePort, console_port
from delivery_house import DeliveryHouse
from doorward.clock import MovableClock
from doorward.storage.contract import Database
from public_port import Client


@pytest.fixture
def dsn(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path / 'doorward.sqlite'}"


@pytest.fixture
def house(database: Database, clock: MovableClock) -> DeliveryHouse:
    return DeliveryHouse(database, clock)


@pytest.fixture
def port(house: DeliveryHouse, tmp_path: Path) -> ConsolePort:
    return console_port(house, tmp_path)


@pytest.fixture
async def admin(port: ConsolePort) -> Client:
    """A browser that is signed in."""
    return await port.signed_in()
