"""A portal in memory whose clock stands still, and a client of it."""

from collections.abc import Iterator

import pytest

from portal_client import Client
from portalsim.portal import Account, Portal, open_portal


@pytest.fixture
def portal() -> Iterator[Portal]:
    """Empty, in memory, with its clock standing still."""
    portal = open_portal("memory", Account(), seed=7, plan="off")
    portal.clock.freeze()
    yield portal
    portal.database.close()


@pytest.fixture
def api(portal: Portal) -> Client:
    return Client(portal)
