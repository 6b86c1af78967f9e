"""Hook lists as the configuration holds them, and Kratos's rules for which of them apply to a submit.

Pure: what a hook does is known to `hooks` and `connectors`; here only names and a few settings are read.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from doorward.config.hooks import NETWORK_ONLY, RUNS_AFTER
from doorward.config.secrets import Secret

WEB_HOOK = "web_hook"
HUBSPOT = "hubspot"
SESSION = "session"
VERIFICATION = "verification"
SHOW_VERIFICATION_UI = "show_verification_ui"
VERIFY_NEW_ADDRESS = "verify_new_address"

STORES_BEFORE_HOOKS = frozenset({"registration", "settings"})
"""Flows in which Kratos has stored the identity by the time that non-blocking hooks run."""


@dataclass(frozen=True, slots=True)
class HookEntry:
    """One entry of a hook list. `path` is where it stands, e.g. `selfservice.flows.registration.after.hooks[0]`."""

    hook: str
    config: Mapping[str, Any] = field(repr=False)
    path: str

    @property
    def is_blocking(self) -> bool:
        """A web_hook whose answer may veto or patch: it runs before anything is stored."""
        response = self.config.get("response") or {}
        return self.hook == WEB_HOOK and bool(self.config.get("can_interrupt") or response.get("parse"))

    @property
    def is_ignored(self) -> bool:
        """A web_hook whose answer nobody waits for."""
        response = self.config.get("response") or {}
        return self.hook == WEB_HOOK and bool(response.get("ignore"))


@dataclass(frozen=True, slots=True)
class FlowHooks:
    """The lists of one flow."""

    before: tuple[HookEntry, ...] = ()
    after: tuple[HookEntry, ...] = ()
    after_method: Mapping[str, tuple[HookEntry, ...]] = field(default_factory=dict)


def before_list(hooks: FlowHooks) -> tuple[HookEntry, ...]:
    """What runs when a flow is made: web_hooks only. Names that nobody knows stay, so that somebody complains."""
    return tuple(entry for entry in hooks.before if entry.hook == WEB_HOOK or not _is_known(entry))


def after_list(flow_kind: str, hooks: FlowHooks, method: str | None) -> tuple[HookEntry, ...]:
    """The method's list, or the global one where nothing in that is usable; never both (Kratos's override rule)."""
    own = hooks.after_method.get(method, ()) if method else ()
    return own if any(_is_usable(flow_kind, entry) for entry in own) else hooks.after


def in_flow(flow_kind: str, hooks: FlowHooks, method: str | None) -> tuple[HookEntry, ...]:
    """The after hooks that run inside the request: those that may still stop it, then the others; `session` is last.

    Where Kratos stores before it runs most hooks, those that may stop it come from the method's list only, whichever
    list counts for the others: a blocking web_hook in the global list never runs there. Plain web_hooks of those
    flows are deliveries.
    """
    chosen = tuple(entry for entry in after_list(flow_kind, hooks, method) if _runs_after(flow_kind, entry))
    if flow_kind in STORES_BEFORE_HOOKS:
        own = hooks.after_method.get(method, ()) if method else ()
        early = tuple(entry for entry in own if _may_stop(entry))
        kept = (*early, *(entry for entry in chosen if entry.hook not in (WEB_HOOK, SESSION, VERIFY_NEW_ADDRESS)))
    else:
        kept = tuple(entry for entry in chosen if entry.hook != SESSION and not entry.is_ignored)
        kept = _without_empty_shows(kept)
    return (*kept, *[entry for entry in chosen if entry.hook == SESSION][:1])


def _without_empty_shows(entries: tuple[HookEntry, ...]) -> tuple[HookEntry, ...]:
    """Without a `show_verification_ui` that has nothing to show: a sign-in has its verification from a hook in front.

    (Elsewhere the verification has begun before any hook.)
    """
    started = next((place for place, entry in enumerate(entries) if entry.hook == VERIFICATION), len(entries))
    return tuple(entry for place, entry in enumerate(entries) if entry.hook != SHOW_VERIFICATION_UI or place > started)


def deliveries(flow_kind: str, hooks: FlowHooks, method: str | None) -> tuple[HookEntry, ...]:
    """The after hooks that become rows of the outbox. `hubspot` fires in both lists, whichever of them counts."""
    chosen = after_list(flow_kind, hooks, method)
    own = hooks.after_method.get(method, ()) if method else ()
    always = [entry for entry in (*own, *hooks.after) if entry.hook == HUBSPOT and entry not in chosen]
    return (*(entry for entry in chosen if _is_delivery(flow_kind, entry)), *always)


def _is_known(entry: HookEntry) -> bool:
    return entry.hook in RUNS_AFTER or entry.hook in NETWORK_ONLY


def _runs_after(flow_kind: str, entry: HookEntry) -> bool:
    """Whether it does anything inside such a flow; what nobody knows stays, so that somebody complains."""
    if entry.hook == HUBSPOT or entry.hook in NETWORK_ONLY:
        return False
    return flow_kind in RUNS_AFTER.get(entry.hook, (flow_kind,))


def _is_usable(flow_kind: str, entry: HookEntry) -> bool:
    """Whether it makes its list the one that counts. `hubspot` and what only guards a change do not (as in Kratos)."""
    return _runs_after(flow_kind, entry) and entry.hook != VERIFY_NEW_ADDRESS


def _may_stop(entry: HookEntry) -> bool:
    return entry.is_blocking or entry.hook == VERIFY_NEW_ADDRESS


def _is_delivery(flow_kind: str, entry: HookEntry) -> bool:
    if entry.hook == HUBSPOT:
        return True
    if entry.hook != WEB_HOOK or entry.is_blocking:
        return False
    return entry.is_ignored or flow_kind in STORES_BEFORE_HOOKS


def uniquely_named(entries: Sequence[HookEntry]) -> dict[str, HookEntry]:
    """Name to entry: the config's own `name` or `id`, else one made of its list and its content.

    Delivery rows carry the name, so that it must not change when another hook is put in front of it.
    """
    names = [_own_name(entry) or _made_name(entry) for entry in entries]
    return {(name if names.count(name) == 1 else entry.path): entry for entry, name in zip(entries, names, strict=True)}


def _own_name(entry: HookEntry) -> str:
    return str(entry.config.get("name") or entry.config.get("id") or "")


def _made_name(entry: HookEntry) -> str:
    told = {key: value.reveal() if isinstance(value, Secret) else value for key, value in entry.config.items()}
    told = {key: told[key] for key in ("url", "method", "destination", "consent") if key in told}
    digest = hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:8]
    place = entry.path.partition("selfservice.flows.")[2] or entry.path
    return f"{place.rpartition('.hooks.')[0] or place}.{entry.hook}#{digest}"
