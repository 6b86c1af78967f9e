"""A receiver that really listens, and the keys of its messages."""

from collections.abc import AsyncIterator

import pytest

from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from http_target import Target, serve_target


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as target:
        yield target


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    egress = Egress(EgressPolicy())
    await egress.start()
    yield egress
    await egress.close()
