"""`doorward config`: check a configuration, read and change its keys, bring one over from Kratos."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from doorward.app.loading import plugins
from doorward.cli.options import config_option, json_option
from doorward.cli.output import print_json, say, warn
from doorward.config.convert import convert as convert_file
from doorward.config.describe import find_at, plain
from doorward.config.edit import Document, write_atomically
from doorward.config.load import DEFAULT_FILE, Loaded, find_files, load
from doorward.config.problems import Problem, Severity
from doorward.config.secrets import Secret
from doorward.errors import DoorwardError, InvalidInput

STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}
CONVERTED_MODE = 0o600


@click.group()
def config() -> None:
    """Check, read and change the configuration."""


@config.command()
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--dev", is_flag=True, help="As `doorward serve --dev` would see it.")
@config_option
@json_option
def check(strict: bool, dev: bool, config: tuple[Path, ...], as_json: bool) -> None:
    """Name everything that is wrong with the configuration, and fail if anything is."""
    loaded = _load(config, dev=dev)
    failed = bool(loaded.errors or (strict and loaded.warnings))
    if as_json:
        print_json(
            {
                "ok": not failed,
                "files": [str(file) for file in loaded.files],
                "errors": len(loaded.errors),
                "warnings": len(loaded.warnings),
                "problems": [_as_json(problem) for problem in loaded.problems],
            }
        )
    else:
        _print_problems(loaded)
    raise SystemExit(1 if failed else 0)


@config.command()
@click.argument("key", default="")
@click.option("--dev", is_flag=True, help="As `doorward serve --dev` would see it.")
@click.option("--reveal", is_flag=True, help="Print a single secret as it is.")
@config_option
@json_option
def get(key: str, dev: bool, reveal: bool, config: tuple[Path, ...], as_json: bool) -> None:
    """Print what KEY is worth (every key without one), defaults and environment included. Secrets are stars."""
    try:
        found = find_at(_load(config, dev=dev).config, key)
    except DoorwardError as error:
        raise click.ClickException(f"{error} [{error.code()}]") from None
    value = found.reveal() if reveal and isinstance(found, Secret) else plain(found)
    if as_json or isinstance(value, dict | list) or value is None or isinstance(value, bool):
        print_json(value)
    else:
        say(str(value))


@config.command()
@click.argument("changes", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.option("--force", is_flag=True, help="Write even if the result has new errors.")
@click.option("--dev", is_flag=True, help="Check the result as `doorward serve --dev` would see it.")
@config_option
@json_option
def patch(changes: tuple[str, ...], force: bool, dev: bool, config: tuple[Path, ...], as_json: bool) -> None:
    """Change keys in the configuration file and keep its comments. VALUE is YAML; an empty one removes the key."""
    files = find_files(config, os.environ)
    target = files[-1] if files else Path(DEFAULT_FILE)
    try:
        document = Document(target)
        for change in changes:
            _apply(document, change)
        introduced = _new_errors(document, files, dev=dev)
        if introduced and not force:
            for problem in introduced:
                warn(str(problem))
            raise click.ClickException(f"{target} was left as it is: the change would bring the errors above")
        document.save()
    except DoorwardError as error:
        raise click.ClickException(f"{error} [{error.code()}]") from None
    if as_json:
        print_json({"file": str(target), "changed": [change.partition("=")[0] for change in changes]})
    else:
        say(f"{target}: changed {', '.join(change.partition('=')[0] for change in changes)}.")


@config.command()
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="KRATOS_FILE")
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Where to write; else printed.")
@click.option("--force", is_flag=True, help="Write over an existing file.")
@json_option
def convert(source: Path, output: Path | None, force: bool, as_json: bool) -> None:
    """Make a Doorward file of a Kratos file; what changes is told in comments and on standard error."""
    try:
        made = convert_file(source, load(source, {}, {}, plugins()).warnings)
    except DoorwardError as error:
        raise click.ClickException(f"{error} [{error.code()}]") from None
    if output is not None:
        _write(output, made.text, force=force)
    told = [{"path": change.path, "text": change.text} for change in made.changes]
    if as_json:
        print_json({"output": None if output is None else str(output), "changes": told, "text": made.text})
        return
    for change in made.changes:
        warn(f"{change.path}: {change.text}")
    say(made.text.rstrip("\n") if output is None else f"Wrote {output}. Now: doorward config check --config {output}")


def _load(given: tuple[Path, ...], *, dev: bool) -> Loaded:
    return load(find_files(given, os.environ), os.environ, {"dev": True} if dev else {}, plugins())


def _print_problems(loaded: Loaded) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for problem in loaded.problems:
        style = STYLE[problem.severity]
        console.print(Text.assemble((f"{problem.severity.value:<8}", style), (problem.path, "bold")))
        console.print(Text.assemble(f"        {problem.text} ", (f"[{problem.code}]", "dim")))
    where = ", ".join(str(file) for file in loaded.files) or "no file"
    if not loaded.problems:
        console.print(Text.assemble(("ok      ", "bold green"), where))
        return
    console.print(f"{where}: {_counted(len(loaded.errors), 'error')}, {_counted(len(loaded.warnings), 'warning')}")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def _as_json(problem: Problem) -> dict[str, Any]:
    return {"path": problem.path, "severity": problem.severity.value, "code": problem.code, "text": problem.text}


def _apply(document: Document, change: str) -> None:
    key, sign, text = change.partition("=")
    if not key or not sign:
        raise InvalidInput(f"expected KEY=VALUE, found {key!r}")
    if not text:
        document.remove(key)
        return
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        raise InvalidInput(f"the value of {key} is not YAML: put it in quotes") from None
    document.set(key, value)


def _new_errors(document: Document, files: tuple[Path, ...], *, dev: bool) -> list[Problem]:
    """Errors that the changed file would have and the present one has not."""
    before = Counter(_load(files, dev=dev).errors) if files else Counter()
    draft = document.file.with_name(f".{document.file.stem}.draft{document.file.suffix}")
    try:
        write_atomically(draft, document.text(), CONVERTED_MODE)
        after = _load((*files[:-1], draft), dev=dev).errors
    except OSError:
        # The folder may not be written: saving will say so in its own words.
        return []
    finally:
        draft.unlink(missing_ok=True)
    return list((Counter(after) - before).elements())


def _write(output: Path, text: str, *, force: bool) -> None:
    if output.exists() and not force:
        raise click.ClickException(f"{output} exists: name another file, or use --force")
    try:
        write_atomically(output, text, CONVERTED_MODE)
    except OSError as failure:
        raise click.ClickException(f"{output} cannot be written: {failure.strerror}") from None
