"""The admin endpoints for identities on both databases."""

from collections.abc import AsyncIterator

import pytest

from admin_identities import AdminIdentities, admin_identities
from doorward.clock import MovableClock
from doorward.storage.contract import Database


@pytest.fixture
async def admin(database: Database, clock: MovableClock) -> AsyncIterator[AdminIdentities]:
    made = admin_identities(database, clock)
    yield made
    made.passwords.close()
