"""The public port for unit tests of its edges: real parts on a database of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from public_port import Client, PublicPort, public_port


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def port(tmp_path: Path, clock: MovableClock) -> AsyncIterator[PublicPort]:
    async with public_port(tmp_path, clock) as made:
        yield made


@pytest.fixture
def client(port: PublicPort) -> Client:
    """A browser without cookies yet."""
    return port.client()
