"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from doorward.app.loading import Sources

F = TypeVar("F", bound=Callable[..., Any])

DEV = "doorward.dev"
"""Where the context keeps `--dev` until `--config` is read."""


def config_option(command: F) -> F:
    """`--config FILE`, as often as needed; else DOORWARD_CONFIG, else ./doorward.yml."""
    return click.option(
        "--config",
        "-c",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file; several are merged. Default: $DOORWARD_CONFIG, else ./doorward.yml.",
        callback=_as_sources,
    )(command)


def installation_options(command: F) -> F:
    """`--config` and `--dev`, for commands that work on what `doorward serve` with the same options works on."""
    return click.option(
        "--dev",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_remember_dev,
        help="The installation of `doorward serve --dev`.",
    )(config_option(command))


def json_option(command: F) -> F:
    """`--json`: the result as JSON; keys are only ever added."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def _remember_dev(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    context.meta[DEV] = value


def _as_sources(context: click.Context, _parameter: click.Parameter, value: tuple[Path, ...]) -> Sources:
    return Sources(value, is_dev=bool(context.meta.get(DEV)))
