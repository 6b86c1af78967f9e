"""The keys that Kratos does not have: destinations, actions, delivery, alerts. They are strict."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from doorward.config.fields import own_path, section, setting
from doorward.config.secrets import Secret

DEFAULT_DELAYS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=6),
    timedelta(hours=6),
    timedelta(hours=8),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationConfig:
    """One account of a system that we deliver to. `settings` is raw: the connector's own Settings read it."""

    connector: str = setting("", "The kind of system, for instance `hubspot`.", required=True)
    settings: Mapping[str, Any] = section(
        dict, "The connector's own settings, beside `connector`.", rest=(), secret=True
    )
    path: str = own_path()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionConfig:
    """A reaction to an event, whichever path caused it. `hook` and `config` as in a flow's hook list."""

    name: str = setting("", "A name of its own; deliveries carry it.", required=True)
    on: tuple[str, ...] = setting((), "The events, for instance `[identity.created]`.", required=True)
    hook: str = setting("", "What happens: `hubspot` or `web_hook`.", required=True)
    config: Mapping[str, Any] = section(dict, "The hook's own settings.", secret=True)
    enabled: bool = setting(True, "Off: nothing new is queued.")
    path: str = own_path()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryConfig:
    """When a failed delivery is tried again. The default spans 27 h 52 min."""

    delays: tuple[timedelta, ...] = setting(DEFAULT_DELAYS, "Waits between tries, in order; after the last it is dead.")
    jitter: float = setting(0.1, "Share of a wait that is random.", least=0, most=1)
    retry_after_cap: timedelta = setting(timedelta(hours=1), "The longest `Retry-After` that is obeyed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryConfig:
    """How deliveries are worked off."""

    retry: RetryConfig = section(RetryConfig, "Repeated tries.")
    retention: timedelta = setting(timedelta(days=30), "How long payloads of finished deliveries are kept.")
    concurrency: int = setting(24, "Sends in flight per destination and process.", least=1, most=1000)
    lease_s: int = setting(60, "Seconds for which a claimed row belongs to its worker.", least=5)
    leadership_s: float = setting(
        10.0, "On SQLite: how soon another dispatcher takes over from one that died. Longer than `poll_s`.", least=2
    )
    poll_s: float = setting(1.0, "Seconds between two looks when nothing wakes us.", least=0)
    await_limit_s: float = setting(
        10.0, "The longest that a person's request waits for a web_hook's first tries.", least=0
    )
    drain_s: float = setting(25.0, "Seconds given to what is in flight when the server is told to stop.", least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsConfig:
    """Who hears when something is paused, when deliveries die, when they wait for too long. The log always does."""

    email: tuple[str, ...] = setting((), "Addresses to write to; mail leaves as the `courier` section says.")
    url: Secret | None = setting(None, "An address that is sent a signed JSON message for each alert.")
    signing_secrets: tuple[Secret, ...] = setting(
        (), "Keys of that message (Standard Webhooks, `whsec_…`), the newest first; needed with `url`."
    )
    waiting_longer_than: timedelta = setting(timedelta(minutes=10), "How long the oldest delivery may wait.")
    every: timedelta = setting(timedelta(hours=1), "More deaths at one destination are not told again before.")
