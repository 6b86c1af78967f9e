"""One generation of a server: everything made from one configuration, started together and stopped together.

A new configuration makes a new generation beside the old one; requests move over, the old one ends when it is idle.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from doorward.actions.sandbox import Sandbox
from doorward.app.alerting import alert_for_ever
from doorward.app.core import Core, build_core
from doorward.app.dispatching import make_dispatcher, make_exposition, make_waiter
from doorward.app.moved_clock import follow_clock
from doorward.app.public import admin_app, make_engine, make_site, public_app
from doorward.app.sweeping import sweep_for_ever
from doorward.clock import Clock
from doorward.config.model import Config
from doorward.delivery.dispatcher import Dispatcher
from doorward.hooks.background import Background
from doorward.observability.logging import Log
from doorward.observability.metrics import Metrics
from doorward.observability.seats import Seat
from doorward.storage.contract import Database

SANDBOX_WORKERS = 2


@dataclass(slots=True)
class Generation:
    """What a configuration became. `dispatcher` is None in a process that only answers requests."""

    core: Core
    public: ASGIApp
    admin: ASGIApp
    sandbox: Sandbox
    background: Background
    dispatcher: Dispatcher | None
    running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to deliver, and to watch. A process that only answers watches, too: it may be the only one left."""
        self.background.start(alert_for_ever(self.core))
        if self.core.config.dev:
            self.background.start(follow_clock(self.core.clock, self.core.database))
        if self.dispatcher is not None:
            self.running = asyncio.create_task(self.dispatcher.run(), name="dispatcher")
            self.background.start(sweep_for_ever(self.core))

    async def stop(self, *, keep_database: bool = False) -> None:
        """Lets what is in flight finish within the drain time, then closes everything."""
        log = Log("runtime")
        if self.dispatcher is not None and self.running is not None:
            self.dispatcher.stop()
            with contextlib.suppress(asyncio.CancelledError):
                await self.running
            log.info("dispatcher_stopped")
        await self.background.close()
        await self.sandbox.close()
        await self.core.close(keep_database=keep_database)


async def make_generation(
    config: Config,
    clock: Clock,
    paths: tuple[Path, ...],
    *,
    with_dispatcher: bool,
    seat: Seat | None = None,
    database: Database | None = None,
    metrics: Metrics | None = None,
) -> Generation:
    """Builds but does not start. `database` is the running one, where the dsn has not changed."""
    core = await build_core(config, clock, paths, database, metrics)
    sandbox = Sandbox(SANDBOX_WORKERS, metrics=core.metrics)
    background = Background()
    try:
        # Most that only answer never render a template.
        await sandbox.start(at_once=with_dispatcher)
        site = make_site(core)
        engine = make_engine(core, sandbox, make_waiter(core), background)
        dispatcher = make_dispatcher(core, sandbox) if with_dispatcher else None
        return Generation(
            core=core,
            public=public_app(core, engine, site, sandbox),
            admin=admin_app(core, site, make_exposition(core, seat)),
            sandbox=sandbox,
            background=background,
            dispatcher=dispatcher,
        )
    except BaseException:
        await sandbox.close()
        await core.close(keep_database=database is not None)
        raise
