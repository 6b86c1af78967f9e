"""`doorward actions`: what is configured to happen, whether its templates hold, what they would send."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from doorward.actions.model import Action
from doorward.actions.sandbox import Cancelled, Rendered, RenderResult, Sandbox
from doorward.actions.template import TemplateInvalid, TemplateSource, TemplateUnavailable
from doorward.app.core import Core, opened_core
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, print_table, run, say
from doorward.errors import NotFound

EXAMPLE_CONTEXT = Path(__file__).with_name("example_context.json")


class ActionNotFound(NotFound):
    """The configuration has no action of this name. `doorward actions list` shows them."""


@click.group()
def actions() -> None:
    """Configured actions and their templates."""


@actions.command("list")
@installation_options
@json_option
def list_(config: tuple[Path, ...], as_json: bool) -> None:
    """List actions: trigger, destination, why data may be sent."""

    async def work() -> list[Mapping[str, Any]]:
        async with opened_core(config) as core:
            return [_described(action) for action in core.table.list_actions()]

    found = run(work())
    if as_json:
        print_json(found)
        return
    columns = ("name", "trigger", "connector", "destination", "allowed by", "path")
    print_table(columns, [[each[column.replace(" ", "_")] for column in columns] for each in found])


@actions.command()
@click.option("--context", type=click.Path(exists=True, path_type=Path), default=None, help="JSON file with a `ctx`.")
@installation_options
@json_option
def lint(context: Path | None, config: tuple[Path, ...], as_json: bool) -> None:
    """Render every action's template with an example context; exit code 1 when one fails."""
    ctx = (context or EXAMPLE_CONTEXT).read_bytes()

    async def work() -> list[Mapping[str, Any]]:
        async with opened_core(config) as core:
            sandbox = Sandbox(1)
            await sandbox.start()
            try:
                return [await _linted(core, sandbox, action, ctx) for action in core.table.list_actions()]
            finally:
                await sandbox.close()

    found = run(work())
    if as_json:
        print_json(found)
    else:
        print_table(("name", "result", "detail"), [(each["name"], each["result"], each["detail"]) for each in found])
    if any(each["result"] == "failed" for each in found):
        raise click.exceptions.Exit(1)


@actions.command()
@click.argument("name")
@click.option("--context", type=click.Path(exists=True, path_type=Path), default=None, help="JSON file with a `ctx`.")
@installation_options
@json_option
def render(name: str, context: Path | None, config: tuple[Path, ...], as_json: bool) -> None:
    """Print what an action's template makes of a context. Nothing is sent."""
    ctx = (context or EXAMPLE_CONTEXT).read_bytes()

    async def work() -> RenderResult:
        async with opened_core(config) as core:
            action = core.table.find_action(name)
            if action is None:
                raise ActionNotFound(f"There is no action {name!r}. `doorward actions list` shows them.")
            sandbox = Sandbox(1)
            await sandbox.start()
            try:
                return await sandbox.render(await _template(core, action), ctx)
            finally:
                await sandbox.close()

    result = run(work())
    if isinstance(result, Rendered) and as_json:
        print_json({"action": name, "output": orjson.loads(result.text)})
    elif isinstance(result, Cancelled) and as_json:
        print_json({"action": name, "cancelled": result.note})
    elif isinstance(result, Rendered):
        say(result.text.rstrip())
    elif isinstance(result, Cancelled):
        say(f"The template cancels: {result.note}")
    else:
        raise click.ClickException(f"{result.reason} [template_{result.kind}]")


async def _linted(core: Core, sandbox: Sandbox, action: Action, ctx: bytes) -> Mapping[str, Any]:
    if action.template is None:
        return {"name": action.name, "result": "no template", "detail": ""}
    try:
        result = await sandbox.render(await _template(core, action), ctx)
    except (TemplateInvalid, TemplateUnavailable) as error:
        return {"name": action.name, "result": "failed", "detail": str(error)}
    if isinstance(result, Rendered):
        return {"name": action.name, "result": "ok", "detail": f"{len(result.text)} characters"}
    if isinstance(result, Cancelled):
        return {"name": action.name, "result": "cancels", "detail": result.note}
    return {"name": action.name, "result": "failed", "detail": result.reason}


async def _template(core: Core, action: Action) -> str:
    if action.template is None:
        raise TemplateInvalid(f"The action {action.name!r} has no template (`body`).")
    return await TemplateSource(core.egress, core.clock).load(action.template)


def _described(action: Action) -> Mapping[str, Any]:
    trigger = action.trigger
    flow = f" ({trigger.flow_kind}{f', {trigger.method}' if trigger.method else ''})" if trigger.flow_kind else ""
    allowed = (
        f"consent: {action.consent}"
        if action.consent
        else f"basis: {action.basis.kind}"
        if action.basis
        else "not asked"
    )
    return {
        "name": action.name,
        "trigger": trigger.event + flow,
        "connector": action.connector,
        "destination": action.destination,
        "allowed_by": allowed,
        "path": action.path,
    }
