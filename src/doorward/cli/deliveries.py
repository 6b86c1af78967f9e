"""`doorward deliveries`: what is on its way, what arrived, what did not and why; send again, give up."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from doorward.app.core import Core, opened_core
from doorward.app.loading import Sources
from doorward.cli.actor import actor
from doorward.cli.deliveries_shown import attempt_json, delivery_json, tell_change, tell_delivery, tell_list
from doorward.cli.moments import read_moment
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, print_json_line, run, say
from doorward.delivery.replay import DeliveryNotFound, Replays, discard, discard_all, replay, replay_all
from doorward.delivery.reveal import reveal
from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.query import Filter, count_by_state, find_delivery, list_attempts, list_deliveries
from doorward.outbox.recent import Watch
from doorward.outbox.states import State

F = TypeVar("F", bound=Callable[..., Any])
TAIL_S = 1.0


@click.group()
def deliveries() -> None:
    """What is sent to other systems: list, explain, send again, give up."""


def filter_options(command: F) -> F:
    """`--state --destination --action --identity --since`."""
    for option in (
        click.option("--since", help="Queued since: a date (2026-03-01, 2026-03-01T12:00Z) or a span (90s, 15m, 3d)."),
        click.option("--identity", type=click.UUID, help="Of this identity."),
        click.option("--action", help="Of this action."),
        click.option("--destination", help="To this destination."),
        click.option("--state", "states", multiple=True, type=click.Choice([str(each) for each in State])),
    ):
        command = option(command)
    return command


def chosen(
    core: Core,
    states: tuple[str, ...],
    destination: str | None,
    action: str | None,
    identity: UUID | None,
    since: str | None,
) -> Filter:
    """The filter of the options. Raises InvalidInput."""
    moment: datetime | None = None if since is None else read_moment(since, core.clock.now())
    return Filter(tuple(map(State, states)), destination, action, identity, moment)


@deliveries.command("list")
@filter_options
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most this many.")
@click.option("--before", type=click.UUID, help="Continue a list: only those older than this delivery.")
@installation_options
@json_option
def list_(limit: int, before: UUID | None, config: Sources, as_json: bool, **options: Any) -> None:
    """List deliveries, the newest first, with the number of each state."""

    async def work() -> tuple[list[Delivery], dict[State, int]]:
        async with opened_core(config) as core:
            wanted = chosen(core, **options)
            reader = core.database.reader
            return await list_deliveries(reader, wanted, limit, before=before), await count_by_state(reader, wanted)

    found, counts = run(work())
    if as_json:
        print_json({"deliveries": [delivery_json(each) for each in found], "counts": dict(counts)})
    else:
        tell_list(found, counts)


@deliveries.command()
@click.argument("delivery_id", type=click.UUID)
@click.option("--reveal", "is_revealed", is_flag=True, help="Show the stored context. A line in the audit log says so.")
@installation_options
@json_option
def show(delivery_id: UUID, is_revealed: bool, config: Sources, as_json: bool) -> None:
    """Show one delivery and its attempts."""

    async def work() -> tuple[Delivery, list[Attempt], Any]:
        async with opened_core(config) as core:
            found = await find_delivery(core.database.reader, delivery_id)
            if found is None:
                raise DeliveryNotFound(f"There is no delivery {delivery_id}.")
            context = await reveal(core.database, core.keys, core.clock, delivery_id, actor()) if is_revealed else None
            return found, await list_attempts(core.database.reader, delivery_id), context

    found, attempts, context = run(work())
    if not as_json:
        tell_delivery(found, attempts, context)
        return
    shown = {**delivery_json(found), "attempts_made": [attempt_json(each) for each in attempts]}
    print_json({**shown, "context": context} if is_revealed else shown)


def require_choice(delivery_ids: tuple[UUID, ...], options: Mapping[str, Any]) -> None:
    """An act on many rows names them or their state: never all of them by a forgotten word."""
    if not delivery_ids and not options["states"]:
        raise click.UsageError("Name deliveries, or choose them with --state and the other filters.")


def count_chosen(config: Sources, options: Mapping[str, Any]) -> int:
    """How many the filters choose, for the question before the act."""

    async def count() -> int:
        async with opened_core(config) as core:
            return sum((await count_by_state(core.database.reader, chosen(core, **options))).values())

    return run(count())


@deliveries.command("replay")
@click.argument("delivery_ids", nargs=-1, type=click.UUID)
@filter_options
@click.option("--anyway", is_flag=True, help="Also where something newer about the person has arrived since.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@installation_options
@json_option
def replay_(
    delivery_ids: tuple[UUID, ...], anyway: bool, yes: bool, config: Sources, as_json: bool, **options: Any
) -> None:
    """Send ended deliveries again: those named, or all that the filters choose (--state is needed then)."""
    require_choice(delivery_ids, options)

    async def work() -> Replays:
        async with opened_core(config) as core:
            for each in delivery_ids:
                await replay(core.database, core.clock, each, actor(), anyway=anyway)
            if delivery_ids:
                return Replays(len(delivery_ids))
            return await replay_all(core.database, core.clock, chosen(core, **options), actor(), anyway=anyway)

    if not delivery_ids and not yes:
        click.confirm(f"Send {count_chosen(config, options)} deliveries again?", abort=True, err=True)
    done = run(work())
    if as_json:
        print_json(asdict(done))
        return
    newer = f"; {done.superseded} are left, since something newer arrived (--anyway)" if done.superseded else ""
    gone = f"; {done.shredded} have no payload any more (retention)" if done.shredded else ""
    say(f"{done.replayed} deliver{'y is' if done.replayed == 1 else 'ies are'} sent again{newer}{gone}.")


@deliveries.command("discard")
@click.argument("delivery_ids", nargs=-1, type=click.UUID)
@filter_options
@click.option("--why", default="", help="Kept with the delivery and in the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@installation_options
@json_option
def discard_(
    delivery_ids: tuple[UUID, ...], why: str, yes: bool, config: Sources, as_json: bool, **options: Any
) -> None:
    """Give deliveries up that wait, are held or dead: those named, or all that the filters choose (with --state)."""
    require_choice(delivery_ids, options)

    async def work() -> int:
        async with opened_core(config) as core:
            for each in delivery_ids:
                await discard(core.database, core.clock, each, actor(), why)
            if delivery_ids:
                return len(delivery_ids)
            return await discard_all(core.database, core.clock, chosen(core, **options), actor(), why)

    if not delivery_ids and not yes:
        click.confirm(f"Give {count_chosen(config, options)} deliveries up?", abort=True, err=True)
    done = run(work())
    if as_json:
        print_json({"discarded": done})
    else:
        say(f"{done} deliver{'y' if done == 1 else 'ies'} given up.")


@deliveries.command()
@filter_options
@click.option("--for", "for_s", type=float, help="Stop after so many seconds. Default: until Ctrl-C.")
@installation_options
@json_option
def tail(for_s: float | None, config: Sources, as_json: bool, **options: Any) -> None:
    """Follow deliveries: a line for each that is queued or changes its state."""

    async def work() -> None:
        async with opened_core(config) as core:
            watch = Watch(core.database, core.clock, chosen(core, **options))
            try:
                async with asyncio.timeout(for_s):
                    while True:
                        for each in await watch.changes():
                            print_json_line(delivery_json(each)) if as_json else tell_change(each)
                        await asyncio.sleep(TAIL_S)
            except TimeoutError:
                return

    run(work())
