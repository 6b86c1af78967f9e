"""What `config check` is told about HubSpot's sections: every flaw as a Problem with its path."""

from collections.abc import Mapping
from typing import Any

from doorward.config.problems import Problem, error
from doorward.connectors.hubspot.action_settings import parse_action
from doorward.connectors.hubspot.removal import DELETED
from doorward.connectors.hubspot.settings import Flaw, parse_settings


def check_destination(settings: Mapping[str, Any], path: str) -> list[Problem]:
    """Of `destinations.<name>`, without its `connector`."""
    return _problems("hubspot_destination", parse_settings(settings, path))


def check_action(config: Mapping[str, Any], path: str) -> list[Problem]:
    """Of the `config` of `hook: hubspot`, in a hook list or under `actions`."""
    # An action that has no template and says what to do on deletion is one for deletions: it sends nobody's data.
    event = DELETED if "on_delete" in config and "body" not in config else None
    return _problems("hubspot_action", parse_action(config, path, event))


def _problems(code: str, parsed: object) -> list[Problem]:
    flaws: list[Flaw] = parsed if isinstance(parsed, list) else []
    return [error(code, path, text) for path, text in flaws]
