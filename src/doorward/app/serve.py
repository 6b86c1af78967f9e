"""`doorward serve`: one process's life from its sockets to its last delivery; reload on SIGHUP and changed files."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doorward.app.connections import allow_many_connections
from doorward.app.listeners import Listener, Switch, make_listener
from doorward.app.loading import load_checked
from doorward.app.memory import set_aside, set_aside_anew
from doorward.app.moved_clock import move_clock
from doorward.app.neighbours import Neighbours
from doorward.app.runtime import Generation, make_generation
from doorward.app.tls import load_chain, make_context
from doorward.app.tracing import install_tracing
from doorward.app.watched import files_of
from doorward.clock import SystemClock
from doorward.config.model import Config
from doorward.config.problems import Problem
from doorward.config.watch import Seen, watch
from doorward.errors import DoorwardError
from doorward.observability.logging import Log, configure
from doorward.observability.seats import Seat
from doorward.storage.migrate import migrate, require_current

IDLE_LIMIT_S = 30.0
ROLES = ("public", "admin", "dispatcher")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said. `roles` are the parts that run in this process; `seen` is what its files were like
    when they were read."""

    paths: tuple[Path, ...]
    flags: Mapping[str, Any]
    roles: frozenset[str] = frozenset(ROLES)
    warnings: tuple[Problem, ...] = ()
    seen: Mapping[Path, Seen] | None = None


def _nobody_waits() -> None:
    """For a process that nobody supervises."""


@dataclass(frozen=True, slots=True)
class Among:
    """This process among those of one `serve`: its seat for metrics, whom it wakes; `tell_ready`: it serves."""

    seat: Seat | None = None
    neighbours: Neighbours | None = None
    tell_ready: Callable[[], None] = _nobody_waits


@dataclass(slots=True)
class Server:
    """The parts of a running process that outlive a generation."""

    options: Options
    sockets: Mapping[str, socket.socket]
    generation: Generation
    contexts: Mapping[str, ssl.SSLContext | None]
    among: Among
    switches: Mapping[str, Switch] = field(default_factory=lambda: {"public": Switch(), "admin": Switch()})
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    reloading: asyncio.Event = field(default_factory=asyncio.Event)


async def serve_process(options: Options, config: Config, sockets: Mapping[str, socket.socket], among: Among) -> int:
    """Serves until SIGTERM or SIGINT, then drains. The exit code: 0."""
    configure(config.log.level, config.log.format)
    install_tracing(config.tracing)
    allow_many_connections()
    log = Log("server")
    _tell(log, options.warnings)
    contexts = {name: make_context(getattr(config.serve, name).tls, f"serve.{name}.tls") for name in sockets}
    generation = await make_generation(
        config, SystemClock(), options.paths, with_dispatcher="dispatcher" in options.roles, seat=among.seat
    )
    try:
        if config.dev:
            await migrate(generation.core.database, generation.core.clock)
        await require_current(generation.core.database)
        if config.dev:
            await move_clock(generation.core.clock, generation.core.database.reader)
    except BaseException:
        await generation.stop()
        raise
    server = Server(options, sockets, generation, contexts, among)
    _listen_to_signals(server)
    _switch_to(server, generation)
    generation.start()
    listeners = {name: make_listener(server.switches[name], contexts[name]) for name in sockets}
    tasks = [asyncio.create_task(each.serve([sockets[name]])) for name, each in listeners.items()]
    log.info("serving", **{name: f"{sock.getsockname()[0]}:{sock.getsockname()[1]}" for name, sock in sockets.items()})
    set_aside()
    with _seated(server), _heard(server):
        among.tell_ready()
        async with _reloads(server):
            await server.stopping.wait()
        log.info("stopping")
        await _end(listeners, tasks)
        await server.generation.stop()
    log.info("stopped")
    return 0


def _seated(server: Server) -> contextlib.AbstractContextManager[None]:
    """Tells the other processes what this one has counted, until its very end."""
    seat = server.among.seat
    return contextlib.nullcontext() if seat is None else seat.taken(server.generation.core.metrics.counts)


def _heard(server: Server) -> contextlib.AbstractContextManager[None]:
    """Wakes whoever waits here when another process has written what it waits for."""
    neighbours = server.among.neighbours
    if neighbours is None:
        return contextlib.nullcontext()

    def ring(channel: str) -> None:
        # Looked up each time: a new configuration may have brought another database.
        server.generation.core.database.ring(channel)

    return neighbours.heard(ring)


async def _end(listeners: Mapping[str, Listener], tasks: list[asyncio.Task[None]]) -> None:
    for each in listeners.values():
        each.should_exit = True
    await asyncio.gather(*tasks, return_exceptions=True)


def _listen_to_signals(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, server.stopping.set)
    loop.add_signal_handler(signal.SIGHUP, server.reloading.set)


def _switch_to(server: Server, generation: Generation) -> None:
    server.switches["public"].current = generation.public
    server.switches["admin"].current = generation.admin
    if server.among.neighbours is not None:
        generation.core.database.announce_to(server.among.neighbours.tell)


@contextlib.asynccontextmanager
async def _reloads(server: Server) -> AsyncIterator[None]:
    """Watches files and SIGHUP for as long as the server serves."""

    async def look() -> None:
        # A process starts a moment after its files were read: what has changed since is a change.
        since = server.options.seen
        while True:
            # Made anew after each change: a configuration may name files that the last one did not, or be new itself.
            async for _ in watch(files_of(server.options.paths), since=since):
                server.reloading.set()
                break
            since = None

    async def act() -> None:
        while True:
            await server.reloading.wait()
            server.reloading.clear()
            await _reload(server)

    tasks = [asyncio.create_task(look()), asyncio.create_task(act())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reload(server: Server) -> None:
    """A configuration with errors changes nothing; the log says what is wrong with it."""
    log, old = Log("server"), server.generation
    try:
        loaded = load_checked(server.options.paths, server.options.flags, old.core.config)
        config = loaded.config
        same = config.dsn == old.core.config.dsn
        new = await make_generation(
            config,
            old.core.clock,
            loaded.files,
            with_dispatcher=old.dispatcher is not None,
            seat=server.among.seat,
            metrics=old.core.metrics,
            database=old.core.database if same else None,
        )
    except DoorwardError as error:
        log.error("reload_refused", code=error.code(), reason=str(error))
        return
    _tell(log, loaded.warnings)
    _renew_certificates(server, config, log)
    if config.serve != old.core.config.serve:
        log.warning("reload_incomplete", reason="A change of serve.* takes effect at the next start.")
    _switch_to(server, new)
    server.generation = new
    await _idle(server, old)
    await old.stop(keep_database=same)
    new.start()
    del old, loaded
    set_aside_anew()
    log.info("reloaded", parts=",".join(sorted(server.options.roles)))


def _renew_certificates(server: Server, config: Config, log: Log) -> None:
    """A certificate that cannot be used leaves the one that is: better old than none."""
    for name, context in server.contexts.items():
        if context is None:
            continue
        try:
            load_chain(context, getattr(config.serve, name).tls, f"serve.{name}.tls")
        except DoorwardError as error:
            log.error("certificate_refused", code=error.code(), reason=str(error))


async def _idle(server: Server, old: Generation) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(IDLE_LIMIT_S):
            await server.switches["public"].wait_idle(old.public)
            await server.switches["admin"].wait_idle(old.admin)


def _tell(log: Log, warnings: tuple[Problem, ...]) -> None:
    """What `config check` would warn of: a hook that never runs must not be a surprise."""
    for each in warnings:
        log.warning("configuration", at=each.path, code=each.code, advice=each.text)
