"""The template context (`ctx`) of an event, as Kratos's web_hook gives it, captured once at commit."""

from collections.abc import Iterable, Mapping
from typing import Any

from doorward.actions.hooks import WEB_HOOK
from doorward.actions.model import Action
from doorward.clock import rfc3339
from doorward.identities.events import IdentityEvent
from doorward.identities.render import public_identity

KNOWS_SESSION = ("login", "settings")
"""Flows whose hooks see a session in Kratos."""

OURS = ("event", "previous_identity")
"""What Kratos's templates never see."""


OF_THE_CONNECTION = frozenset({"host", "transfer-encoding", "trailer"})
"""To Kratos they are no headers of a request, even if they are listed; the host is in `request_url`."""


def build_context(event: IdentityEvent, base_url: str) -> dict[str, Any]:
    """`identity`, what the cause knows (`flow`, `request_*`, `session`), and `event` with its kind, time and number.

    `session` and `identity` are absent, never null, where there is none.
    """
    context: dict[str, Any] = {
        **event.cause.context,
        "identity": public_identity(event.identity, base_url),
        "event": {
            "kind": str(event.kind),
            "at": rfc3339(event.at),
            "seq": event.seq,
            "source": event.cause.source,
        },
    }
    if event.previous is not None:
        context["previous_identity"] = public_identity(event.previous, base_url)
    return context


def seen_by(action: Action, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """What its template may see: a web_hook in a flow's list sees what Kratos shows it, and nothing of ours besides."""
    if action.connector != WEB_HOOK or action.trigger.flow_kind is None:
        return context
    hidden = OURS if action.trigger.flow_kind in KNOWS_SESSION else (*OURS, "session")
    return {name: value for name, value in context.items() if name not in hidden}


def allowed_headers(headers: Mapping[str, Iterable[str]], allowlist: Iterable[str]) -> dict[str, list[str]]:
    """Canonical name to values, only those that `clients.web_hook.header_allowlist` names."""
    allowed = {name.lower() for name in allowlist} - OF_THE_CONNECTION
    return {canonical(name): list(values) for name, values in headers.items() if name.lower() in allowed}


def canonical(name: str) -> str:
    """`user-agent` as `User-Agent`, as Go writes header names."""
    return "-".join(part.capitalize() for part in name.split("-"))
