"""`doorward serve`."""

import socket
from pathlib import Path

import click

from doorward.app.core import is_memory
from doorward.app.listeners import bind
from doorward.app.loading import load_checked
from doorward.app.processes import DISPATCHER, Plan, serve_all
from doorward.app.serve import ROLES, Options
from doorward.cli.options import config_option
from doorward.cli.output import refusal, warn
from doorward.config.model import Config
from doorward.errors import DoorwardError

APART, INSIDE = "apart", "inside"


@click.command()
@click.option("--dev", is_flag=True, help="A developer's machine: sensible defaults, own secrets, migrates at start.")
@click.option("--only", default=",".join(ROLES), show_default=True, help="Which parts run here, comma-separated.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option(
    "--dispatcher",
    default=APART,
    show_default=True,
    type=click.Choice([APART, INSIDE]),
    help="Send deliveries from a process of its own, or from inside each one that answers.",
)
@config_option
def serve(dev: bool, only: str, workers: int, dispatcher: str, config: tuple[Path, ...]) -> None:
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
    options = Options(checked.files, flags, roles, checked.warnings, checked.seen)
    is_apart = dispatcher == APART and roles > {DISPATCHER} and not is_memory(loaded)
    raise SystemExit(serve_all(Plan(options, loaded, sockets, workers, is_apart, warn)))


def listening(config: Config, roles: frozenset[str]) -> dict[str, socket.socket]:
    """Sockets of the ports that are served here, bound before anything is forked. Raises PortTaken."""
    places = {"public": (config.serve.public.host, config.serve.public.port)}
    places["admin"] = (config.serve.admin.host, config.serve.admin.port)
    return {name: bind(*place, f"The {name} port") for name, place in places.items() if name in roles}
