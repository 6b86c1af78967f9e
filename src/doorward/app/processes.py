"""Which processes a `serve` consists of, and what each of them does: some answer, one dispatches, or one does all."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from doorward.app.listeners import close_all
from doorward.app.loading import load_checked
from doorward.app.memory import set_aside
from doorward.app.neighbours import Line, Neighbours, make_lines
from doorward.app.serve import Among, Options, serve_process
from doorward.app.workers import TRY_AGAIN, Child, Ready, Workers
from doorward.config.model import Config
from doorward.config.watch import Seen
from doorward.errors import DoorwardError, Unavailable
from doorward.observability.logging import Log, configure
from doorward.observability.seats import Place, Seat, make_places

DISPATCHER = "dispatcher"
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """`workers`: how many processes share the sockets; `is_apart`: deliveries are sent by a process of their own.

    `tell` says a sentence to whoever started the program.
    """

    options: Options
    config: Config
    sockets: Mapping[str, socket.socket]
    workers: int
    is_apart: bool
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shared:
    """What is made before the processes, and connects them."""

    places: tuple[Place, ...]
    lines: tuple[Line, ...]

    def among(self, number: int, ready: Ready) -> Among:
        return Among(Seat(self.places, number), Neighbours(self.lines, number), ready)


def serve_all(plan: Plan) -> int:
    """Serves until told to stop; the exit code."""
    if plan.workers == 1 and not plan.is_apart:
        code = run_process(plan, plan.options, plan.config, plan.sockets, Among())
        return 1 if code == TRY_AGAIN else code
    # Shared by all children for as long as nobody writes to it, as a search for garbage does.
    set_aside()
    configure(plan.config.log.level, plan.config.log.format)
    count = plan.workers + plan.is_apart
    shared = Shared(make_places(count), make_lines(count))
    roles = plan.options.roles - {DISPATCHER} if plan.is_apart else plan.options.roles
    children = [_worker(plan, roles, shared, number) for number in range(plan.workers)]
    if plan.is_apart:
        children.append(_dispatching(plan, shared))
    return Workers(children, lambda: close_all(list(plan.sockets.values()))).supervise()


def _worker(plan: Plan, roles: frozenset[str], shared: Shared, number: int) -> Child:
    # What the configuration is warned of is told once.
    options = replace(plan.options, roles=roles, warnings=plan.options.warnings if number == 0 else ())

    def live(ready: Ready, is_first: bool) -> int:
        config, seen = (plan.config, options.seen) if is_first else newest(plan)
        return run_process(plan, replace(options, seen=seen), config, plan.sockets, shared.among(number, ready))

    return Child(f"worker {number}", live)


def _dispatching(plan: Plan, shared: Shared) -> Child:
    options = replace(plan.options, roles=frozenset({DISPATCHER}), warnings=())

    def live(ready: Ready, is_first: bool) -> int:
        close_all(list(plan.sockets.values()))
        step_back()
        config, seen = (plan.config, options.seen) if is_first else newest(plan)
        return run_process(plan, replace(options, seen=seen), config, {}, shared.among(plan.workers, ready))

    return Child(DISPATCHER, live, is_last=True)


def step_back() -> None:
    """Whoever waits for an answer comes first, and is not interrupted whenever an answer to a delivery arrives."""
    os.nice(NICENESS)
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def newest(plan: Plan) -> tuple[Config, Mapping[Path, Seen] | None]:
    """The configuration, and its files as they were read. For a process that takes a dead one's place: the files may
    have changed since. As at a reload, a configuration with errors changes nothing.
    """
    try:
        loaded = load_checked(plan.options.paths, plan.options.flags, plan.config)
        return loaded.config, loaded.seen
    except DoorwardError as error:
        Log("server").error("reload_refused", code=error.code(), reason=str(error))
        return plan.config, plan.options.seen


def run_process(
    plan: Plan, options: Options, config: Config, sockets: Mapping[str, socket.socket], among: Among
) -> int:
    """One process's event loop. An error at the start is a sentence, not a trace."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(serve_process(options, config, sockets, among))
    except DoorwardError as error:
        plan.tell(f"Error: {error} [{error.code()}] (process {os.getpid()})")
        return TRY_AGAIN if isinstance(error, Unavailable) else 1
