"""What `connect` leaves on this machine: the token in a file of its own, a template, the block in the configuration."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doorward.config.edit import CannotEdit, Document, add_action, add_destination, block
from doorward.config.secrets import Secret
from doorward.connectors.hubspot.wire import DEFAULT_BASE_URL, DEFAULT_VERSION
from doorward.errors import Misconfigured

SECRET_MODE = 0o600


class CannotKeepToken(Misconfigured):
    """The token cannot be written to a file that only this user can read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written. `reason` is `{consent: PURPOSE}` or `{basis: …, why: …}`; `token_id` from `fingerprint`.

    A new token gets a new file name: so the configuration changes with it, which is what a running server watches.
    """

    config_file: Path
    destination: str
    portal_id: str
    base_url: str
    api_version: str
    token_id: str
    reason: Mapping[str, str]
    template: str = field(repr=False)
    is_dev: bool = False

    @property
    def token_file(self) -> Path:
        return self.config_file.parent / f"{self.destination}-{self.token_id}.token"

    @property
    def template_file(self) -> Path:
        return self.config_file.parent / f"{self.destination}_contact.jsonnet"


@dataclass(frozen=True, slots=True)
class Written:
    """`block` is the YAML to paste when the file could not be changed, and `why_not` the reason."""

    is_template_new: bool
    block: str | None = None
    why_not: str | None = None


def write_files(plan: Plan, token: Secret) -> Written:
    """Token and template first: the server reads them as soon as the configuration names them."""
    write_token(plan.token_file, token)
    is_new = not plan.template_file.exists()
    if is_new:
        plan.template_file.write_text(plan.template)
    try:
        document = Document(plan.config_file)
        if plan.is_dev and not plan.config_file.exists():
            document.set("dev", True)  # so that every other command finds the same installation
        add_destination(document, plan.destination, destination_settings(plan))
        for action in actions(plan):
            if not _is_kept(document, action):
                add_action(document, action)
        document.save()
    except CannotEdit as refused:
        return Written(is_new, block(config_parts(plan)), str(refused))
    for old in plan.config_file.parent.glob(f"{plan.destination}-{'[0-9a-f]' * 8}.token"):
        if old != plan.token_file:
            old.unlink(missing_ok=True)
    return Written(is_new)


def fingerprint(token: Secret) -> str:
    """Eight hex digits that tell tokens apart and say nothing about them."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()[:8]


def write_token(file: Path, token: Secret) -> None:
    """Whole or not at all, and never readable by others, not even for a moment. Raises CannotKeepToken."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # made with mode 0600
        with os.fdopen(handle, "w") as opened:
            opened.write(token.reveal() + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        Path(name).chmod(SECRET_MODE)
        Path(name).replace(file)
    except OSError as failure:
        raise CannotKeepToken(f"The token cannot be written to {file}: {failure.strerror}.") from failure


def destination_settings(plan: Plan) -> dict[str, Any]:
    """What stands under `destinations.<name>`; defaults are left out."""
    settings: dict[str, Any] = {
        "connector": "hubspot",
        "token": f"file:{plan.token_file.name}",
        "portal_id": plan.portal_id,
    }
    if plan.base_url != DEFAULT_BASE_URL:
        settings["base_url"] = plan.base_url
    if plan.api_version != DEFAULT_VERSION:
        settings["api_version"] = plan.api_version
    return settings


def actions(plan: Plan) -> list[dict[str, Any]]:
    """One action for a person who comes or changes, one for a person who goes; whichever path causes it."""
    ground = {"destination": plan.destination, "body": plan.template_file.resolve().as_uri(), **plan.reason}
    return [
        {
            "name": plan.destination,
            "on": ["identity.created", "identity.updated"],
            "hook": "hubspot",
            "config": ground,
        },
        {
            "name": f"{plan.destination}-removal",
            "on": ["identity.deleted"],
            "hook": "hubspot",
            "config": {"destination": plan.destination, "on_delete": "archive"},
        },
    ]


def config_parts(plan: Plan) -> dict[str, Any]:
    """The whole block by dotted paths."""
    return {f"destinations.{plan.destination}": destination_settings(plan), "actions": actions(plan)}


def _is_kept(document: Document, action: Mapping[str, Any]) -> bool:
    """An action of that name which a person may have changed since stays as it is."""
    found = document.find("actions") or []
    return any(isinstance(each, Mapping) and each.get("name") == action["name"] for each in found)
