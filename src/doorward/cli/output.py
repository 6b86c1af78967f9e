"""How commands speak: tables and sentences for people, JSON for programs, errors as a sentence and an exit code."""

import asyncio
import sys
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import click
import orjson
from rich.console import Console
from rich.table import Table

from doorward.config.problems import InvalidConfiguration
from doorward.errors import DoorwardError

T = TypeVar("T")
PIPED_WIDTH = 200


def say(text: str) -> None:
    """A line on standard output."""
    click.echo(text)


def warn(text: str) -> None:
    """A line on standard error: for people, never part of the result."""
    click.echo(text, err=True)


def print_json(value: Any) -> None:
    """One JSON document, indented."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, option=options, default=str).decode() + "\n")


def print_json_line(value: Any) -> None:
    """One JSON document on one line, for streams."""
    sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")
    sys.stdout.flush()


def tell_refusal(line: int, refusal: DoorwardError | None, *, as_json: bool) -> None:
    """A line of a file that was refused: its number, a stable code and a reason. Nothing for None."""
    if refusal is None:
        return
    if as_json:
        print_json_line({"line": line, "error": {"code": refusal.code(), "reason": str(refusal)}})
    else:
        warn(f"line {line}: {refusal} [{refusal.code()}]")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """A table that fits the terminal; an empty one says so."""
    if not rows:
        say("Nothing found.")
        return
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    # What is piped is read by programs and people with wide windows: nothing is cut there.
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values, one a line."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        say(f"{name:<{width}}  {'' if value is None else value}")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a command's work. A DoorwardError ends it with its sentence and exit code 1."""
    try:
        return asyncio.run(coroutine)
    except DoorwardError as error:
        raise refusal(error) from None
    except KeyboardInterrupt:
        raise click.Abort from None


def refusal(error: DoorwardError) -> click.ClickException:
    """What a person reads: a sentence and its id, or a line for each mistake of a configuration."""
    if isinstance(error, InvalidConfiguration):
        lines = "\n".join(f"  {problem.path}: {problem.text} [{problem.code}]" for problem in error.problems)
        return click.ClickException(f"the configuration has errors:\n{lines}")
    return click.ClickException(f"{error} [{error.code()}]")
