"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def config_option(command: F) -> F:
    """`--config FILE`, as often as needed; else DOORWARD_CONFIG, else ./doorward.yml."""
    return click.option(
        "--config",
        "-c",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file; several are merged. Default: $DOORWARD_CONFIG, else ./doorward.yml.",
    )(command)


def json_option(command: F) -> F:
    """`--json`: the result as JSON; keys are only ever added."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
