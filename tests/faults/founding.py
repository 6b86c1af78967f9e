"""Founds the town that cells are played in: two dispatchers on one database, one simulator, one sandbox."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from doorward.actions.sandbox import Sandbox
from doorward.clock import MovableClock
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from faults.portal_nearby import ImpatientEgress, nearby_portal
from faults.town import Town, learn_portal, make_house

PROCESSES = 2
SHARED_MEMORY = Path("/dev/shm")


@contextmanager
def sqlite_dsn() -> Iterator[str]:
    """A new file, in memory where the machine has such a place: what a power cut does to it is tested elsewhere."""
    place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="doorward-faults-", dir=place) as folder:
        yield f"sqlite://{Path(folder) / 'doorward.sqlite'}"


@asynccontextmanager
async def founded_town(dsn: str) -> AsyncIterator[Town]:
    """On an empty database. Each dispatcher has a connection to it and a way out of its own."""
    clock = MovableClock()
    sandbox = Sandbox(1)
    databases = [open_database(dsn, clock) for _ in range(PROCESSES)]
    async with AsyncExitStack() as stack:
        await sandbox.start()
        stack.push_async_callback(sandbox.close)
        for database in databases:
            await database.start()
            stack.push_async_callback(database.close)
        await migrate(databases[0], clock)
        nearby = await stack.enter_async_context(nearby_portal(clock))
        egresses = [ImpatientEgress(nearby.stalls) for _ in databases]
        for egress in egresses:
            await egress.start()
            stack.push_async_callback(egress.close)
        town = Town(nearby, clock, [make_house(each, clock, sandbox) for each in databases], egresses)
        await learn_portal(town)
        yield town
