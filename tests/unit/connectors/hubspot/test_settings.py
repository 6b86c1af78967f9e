"""Destinations and actions are checked whole, each flaw with its path, and the token is never shown."""

from typing import Any

import pytest

from doorward.config.secrets import Secret
from doorward.connectors.hubspot.action_settings import ActionSettings, parse_action
from doorward.connectors.hubspot.checks import check_action, check_destination
from doorward.connectors.hubspot.settings import HubSpotSettings, parse_settings

TOKEN = "pat-na1-0000"


def test_the_smallest_destination_has_defaults() -> None:
    settings = parse_settings({"token": Secret(TOKEN)}, "destinations.hubspot")
    assert isinstance(settings, HubSpotSettings)
    assert (settings.base_url, settings.api_version, settings.portal_id) == ("https://api.hubapi.com", "2026-03", None)
    assert TOKEN not in repr(settings)


def test_every_flaw_is_named_at_once() -> None:
    raw = {
        "tokn": "x",
        "portal_id": "abc",
        "base_url": "http://hubspot.example",
        "api_version": "v1",
        "limits": {"calls": 0, "interval_s": "x", "daily_reserve": 2, "more": 1},
    }
    flaws = parse_settings(raw, "d")
    assert isinstance(flaws, list)
    assert {path for path, _ in flaws} == {
        "d.tokn",
        "d.token",
        "d.portal_id",
        "d.base_url",
        "d.api_version",
        "d.limits.calls",
        "d.limits.interval_s",
        "d.limits.daily_reserve",
        "d.limits.more",
    }


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4480", "http://localhost:4480/", "http://[::1]:1", "https://x.example"]
)
def test_http_is_for_this_machine_only(url: str) -> None:
    assert isinstance(parse_settings({"token": TOKEN, "base_url": url}, "d"), HubSpotSettings)


def test_a_broken_token_is_refused_without_being_shown() -> None:
    flaws = parse_settings({"token": "pat na1\n"}, "d")
    assert isinstance(flaws, list)
    assert "pat" not in str(flaws)


def action(**changes: Any) -> dict[str, Any]:
    return {"destination": "hubspot", "body": "file:///t.jsonnet", "consent": "marketing", **changes}


def test_an_action_names_consent_or_a_basis_with_its_reason() -> None:
    assert isinstance(parse_action(action(), "a"), ActionSettings)
    assert isinstance(parse_action(action(consent=None, basis="contract", why="Because."), "a"), ActionSettings)
    for changes, path in (
        ({"consent": None}, "a.consent"),
        ({"basis": "contract", "why": "x"}, "a.basis"),
        ({"consent": None, "basis": "habit", "why": "x"}, "a.basis"),
        ({"consent": None, "basis": "contract"}, "a.why"),
        ({"body": None}, "a.body"),
        ({"destination": None}, "a.destination"),
        ({"write": {"phone": "sometimes"}}, "a.write.phone"),
        ({"adopt": "maybe"}, "a.adopt"),
        ({"shared_email": "x"}, "a.shared_email"),
        ({"on_delete": "x"}, "a.on_delete"),
        ({"when": "later"}, "a.when"),
        ({"bdy": 1}, "a.bdy"),
    ):
        flaws = parse_action(action(**changes), "a")
        assert isinstance(flaws, list), changes
        assert path in {found for found, _ in flaws}, changes


def test_a_removal_needs_neither_template_nor_consent() -> None:
    assert check_action({"destination": "hubspot", "on_delete": "gdpr"}, "a") == []
    assert check_action({"destination": "hubspot"}, "a") != []


def test_flaws_become_problems_for_config_check() -> None:
    assert [(each.path, each.code) for each in check_destination({}, "d")] == [("d.token", "hubspot_destination")]
