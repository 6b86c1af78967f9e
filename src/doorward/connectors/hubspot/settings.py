"""What the operator writes under `destinations.<name>` for HubSpot, checked whole: every error with its path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from doorward.config.secrets import Secret
from doorward.connectors.hubspot.wire import API_VERSIONS, DEFAULT_BASE_URL, DEFAULT_VERSION, ApiVersion

KEYS = frozenset({"token", "portal_id", "base_url", "api_version", "limits"})
LIMIT_KEYS = frozenset({"calls", "interval_s", "daily_reserve"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TOKEN_EXAMPLE = "file:hubspot.token or env:HUBSPOT_TOKEN"  # noqa: S105 - shows the form

Flaw = tuple[str, str]
"""The path of a setting and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Our share of the portal's calls. None means: what the answers' headers say, less a margin.

    `daily_reserve` is the share of the portal's daily calls that is left to its other integrations.
    """

    calls: int | None = None
    interval_s: float = 10.0
    daily_reserve: float = 0.05


@dataclass(frozen=True, slots=True)
class HubSpotSettings:
    """One HubSpot portal. `portal_id` None means: whichever portal the token opens first (then remembered)."""

    token: Secret = field(repr=False)
    portal_id: str | None
    base_url: str = DEFAULT_BASE_URL
    api_version: ApiVersion = DEFAULT_VERSION
    limits: Limits = Limits()


def parse_settings(raw: Mapping[str, Any], path: str) -> HubSpotSettings | list[Flaw]:
    """The settings, or everything that is wrong with them."""
    flaws = unknown_keys(raw, KEYS, path)
    token = _token(raw.get("token"), f"{path}.token", flaws)
    portal_id = _portal_id(raw.get("portal_id"), f"{path}.portal_id", flaws)
    base_url = _base_url(raw.get("base_url", DEFAULT_BASE_URL), f"{path}.base_url", flaws)
    version = _version(raw.get("api_version", DEFAULT_VERSION), f"{path}.api_version", flaws)
    limits = _limits(raw.get("limits") or {}, f"{path}.limits", flaws)
    if flaws:
        return flaws
    return HubSpotSettings(token, portal_id, base_url, version, limits)


def unknown_keys(raw: Mapping[str, Any], known: frozenset[str], path: str) -> list[Flaw]:
    """One flaw for each key that means nothing here."""
    expected = ", ".join(sorted(known))
    return [(f"{path}.{key}", f"is not a setting; expected one of: {expected}") for key in raw if key not in known]


def _token(value: object, path: str, flaws: list[Flaw]) -> Secret:
    if isinstance(value, str):
        value = Secret(value)
    text = value.reveal() if isinstance(value, Secret) else ""
    if not text:
        flaws.append((path, f"is missing: a service key or private-app token, as {TOKEN_EXAMPLE}"))
    elif not text.isascii() or not text.isprintable() or " " in text:
        flaws.append((path, "holds characters that no HubSpot token has"))
    return Secret(text)


def _portal_id(value: object, path: str, flaws: list[Flaw]) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not text.isdecimal():
        flaws.append((path, "must be the number of the HubSpot account (its Hub ID)"))
        return None
    return text


def _base_url(value: object, path: str, flaws: list[Flaw]) -> str:
    text = str(value).rstrip("/")
    try:
        parts = urlsplit(text)
    except ValueError:
        flaws.append((path, "is not a URL"))
        return text
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        flaws.append((path, f"must be a URL like {DEFAULT_BASE_URL}"))
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        flaws.append((path, "must be https, because every call carries the token (http only to this machine)"))
    return text


def _version(value: object, path: str, flaws: list[Flaw]) -> ApiVersion:
    for version in API_VERSIONS:
        if value == version:
            return version
    flaws.append((path, f"must be one of: {', '.join(API_VERSIONS)}"))
    return DEFAULT_VERSION


def _limits(raw: object, path: str, flaws: list[Flaw]) -> Limits:
    if not isinstance(raw, Mapping):
        flaws.append((path, "must be a mapping of calls, interval_s and daily_reserve"))
        return Limits()
    flaws += unknown_keys(raw, LIMIT_KEYS, path)
    calls = raw.get("calls")
    if calls is not None and not (isinstance(calls, int) and not isinstance(calls, bool) and calls > 0):
        flaws.append((f"{path}.calls", "must be a whole number of calls above 0"))
        calls = None
    interval = _number(raw.get("interval_s", 10.0), f"{path}.interval_s", 0.1, 86_400, flaws)
    reserve = _number(raw.get("daily_reserve", 0.05), f"{path}.daily_reserve", 0, 0.99, flaws)
    return Limits(calls, interval, reserve)


def _number(value: object, path: str, least: float, most: float, flaws: list[Flaw]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        flaws.append((path, f"must be a number from {least} to {most}"))
        return least
    return float(value)
