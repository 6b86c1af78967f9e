"""`doorward serve`."""

import asyncio
import os
import socket
from pathlib import Path

import click
import uvloop

from doorward.app.core import is_memory
from doorward.app.listeners import bind
from doorward.app.loading import load_checked
from doorward.app.serve import ROLES, Options, serve_process
from doorward.app.workers import Workers
from doorward.cli.options import config_option
from doorward.cli.output import refusal, warn
from doorward.config.model import Config
from doorward.errors import DoorwardError
from doorward.observability.logging import configure


@click.command()
@click.option("--dev", is_flag=True, help="A developer's machine: sensible defaults, own secrets, migrates at start.")
@click.option("--only", default=",".join(ROLES), show_default=True, help="Which parts run here, comma-separated.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@config_option
def serve(dev: bool, only: str, workers: int, config: tuple[Path, ...]) -> None:
    """Serve the public and the admin port, and deliver."""
    roles = frozenset(part.strip() for part in only.split(",") if part.strip())
    if not roles or roles - set(ROLES):
        raise click.BadParameter(f"parts are {', '.join(ROLES)}", param_hint="--only")
    flags = {"dev": True} if dev else {}
    try:
        checked = load_checked(config, flags)
        loaded = checked.config
        if workers > 1 and is_memory(loaded):
            raise click.BadParameter("a database in memory has one process", param_hint="--workers")
        sockets = listening(loaded, roles)
    except DoorwardError as error:
        raise refusal(error) from None
    options = Options(checked.files, flags, roles, checked.warnings)

    def live(_number: int) -> int:
        return run_process(options, loaded, sockets)

    if workers == 1:
        raise SystemExit(live(0))
    configure(loaded.log.level, loaded.log.format)
    raise SystemExit(Workers(workers, live).supervise())


def listening(config: Config, roles: frozenset[str]) -> dict[str, socket.socket]:
    """Sockets of the ports that are served here, bound before anything is forked. Raises PortTaken."""
    places = {"public": (config.serve.public.host, config.serve.public.port)}
    places["admin"] = (config.serve.admin.host, config.serve.admin.port)
    return {name: bind(*place, f"The {name} port") for name, place in places.items() if name in roles}


def run_process(options: Options, config: Config, sockets: dict[str, socket.socket]) -> int:
    """One process's event loop. An error at the start is a sentence, not a trace."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(serve_process(options, config, sockets))
    except DoorwardError as error:
        warn(f"Error: {error} [{error.code()}] (process {os.getpid()})")
        return 1
