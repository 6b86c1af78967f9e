"""Frozen data of one self-service run: the flow and the form that it shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from doorward.flows.messages import Message
from doorward.flows.query_string import first_of

CSRF_FIELD = "csrf_token"


class FlowKind(StrEnum):
    """What the person wants to do."""

    REGISTRATION = "registration"
    LOGIN = "login"
    SETTINGS = "settings"
    RECOVERY = "recovery"
    VERIFICATION = "verification"


class FlowType(StrEnum):
    """`browser` has cookies and redirects, `api` has tokens and JSON."""

    BROWSER = "browser"
    API = "api"


class FlowState(StrEnum):
    CHOOSE_METHOD = "choose_method"
    SHOW_FORM = "show_form"
    SENT_EMAIL = "sent_email"
    PASSED_CHALLENGE = "passed_challenge"
    SUCCESS = "success"
    AWAITING_ADDRESS = "recovery_awaiting_address"
    AWAITING_CHOICE = "recovery_awaiting_address_choice"
    CONFIRMING_ADDRESS = "recovery_confirming_address"
    AWAITING_CODE = "recovery_awaiting_code"


@dataclass(frozen=True, slots=True)
class Node:
    """One field or button. `attributes` hold what an HTML input would: name, type, value, required, …"""

    type: str
    group: str
    attributes: Mapping[str, Any] = field(repr=False)
    label: Message | None = None
    messages: tuple[Message, ...] = ()

    @property
    def name(self) -> str:
        return str(self.attributes.get("name") or self.attributes.get("id") or "")

    def with_attributes(self, **changes: Any) -> "Node":
        return replace(self, attributes={**self.attributes, **changes})


@dataclass(frozen=True, slots=True)
class Ui:
    """The form: where it is sent, its nodes in order, messages about the whole of it."""

    action: str
    nodes: tuple[Node, ...] = ()
    messages: tuple[Message, ...] = ()
    method: str = "POST"

    def find_node(self, name: str) -> Node | None:
        return next((node for node in self.nodes if node.name == name), None)


@dataclass(frozen=True, slots=True)
class Flow:
    """One run. `extra` is shown to clients as it is, `internal` to nobody.

    `beside` is shown with it, but never stored with it: the person, and what is only said once. `secret_nodes` are
    shown to the client, and to nobody else, in the place of the form's nodes of these names; they are stored sealed.
    """

    id: UUID
    kind: FlowKind
    type: FlowType
    state: FlowState
    request_url: str
    ui: Ui
    csrf_token: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    active: str | None = None
    identity_id: UUID | None = None
    schema_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    internal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    updated_at: datetime | None = None
    beside: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secret_nodes: Mapping[str, Node] = field(default_factory=dict, repr=False)

    @property
    def return_to(self) -> str:
        """What the first request asked for; Kratos keeps it nowhere else either."""
        return query_value(self.request_url, "return_to")

    @property
    def language(self) -> str:
        return str(self.internal.get("language", ""))

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at <= now

    def with_ui(self, *, nodes: Iterable[Node] | None = None, messages: Iterable[Message] | None = None) -> "Flow":
        """The flow with other nodes or messages; what is None stays."""
        ui = replace(
            self.ui,
            nodes=self.ui.nodes if nodes is None else tuple(nodes),
            messages=self.ui.messages if messages is None else tuple(messages),
        )
        return replace(self, ui=ui)


def query_value(url: str, name: str) -> str:
    """The first value of a query parameter, "" where there is none."""
    return first_of(urlsplit(url).query).get(name, "")
