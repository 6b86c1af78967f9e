"""Loads the configuration with every plug-in's own checks, for commands and servers alike."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doorward.config.dev import with_dev_secrets
from doorward.config.load import find_files, load
from doorward.config.model import Config
from doorward.config.plugins import Plugins
from doorward.storage.dsn import SqliteDsn, parse_dsn


def load_config(paths: tuple[Path, ...], flags: Mapping[str, Any]) -> tuple[Config, tuple[Path, ...]]:
    """The checked configuration and the files it came from. Raises InvalidConfiguration with every error."""
    files = find_files(paths, os.environ)
    config = load(files, os.environ, flags, plugins()).checked()
    return (with_dev_secrets(config, database_file(config)) if config.dev else config), files


def plugins() -> Plugins:
    """What methods, hooks and connectors know of their own sections."""
    return Plugins()


def database_file(config: Config) -> Path | None:
    """The SQLite file that the developer's secrets lie beside; None for a database in memory or on a server."""
    parsed = parse_dsn(config.dsn.reveal())
    return parsed.path if isinstance(parsed, SqliteDsn) else None
