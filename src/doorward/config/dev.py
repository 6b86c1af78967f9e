"""A developer's machine: a whole configuration without a file, and secrets kept beside the database."""

import contextlib
import json
import os
import secrets as random_source
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from doorward.config.files import merged
from doorward.config.model import Config, SecretsConfig
from doorward.config.secrets import Secret
from doorward.errors import Misconfigured

DEFAULT_SCHEMA = Path(__file__).with_name("default_identity.schema.json")
LISTS = ("default", "cookie", "cipher", "pagination")


class DevSecretsUnreadable(Misconfigured):
    """The file with the developer's secrets cannot be read. Restore it, or delete it together with the database."""


class DevSecretsUnwritable(Misconfigured):
    """The developer's secrets cannot be kept beside the database. Create the folder, or correct the dsn."""


def dev_defaults() -> dict[str, Any]:
    """The tree that `--dev` puts below the file: SQLite here, one schema, our pages, a session after sign-up."""
    session = {"hooks": [{"hook": "session"}]}
    return {
        "dsn": "sqlite://./doorward.sqlite",
        "serve": {"public": {"host": "127.0.0.1"}},
        "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": DEFAULT_SCHEMA.as_uri()}]},
        "selfservice": {
            "methods": {"password": {"config": {"haveibeenpwned_enabled": False}}},
            "flows": {
                "registration": {"style": "unified", "after": {"password": session, "code": session, "oidc": session}}
            },
        },
    }


def below(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree over the developer's defaults; one that has identities is complete, as Kratos's are, but for the dsn."""
    defaults = dev_defaults()
    return {"dsn": defaults["dsn"], **tree} if "identity" in tree else dict(merged(defaults, tree))


def with_dev_secrets(config: Config, beside: Path | None, running: Config | None = None) -> Config:
    """The configuration with the secrets it lacks taken from a key file next to the database, made with mode 0600.

    `beside` is the database file; None (a database in memory or on a server) gives secrets that end with the server:
    `running` is the configuration that a reload, or a process that takes a dead one's place, goes on from.
    Raises DevSecretsUnreadable, DevSecretsUnwritable.
    """
    if config.secrets.for_cookie() and config.secrets.for_cipher() and config.secrets.for_pagination():
        return config
    made = (
        (_made() if running is None else _of(running))
        if beside is None
        else _kept(beside.with_name(beside.name + ".dev-secrets.json"))
    )
    given = config.secrets
    return replace(
        config,
        secrets=SecretsConfig(
            default=given.default,
            cookie=given.for_cookie() or (made["cookie"],),
            cipher=given.for_cipher() or (made["cipher"],),
            pagination=given.for_pagination() or (made["pagination"],),
        ),
    )


def _of(running: Config) -> dict[str, Secret]:
    secrets = running.secrets
    kept = {"cookie": secrets.for_cookie(), "cipher": secrets.for_cipher(), "pagination": secrets.for_pagination()}
    return {name: found[0] for name, found in kept.items()}


def _made() -> dict[str, Secret]:
    return {name: Secret(random_source.token_hex(16)) for name in LISTS}


def _kept(file: Path) -> dict[str, Secret]:
    """Two processes may start at once: the one whose exclusive open fails reads what the other wrote."""
    if not file.exists():
        try:
            _write(file)
        except OSError as failure:
            raise DevSecretsUnwritable(
                f"{file} cannot be written: {failure.strerror}. Create the folder, or correct the dsn."
            ) from None
    try:
        kept = json.loads(file.read_text())
        return {name: Secret(str(kept[name])) for name in LISTS}
    except (OSError, ValueError, KeyError, TypeError) as failure:
        raise DevSecretsUnreadable(
            f"{file} cannot be read. Restore it, or delete it together with the database"
        ) from failure


def _write(file: Path) -> None:
    """Makes the file, or leaves it to whoever was first."""
    written = file.with_name(f"{file.name}.{random_source.token_hex(4)}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        json.dump({name: one.reveal() for name, one in _made().items()}, opened, indent=2)
    try:
        # A link, unlike a rename, never replaces the file of whoever was first, and is never seen half written.
        with contextlib.suppress(FileExistsError):
            os.link(written, file)
    finally:
        written.unlink()
