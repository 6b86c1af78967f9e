"""Sweeps what nobody asks for any more (flows, errors, sessions, messages), in the process that delivers."""

import asyncio
from datetime import timedelta

from doorward.app.core import Core
from doorward.courier.sweep import sweep_messages
from doorward.errors import Unavailable
from doorward.flows.store import delete_expired
from doorward.flows.throttle_tally import delete_old_counts
from doorward.observability.logging import Log
from doorward.storage.contract import Transaction

EVERY_S = 600.0
AT_ONCE = 1000
KEPT = timedelta(days=1)
"""An expired flow is told apart from an unknown one for this long, as its replacement needs it."""
SESSIONS_KEPT = timedelta(days=30)
"""Until then an administrator can read a session that has ended, and extend one that was not revoked."""


async def sweep(core: Core) -> int:
    """Once; how many rows went. In small transactions, so that people come in between."""
    now = core.clock.now()

    async def flows(tx: Transaction) -> int:
        return await delete_expired(tx, now - KEPT, AT_ONCE)

    async def sessions(tx: Transaction) -> int:
        return await core.sessions.sweep(tx, now - SESSIONS_KEPT, AT_ONCE)

    async def attempts(tx: Transaction) -> int:
        given = core.config.security.throttling
        return await delete_old_counts(tx, now - 2 * max(given.window, given.messages.window), AT_ONCE)

    total = 0
    for work in (flows, sessions, attempts):
        while gone := await core.database.transaction(work, is_durable=False):
            total += gone
    return total + await sweep_messages(core.database, core.clock, core.config.delivery.retention)


async def sweep_for_ever(core: Core) -> None:
    """Until it is cancelled. A database that is away is asked again later."""
    log = Log("sweeping")
    while True:
        try:
            gone = await sweep(core)
        except Unavailable as error:
            log.warning("database_away", reason=str(error))
        else:
            log.debug("swept", rows=gone)
        await asyncio.sleep(EVERY_S)
