"""Loads the configuration with every plug-in's own checks, for commands and servers alike."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from doorward.actions.hooks import WEB_HOOK
from doorward.app.checking import check_whole
from doorward.app.watched import seen_now
from doorward.config.dev import with_dev_secrets
from doorward.config.load import Loaded, find_files, load
from doorward.config.model import Config
from doorward.config.plugins import Check, Plugins
from doorward.config.problems import Problem, Severity
from doorward.connectors.registry import DESTINATION_CHECKS, HOOK_CHECKS
from doorward.courier.overrides import list_texts
from doorward.storage.dsn import SqliteDsn, parse_dsn


class Sources(tuple[Path, ...]):  # noqa: SLOT001 -- a tuple subclass with an attribute cannot have slots
    """Configuration files as the command line named them, and whether development defaults fill what they leave out."""

    is_dev: bool

    def __new__(cls, paths: Iterable[Path] = (), *, is_dev: bool = False) -> Self:
        made = super().__new__(cls, paths)
        made.is_dev = is_dev
        return made


def load_checked(paths: tuple[Path, ...], flags: Mapping[str, Any], running: Config | None = None) -> Loaded:
    """The configuration with its warnings; `running` is what a server goes on from. Raises InvalidConfiguration with
    every error.
    """
    files = find_files(paths, os.environ)
    seen = seen_now(files)
    loaded = load(files, os.environ, flags, plugins())
    config = loaded.checked()
    config = with_dev_secrets(config, database_file(config), running) if config.dev else config
    return replace(loaded, config=config, seen=seen)


def load_config(paths: tuple[Path, ...], flags: Mapping[str, Any]) -> tuple[Config, tuple[Path, ...]]:
    """The checked configuration and the files it came from. Raises InvalidConfiguration with every error."""
    loaded = load_checked(paths, flags)
    return loaded.config, loaded.files


def plugins() -> Plugins:
    """What methods, hooks and connectors know of their own sections."""
    hooks = {**HOOK_CHECKS, WEB_HOOK: tolerant(HOOK_CHECKS[WEB_HOOK])}
    return Plugins(hooks=hooks, connectors=DESTINATION_CHECKS, texts=list_texts(), whole=check_whole)


def tolerant(check: Check) -> Check:
    """Kratos starts with web_hooks that can never be sent; a Kratos file must load, so these are warnings here."""

    def checked(raw: Mapping[str, Any], path: str) -> Iterable[Problem]:
        return [replace(problem, severity=Severity.WARNING) for problem in check(raw, path)]

    return checked


def database_file(config: Config) -> Path | None:
    """The SQLite file that the developer's secrets lie beside; None for a database in memory or on a server."""
    parsed = parse_dsn(config.dsn.reveal())
    return parsed.path if isinstance(parsed, SqliteDsn) else None
