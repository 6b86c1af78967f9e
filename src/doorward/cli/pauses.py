"""`doorward pauses`: which destinations and actions rest, and why; resume them, or let them rest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from doorward.app.core import opened_core
from doorward.audit import write_audit
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, print_table, run, say
from doorward.clock import rfc3339
from doorward.delivery.pauses import Paused, Scope, list_pauses, pause, resume
from doorward.errors import NotFound
from doorward.storage.contract import Transaction

SCOPES = click.Choice(["destination", "action"])


class NotPaused(NotFound):
    """Nothing of this name is paused. `doorward pauses list` shows what is."""


@click.group()
def pauses() -> None:
    """Destinations and actions that rest while their queues are kept."""


@pauses.command("list")
@installation_options
@json_option
def list_(config: tuple[Path, ...], as_json: bool) -> None:
    """List what is paused, why, and until when."""

    async def work() -> list[Paused]:
        async with opened_core(config) as core:
            return await list_pauses(core.database.reader, core.clock.now())

    found = [_shown(each) for each in run(work())]
    if as_json:
        print_json(found)
        return
    columns = ("scope", "name", "code", "since", "until", "reason")
    print_table(columns, [[each[column] for column in columns] for each in found])


@pauses.command("resume")
@click.argument("scope", type=SCOPES)
@click.argument("name")
@installation_options
@json_option
def resume_(scope: Scope, name: str, config: tuple[Path, ...], as_json: bool) -> None:
    """Resume a destination or an action: what waits goes on at once."""

    async def work() -> None:
        async with opened_core(config) as core:
            now = core.clock.now()

            async def end(tx: Transaction) -> None:
                if not await resume(tx, scope, name, now):
                    raise NotPaused(f"The {scope} {name!r} is not paused. `doorward pauses list` shows what is.")
                await write_audit(tx, now, "cli", f"{scope}.resumed", name)

            await core.database.transaction(end)

    run(work())
    print_json({"scope": scope, "name": name, "resumed": True}) if as_json else say(f"Resumed {scope} {name}.")


@pauses.command("pause")
@click.argument("scope", type=SCOPES)
@click.argument("name")
@click.option("--reason", default="Paused by an operator.", show_default=True, help="What `list` and `where` say.")
@installation_options
@json_option
def pause_(scope: Scope, name: str, reason: str, config: tuple[Path, ...], as_json: bool) -> None:
    """Let a destination or an action rest until it is resumed. Nothing is lost: its queue is kept."""

    async def work() -> None:
        async with opened_core(config) as core:
            now = core.clock.now()

            async def begin(tx: Transaction) -> None:
                await pause(tx, scope, name, "paused_by_operator", reason, now)
                await write_audit(tx, now, "cli", f"{scope}.paused", name, {"reason": reason})

            await core.database.transaction(begin)

    run(work())
    print_json({"scope": scope, "name": name, "paused": True}) if as_json else say(f"Paused {scope} {name}.")


def _shown(paused: Paused) -> Mapping[str, Any]:
    return {
        "scope": paused.scope,
        "name": paused.name,
        "code": paused.code,
        "reason": paused.reason,
        "since": rfc3339(paused.since),
        "until": None if paused.until is None else rfc3339(paused.until),
    }
