"""From the configuration to actions: every hook entry that becomes a delivery, and every entry of `actions:`.

The table is immutable and made anew when the configuration changes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from doorward.actions.hooks import (
    HUBSPOT,
    STORES_BEFORE_HOOKS,
    FlowHooks,
    HookEntry,
    before_list,
    deliveries,
    in_flow,
    uniquely_named,
)
from doorward.actions.model import Action, Await, Basis, RetryPolicy, Trigger
from doorward.config.secrets import Secret
from doorward.identities.events import IdentityEvent

EVENT_OF_FLOW = {
    "registration": "identity.created",
    "settings": "identity.updated",
    "verification": "address.verified",
    "login": "session.created",
    "recovery": "session.created",
}
EVENTS_OF_FLOW: Mapping[str, frozenset[str]] = {
    **{kind: frozenset({event}) for kind, event in EVENT_OF_FLOW.items()},
    "login": frozenset({"session.created", "session.raised"}),
    "verification": frozenset({"address.verified", "address.confirmed"}),
}
"""A sign-in that only renews or raises a session is one, too, and so is the proof of an address that was verified."""

FIRST_DELAYS = (timedelta(seconds=1), timedelta(seconds=2))
"""Kratos's own two retries, which the waiting request sees."""


@dataclass(frozen=True, slots=True)
class ConfiguredAction:
    """An entry of `actions:`: which events it listens to and the hook that answers."""

    name: str
    events: tuple[str, ...]
    entry: HookEntry


@dataclass(frozen=True, slots=True)
class ActionTable:
    """All configured actions and hook lists."""

    flows: Mapping[str, FlowHooks]
    configured: tuple[ConfiguredAction, ...]
    retry: RetryPolicy
    _by_path: Mapping[str, Action] = field(default_factory=dict)

    def in_flow_hooks(self, flow_kind: str, phase: str, method: str | None) -> tuple[HookEntry, ...]:
        """The hooks that run inside the request, in order, `session` last. `phase` is `before` or `after`."""
        hooks = self.flows.get(flow_kind)
        if hooks is None:
            return ()
        return before_list(hooks) if phase == "before" else in_flow(flow_kind, hooks, method)

    def actions_for(self, event: IdentityEvent) -> tuple[Action, ...]:
        """The actions that answer an event, in configuration order."""
        cause = event.cause
        found: list[Action] = []
        kind = cause.flow_kind or ""
        if kind in self.flows and event.kind in EVENTS_OF_FLOW.get(kind, ()):
            entries = deliveries(kind, self.flows[kind], cause.method)
            # Kratos runs no hook for somebody whom another hook has made inactive.
            is_muted = kind == "registration" and not event.identity.is_active
            found += [self._by_path[each.path] for each in entries if each.hook == HUBSPOT or not is_muted]
        found += [self._by_path[item.entry.path] for item in self.configured if str(event.kind) in item.events]
        return tuple(found)

    def find_action(self, name: str) -> Action | None:
        """By the name that delivery rows carry; None when the configuration no longer has it."""
        return next((action for action in self._by_path.values() if action.name == name), None)

    def list_actions(self) -> tuple[Action, ...]:
        return tuple(self._by_path.values())


def build_table(
    flows: Mapping[str, FlowHooks], configured: Sequence[ConfiguredAction], retry: RetryPolicy
) -> ActionTable:
    """Resolves names, triggers and retry of everything that can become a delivery."""
    by_path: dict[str, Action] = {}
    placed = [(kind, method, entry) for kind, hooks in flows.items() for method, entry in _placed(kind, hooks)]
    names = {entry.path: name for name, entry in uniquely_named([entry for _, _, entry in placed]).items()}
    for kind, method, entry in placed:
        trigger = Trigger(EVENT_OF_FLOW[kind], kind, method)
        by_path[entry.path] = make_action(names[entry.path], trigger, entry, retry)
    for item in configured:
        trigger = Trigger(item.events[0] if item.events else "")
        by_path[item.entry.path] = make_action(item.name, trigger, item.entry, retry)
    return ActionTable(dict(flows), tuple(configured), retry, by_path)


def make_action(name: str, trigger: Trigger, entry: HookEntry, retry: RetryPolicy) -> Action:
    """One action from its hook entry. The connector's own settings stay raw; its factory parses them."""
    config = entry.config
    awaited = (
        entry.hook != HUBSPOT
        and trigger.flow_kind in STORES_BEFORE_HOOKS
        and not entry.is_ignored
        and not entry.is_blocking
    )
    return Action(
        name=name,
        trigger=trigger,
        connector=entry.hook,
        destination=str(config.get("destination") or HUBSPOT) if entry.hook == HUBSPOT else _target(config),
        path=entry.path,
        settings=config,
        template=config.get("body"),
        consent=config.get("consent"),
        basis=_basis(config),
        when=str(config.get("when") or "registered"),
        awaits=Await.FIRST_ATTEMPTS if awaited else Await.NO,
        retry=retry,
        first_delays=FIRST_DELAYS if entry.hook != HUBSPOT else (),
    )


def _placed(kind: str, hooks: FlowHooks) -> list[tuple[str | None, HookEntry]]:
    globals_: list[tuple[str | None, HookEntry]] = [(None, entry) for entry in deliveries(kind, hooks, None)]
    own: list[tuple[str | None, HookEntry]] = [
        (method, entry)
        for method in hooks.after_method
        for entry in deliveries(kind, hooks, method)
        if entry not in hooks.after
    ]
    return globals_ + own


def _basis(config: Mapping[str, Any]) -> Basis | None:
    kind = config.get("basis")
    return Basis(str(kind), str(config.get("why") or "")) if kind else None


def _target(config: Mapping[str, Any]) -> str:
    """A web_hook's destination: the server that it calls and a digest of the whole address.

    Order and breaker belong to one address: a hook that fails must not hold back another on the same server. The path
    itself is not shown, since many a web_hook has its secret there.
    """
    given = config.get("url") or ""
    url = given.reveal() if isinstance(given, Secret) else str(given)
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"{parts.scheme}://{parts.hostname or ''}{port}#{digest}"
